import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunStatus } from '../../contract/runRequests.ts';
import { startHeartbeat, WorkerStopped } from '../../server/runs/lease/heartbeat.ts';
import { type Lease, LeaseLost } from '../../server/runs/lease/lease.ts';

const heartbeatSeconds = 5;
const leaseSeconds = 30;
const log = pino({ level: 'silent' });

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function beatWith(renew: () => Promise<RunStatus>) {
  const lease = { run: { id: 'a' }, renew, check: renew } as unknown as Lease;
  const deps = {
    config: { workerHeartbeatSeconds: heartbeatSeconds, workerLeaseSeconds: leaseSeconds },
    activeRuns: new Map<string, () => void>(),
    stopping: new AbortController().signal,
    log,
  };
  return startHeartbeat(deps, lease);
}

/** Lets a beat end that has its answer. */
const elapse = async (seconds: number) => {
  for (let passed = 0; passed < seconds; passed += heartbeatSeconds) {
    vi.advanceTimersByTime(heartbeatSeconds * 1_000);
    await sleep(0);
  }
};

test('a run stops when a renewal has had no answer for longer than the lease lasts, and not before', async () => {
  let answers = 3;
  const renewals: number[] = [];
  const heartbeat = beatWith(() => {
    renewals.push(performance.now());
    return answers-- > 0 ? Promise.resolve('running') : new Promise(() => {});
  });
  await elapse(3 * heartbeatSeconds + leaseSeconds);
  expect(heartbeat.signal.aborted).toBe(false);
  // The one without an answer is not repeated.
  expect(renewals).toHaveLength(4);
  await elapse(heartbeatSeconds);
  expect(heartbeat.signal.reason).toBeInstanceOf(LeaseLost);
  heartbeat.stop();
});

test('a run stops when three renewals in a row failed; one that succeeds between them starts the count again', async () => {
  const results = [false, false, true, false, false, false];
  const heartbeat = beatWith(() => (results.shift() ? Promise.resolve('running') : Promise.reject(new Error('no connection'))));
  await elapse(5 * heartbeatSeconds);
  expect(heartbeat.signal.aborted).toBe(false);
  await elapse(heartbeatSeconds);
  expect(heartbeat.signal.reason).toBeInstanceOf(WorkerStopped);
  heartbeat.stop();
});
