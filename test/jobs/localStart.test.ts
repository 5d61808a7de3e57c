import { expect, test } from 'vitest';
import { createJobLimiter } from '../../server/runs/lease/jobLimiter.ts';
import { createLocalStarter } from '../../server/runs/lease/localStarter.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants } from '../support/checks/invariants.ts';
import { readAll, types } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const jobsOf = (app: Awaited<ReturnType<typeof startTestApp>>) =>
  app.sql(`select key from graphile_worker.jobs where task_identifier = 'run.execute'`);

test('a run is started by the worker of the same process, without a job', async () => {
  // No worker looks at the queue during the test.
  const app = await startTestApp({ ARKLOOP_WORKER_POLL_SECONDS: '3600' });
  const bob = await app.signUp();
  const runIds = [];
  for (let n = 0; n < 6; n++) runIds.push(await startRun(app, bob, await openThread(app, bob)));
  for (const runId of runIds) {
    await readAll(app.url, runId, bob.token);
    const events = await expectRunInvariants(app, runId, bob.token);
    expect(types(events).slice(0, 2)).toEqual(['run.started', 'worker.job.received']);
    expect(events[1]?.data).toMatchObject({ job_id: expect.stringMatching(/^[\da-f-]{36}$/), job_type: 'run.execute', attempt: 1 });
  }
  expect(await jobsOf(app)).toEqual([]);
});

test('a run that its process does not start is queued when a lease would have expired', async () => {
  const app = await startTestApp({ ARKLOOP_WORKER_LEASE_SECONDS: '1', ARKLOOP_WORKER_HEARTBEAT_SECONDS: '0.5' });
  const bob = await app.signUp();
  const threadId = await openThread(app, bob);
  const lost: string[] = [];
  app.localRuns!.starter = { canStart: () => true, start: (run) => void lost.push(run.id) };
  const runId = await startRun(app, bob, threadId);
  expect(await jobsOf(app)).toEqual([]);
  await readAll(app.url, runId, bob.token);
  await expectRunInvariants(app, runId, bob.token);
  expect(lost).toEqual([runId]);
  await expect.poll(() => jobsOf(app)).toEqual([]);
});

const limits = { workerScaleUpThreshold: 3, workerScaleDownThreshold: 1, workerScaleCooldownSecs: 30 };
const local = (id: string, accountId = 'a') => ({ id, account_id: accountId, trace_id: 't', payload: {} });

/** `hasQueued` gives the result of each look at the queue. Undefined for none. */
function starterWith(waitMs: number, hasQueued: () => boolean | undefined = () => false) {
  const slots = createJobLimiter({ workerConcurrency: 1, workerMinConcurrency: 1, workerMaxConcurrency: 1, ...limits });
  const started: string[] = [];
  const queued: string[] = [];
  const errors: unknown[] = [];
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  const starter = createLocalStarter({
    slots,
    waitMs,
    lookAtQueue() {
      const isFound = hasQueued();
      if (isFound !== undefined) starter.looked(isFound);
    },
    execute({ id }) {
      started.push(id);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ends.push({ resolve, reject });
      return promise;
    },
    enqueue: async ({ id }) => void queued.push(id),
    onError: (error) => void errors.push(error),
  });
  return { starter, started, queued, ends, errors };
}

test('runs wait for a slot in order, also after one that fails, and a stop waits for those that were started and queues the others', async () => {
  const { starter, started, queued, ends, errors } = starterWith(60_000);
  for (const runId of ['a', 'b', 'c']) starter.start(local(runId));
  expect(started).toEqual(['a']);
  ends[0]!.reject(new Error('no database'));
  await expect.poll(() => started).toEqual(['a', 'b']);
  let isStopped = false;
  const stopping = starter.stop().then(() => {
    isStopped = true;
  });
  expect(starter.canStart()).toBe(false);
  await Promise.resolve();
  expect(isStopped).toBe(false);
  ends[1]!.resolve();
  await stopping;
  starter.start(local('d'));
  expect(started).toEqual(['a', 'b']);
  expect(errors).toEqual([new Error('no database')]);
  // Of a run whose start has failed, nothing is known.
  expect(queued).toEqual(['a', 'c', 'd']);
});

