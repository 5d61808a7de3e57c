import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfig } from '../../server/platform/config/config.ts';
import { hashLimits } from '../../server/platform/crypto/passwords.ts';
import { limiterKeyOf } from '../../server/platform/limiterKey.ts';
import type { Command } from '../../server/processes/cluster/messages.ts';
import { createRestartPolicy } from '../../server/processes/cluster/restarts.ts';
import { createRemoteLimits, createSharedLimits } from '../../server/processes/cluster/sharedLimits.ts';
import { configOfApiProcess, configOfPrimary } from '../../server/processes/cluster/shares.ts';

const divided = ['apiMaxInFlight', 'maxChatCompletions', 'maxUnfinishedRequests', 'maxUnfinishedRequestsPerAddress'] as const;

test('the shares of all processes add up to the configured limits, and nobody is left without', () => {
  const counts = fc.record({
    role: fc.constantFrom('api' as const, 'all' as const),
    count: fc.integer({ min: 2, max: 16 }),
    max: fc.integer({ min: 17, max: 100 }),
    min: fc.integer({ min: 0, max: 17 }),
    limit: fc.integer({ min: 16, max: 2_000 }),
  });
  fc.assert(
    fc.property(counts, ({ role, count, max, min, limit }) => {
      const config = readConfig(
        {
          ARKLOOP_API_PROCESSES: `${count}`,
          ARKLOOP_API_DB_POOL_MAX_CONNS: `${max}`,
          ARKLOOP_API_DB_POOL_MIN_CONNS: `${min}`,
          ARKLOOP_API_MAX_IN_FLIGHT: `${limit}`,
        },
        role,
      );
      const primary = configOfPrimary(config, role);
      const processes = Array.from({ length: count }, (_, at) => configOfApiProcess(config, role, at + 1));
      const sum = (name: (typeof divided)[number] | 'apiDbPoolMaxConns' | 'apiDbPoolMinConns') =>
        processes.reduce((total, each) => total + each[name], 0);
      for (const name of divided) expect(sum(name)).toBe(config[name]);
      expect(sum('apiDbPoolMaxConns') + primary.apiDbPoolMaxConns).toBe(max);
      expect(sum('apiDbPoolMinConns') + primary.apiDbPoolMinConns).toBeLessThanOrEqual(min);
      for (const each of [primary, ...processes]) {
        expect(each.apiDbPoolMaxConns).toBeGreaterThan(0);
        expect(each.apiDbPoolMinConns).toBeLessThanOrEqual(each.apiDbPoolMaxConns);
      }
    }),
  );
});

test('no limit stays no limit, and other roles do not care for the number of processes', () => {
  const config = readConfig({ ARKLOOP_API_PROCESSES: '2', ARKLOOP_API_MAX_IN_FLIGHT: '0' }, 'api');
  expect(configOfApiProcess(config, 'api', 2).apiMaxInFlight).toBe(0);
  const tight = { ARKLOOP_API_PROCESSES: '9', ARKLOOP_API_MAX_IN_FLIGHT: '2' };
  expect(readConfig(tight, 'gateway').apiProcesses).toBe(9);
  expect(() => readConfig(tight, 'all')).toThrow('ARKLOOP_API_MAX_IN_FLIGHT: must be 0 or at least ARKLOOP_API_PROCESSES');
});

test('processes are replaced with growing delays, until five in a row have not served for long', () => {
  const restarts = createRestartPolicy();
  expect([restarts.ended(20_000), restarts.ended(1), restarts.ended(0), restarts.ended(0)]).toEqual([0, 0, 250, 500]);
  restarts.served();
  expect([0, 1, 2, 3, 4].map(() => restarts.ended(9_000))).toEqual([0, 250, 500, 1_000, undefined]);
});

/** API processes that exchange messages with the limits of one primary process. */
function connectProcesses(maxStreamsPerUser = 1) {
  const limits = createSharedLimits({ maxStreamsPerUser });
  return Array.from({ length: 2 }, () => {
    const owner = {
      send(command: Command) {
        if (command.type === 'slot') queueMicrotask(() => remote.onSlot(command));
        return true;
      },
    };
    const remote = createRemoteLimits((report) => {
      if (report.type === 'acquire') limits.acquire(owner, report);
      if (report.type === 'release') limits.release(owner, report);
    });
    return { ...remote, die: () => limits.releaseAll(owner) };
  }) as [Remote, Remote];
}
type Remote = ReturnType<typeof createRemoteLimits> & { die(): void };

test('a user has the configured number of streams over all processes', async () => {
  const [one, two] = connectProcesses();
  const bucket = limiterKeyOf('streams', 'somebody' as never);
  const leave = await one.streams.acquire(bucket);
  expect(await two.streams.acquire(bucket)).toBeUndefined();
  leave!();
  leave!();
  expect(await two.streams.acquire(bucket)).toBeTypeOf('function');
  expect(await one.streams.acquire(bucket)).toBeUndefined();
  two.die();
  expect(await one.streams.acquire(bucket)).toBeTypeOf('function');
});

test('hashes take turns over all processes, and a process that dies passes on its turns and its places', async () => {
  const [one, two] = connectProcesses();
  const capacity = hashLimits.most + hashLimits.maxWaiting;
  const turns = Array.from({ length: capacity }, () => one.hashes.take());
  await Promise.all(turns.slice(0, hashLimits.most));
  expect(await two.hashes.take()).toBeUndefined();
  (await turns[0])!();
  await turns[hashLimits.most];
  const waiting = two.hashes.take();
  expect(await Promise.race([waiting, setImmediate('waits')])).toBe('waits');
  one.die();
  expect(await waiting).toBeTypeOf('function');
});
