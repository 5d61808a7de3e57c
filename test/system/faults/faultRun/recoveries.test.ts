import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { findingsOfRecoveries } from '../../../faults/finalChecks.ts';
import { planEach, planFaults } from '../../../faults/plan.ts';
import { measureRecovery, type Recovery, tableOf } from '../../../faults/probe.ts';

test('each kind of fault comes alone once', () => {
  expect(new Set(planEach(7).map(({ kind }) => kind))).toEqual(new Set(planFaults(7, 600).map(({ kind }) => kind)));
  expect(planEach(7, ['pool.lock'])).toEqual([{ kind: 'pool.lock', ms: 20_000 }]);
});

/** An installation that serves, and answers `/readyz` with 200, unless the fault is on. */
async function breakable() {
  let isBroken = false;
  const server = createServer((_, res) => void res.writeHead(isBroken ? 503 : 200).end()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async break(ms: number) {
      isBroken = true;
      await sleep(ms);
    },
    mend() {
      isBroken = false;
    },
    probe: async () => (isBroken ? 'broken' : undefined),
  };
}

test('the recovery from a fault is measured from its end, and one that harmed others is found', async () => {
  const installation = await breakable();
  const inject = async () => {
    await installation.break(1_000);
    setTimeout(installation.mend, 700);
  };
  const measured = await measureRecovery(installation.url, { kind: 'pool.flood', ms: 1_000 }, inject, installation.probe, 20_000);
  expect(measured).toMatchObject({ fault: 'pool.flood 1000', isRecovered: true });
  expect(measured.failures.length).toBeGreaterThan(1);
  expect(measured.failures[0]).toContain('broken');
  expect(measured.notReady).toBeGreaterThan(1);
  expect(measured.recoveredSeconds).toBeGreaterThan(0.5);
  expect(measured.outageSeconds).toBeGreaterThan(1.4);
  expect(findingsOfRecoveries([measured])).toMatchObject([{ kind: 'recovery', subject: 'pool.flood 1000' }]);
});

test('an installation that does not serve again is found', async () => {
  const installation = await breakable();
  const inject = () => installation.break(100);
  const measured = await measureRecovery(installation.url, { kind: 'postgres.kill' }, inject, installation.probe, 1_000);
  expect(findingsOfRecoveries([measured])).toMatchObject([{ detail: 'conversations did not succeed again' }]);
  expect(tableOf([measured]).at(-1)).toMatch(/^postgres\.kill .* never$/);
});

test('a fault of one account may disturb others for ten seconds', () => {
  const disturbed: Recovery = {
    fault: 'pool.lock 20000',
    kind: 'pool.lock',
    lastedSeconds: 20,
    probes: 40,
    failures: ['late'],
    outageSeconds: 9,
    recoveredSeconds: 0,
    notReady: 0,
    isRecovered: true,
  };
  expect(findingsOfRecoveries([disturbed])).toEqual([]);
  expect(findingsOfRecoveries([{ ...disturbed, outageSeconds: 11 }])).toHaveLength(1);
});
