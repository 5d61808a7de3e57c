import { expect, test } from 'vitest';
import { createJobLimiter } from '../../../server/runs/lease/jobLimiter.ts';

function limiterWithTwoSlots() {
  const limiter = createJobLimiter({
    workerConcurrency: 2,
    workerMinConcurrency: 2,
    workerMaxConcurrency: 3,
    workerScaleUpThreshold: 1,
    workerScaleDownThreshold: 0,
    workerScaleCooldownSecs: 0,
  });
  /** Starts a job. Returns its slot, and a function that ends it. */
  function start(accountId?: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let slot!: Parameters<Parameters<typeof limiter.run>[1]>[0];
    const run = limiter.run(accountId, (given) => {
      slot = given;
      return promise;
    });
    const end = async () => {
      resolve();
      await run;
    };
    return { slot, end };
  }
  const have = (...accounts: string[]) => accounts.map((account) => limiter.hasSlot(account));
  return { limiter, start, have };
}

test('while all slots are taken, the spare one is for an account without a job in a slot, and for one job only', async () => {
  const { limiter, start, have } = limiterWithTwoSlots();
  start('alice');
  expect(have('alice', 'bob')).toEqual([true, true]);
  start('alice');
  expect([limiter.isFull(), limiter.hasSlot(), ...have('alice', 'bob')]).toEqual([true, true, false, true]);
  const bobs = start('bob');
  expect([limiter.hasSlot(), ...have('alice', 'bob', 'carol')]).toEqual([false, false, false, false]);
  expect(limiter.busyAccounts()).toEqual(['alice', 'bob']);
  await bobs.end();
  expect([...have('alice', 'bob'), limiter.busyAccounts()]).toEqual([false, true, ['alice']]);
});

test('a job beyond the limit of an account that has others does not take the spare slot', () => {
  const { start, have } = limiterWithTwoSlots();
  for (let n = 0; n < 3; n++) start('alice');
  expect(have('alice', 'bob')).toEqual([false, true]);
});

test('the spare slot is free again when its job waits, another one ends or the limit rises', async () => {
  const waits = limiterWithTwoSlots();
  for (let n = 0; n < 2; n++) waits.start('alice');
  const bobs = waits.start('bob');
  bobs.slot.release();
  expect(waits.have('carol')).toEqual([true]);
  bobs.slot.retake();
  expect(waits.have('alice', 'carol')).toEqual([false, true]);

  const ends = limiterWithTwoSlots();
  const alices = [ends.start('alice'), ends.start('alice')];
  ends.start('bob');
  await alices[0]!.end();
  expect([ends.limiter.isFull(), ...ends.have('bob', 'carol')]).toEqual([true, false, true]);

  const rises = limiterWithTwoSlots();
  for (let n = 0; n < 2; n++) rises.start('alice');
  rises.start('bob');
  expect(rises.limiter.adjustLimit(1)).toBe(3);
  expect([rises.limiter.isFull(), ...rises.have('bob', 'carol')]).toEqual([true, false, true]);
});

test('a job whose account is not known takes no spare slot', () => {
  const { start, have } = limiterWithTwoSlots();
  for (let n = 0; n < 3; n++) start();
  expect(have('alice')).toEqual([true]);
});
