import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createPeriodicTasks } from '../../../server/platform/periodicTasks.ts';
import type { Log } from '../../../server/platform/telemetry/log.ts';

const logged = () => {
  const warn = vi.fn();
  return { warn, log: { warn } as unknown as Log };
};

test('the end waits for tasks in progress, and no other begins', async () => {
  const { warn, log } = logged();
  const periodic = createPeriodicTasks(log);
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  let isStopping = false;
  const task = async (stopping: AbortSignal) => {
    calls++;
    await gate.promise;
    isStopping = stopping.aborted;
  };
  periodic.every(1, task, 'the task failed');
  periodic.once(task, 'the task failed');
  await sleep(20);
  expect(calls).toBe(1);
  const ended = vi.fn();
  const stopped = periodic.stop().then(ended);
  await sleep(20);
  expect(ended).not.toHaveBeenCalled();
  gate.resolve();
  await stopped;
  periodic.once(task, 'the task failed');
  await sleep(20);
  expect([calls, isStopping, warn.mock.calls]).toEqual([1, true, []]);
});

test('a task that fails is reported and called again', async () => {
  const { warn, log } = logged();
  const periodic = createPeriodicTasks(log);
  const err = new Error('the database is down');
  periodic.every(1, () => Promise.reject(err), 'the task failed');
  await expect.poll(() => warn.mock.calls.length).toBeGreaterThan(2);
  await periodic.stop();
  expect(warn.mock.calls[0]).toEqual([{ err }, 'the task failed']);
});