test('runs that wait for a slot are started in turn by account', async () => {
  const { starter, started, ends } = starterWith(60_000);
  for (const runId of ['a1', 'a2', 'a3', 'a4']) starter.start(local(runId, 'a'));
  for (const runId of ['b1', 'b2']) starter.start(local(runId, 'b'));
  for (let n = 1; n < 6; n++) {
    ends[n - 1]!.resolve();
    await expect.poll(() => started.length).toBe(n + 1);
  }
  expect(started).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
});

test('while all slots are taken, one run of an account without a run in a slot is started, and others wait', async () => {
  const { starter, started, ends } = starterWith(60_000);
  for (const runId of ['a1', 'a2']) starter.start(local(runId, 'a'));
  for (const runId of ['b1', 'b2']) starter.start(local(runId, 'b'));
  starter.start(local('c1', 'c'));
  expect(started).toEqual(['a1', 'b1']);
  // Its spare slot is free again.
  ends[1]!.resolve();
  await expect.poll(() => started).toEqual(['a1', 'b1', 'b2']);
  ends[2]!.resolve();
  await expect.poll(() => started).toEqual(['a1', 'b1', 'b2', 'c1']);
});

test('a run that has waited for long is queued, and its slot goes to the next', async () => {
  const { starter, started, queued, ends } = starterWith(20);
  for (const runId of ['a', 'b']) starter.start(local(runId));
  await expect.poll(() => queued).toEqual(['b']);
  starter.start(local('c'));
  ends[0]!.resolve();
  await expect.poll(() => started.concat(queued.slice(1))).toEqual(['a', 'c']);
});

test('a run of the queue goes first when a slot becomes free, and the others follow when no more are found', async () => {
  const looks = [true, false];
  const { starter, started, ends } = starterWith(60_000, () => looks.shift());
  for (const runId of ['a', 'b']) starter.start(local(runId));
  ends[0]!.resolve();
  await expect.poll(() => looks).toEqual([false]);
  expect(started).toEqual(['a']);
  // The run of the queue has ended.
  starter.startNext();
  expect([started, looks]).toEqual([['a', 'b'], []]);
});

test('without the result of a look, runs are started nevertheless', async () => {
  const { starter, started, ends } = starterWith(60_000, () => undefined);
  for (const runId of ['a', 'b']) starter.start(local(runId));
  ends[0]!.resolve();
  await expect.poll(() => started).toEqual(['a', 'b']);
});

test('a run of the queue does not wait until no others are started without it', async () => {
  const one = { ARKLOOP_WORKER_CONCURRENCY: '1', ARKLOOP_WORKER_MIN_CONCURRENCY: '1', ARKLOOP_WORKER_MAX_CONCURRENCY: '1' };
  const app = await startTestApp({ ...one, ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.02' });
  const [alice, bob] = [await app.signUp(), await app.signUp()];
  await app.sql('update credit_balances set balance = 1000000');
  const { localRuns } = app;
  const { starter } = localRuns!;
  let [others, isDone] = [0, false];
  const busy = [1, 2, 3].map(async () => {
    const threadId = await openThread(app, alice);
    for (; !isDone && others < 60; others++) await readAll(app.url, await startRun(app, alice, threadId), alice.token);
  });
  await expect.poll(() => others).toBeGreaterThan(0);
  localRuns!.starter = undefined;
  const runId = await startRun(app, bob, await openThread(app, bob));
  localRuns!.starter = starter;
  const before = others;
  await readAll(app.url, runId, bob.token);
  isDone = true;
  const during = others - before;
  await Promise.all(busy);
  expect(during).toBeLessThan(30);
});

test('only a limited number of runs waits for a slot', () => {
  const { starter } = starterWith(60_000);
  let count = 0;
  while (starter.canStart()) starter.start(local(`${++count}`));
  expect(count).toBe(101);
});
