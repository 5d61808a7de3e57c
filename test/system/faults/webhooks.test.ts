import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { deliveriesOf, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const env = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl, ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0' };
const startWorkerProcess = (more: Record<string, string> = {}) => startProcess('worker', { ...env, ...more });
const runsOnly = { ARKLOOP_WORKER_QUEUE_JOB_TYPES: 'run.execute' };
const webhooksOnly = { ARKLOOP_WORKER_QUEUE_JOB_TYPES: 'webhook.deliver' };

async function registerReceiver() {
  const person = await app.signUp();
  const receiver = await receiverOfTest();
  const endpoint = await registerEndpoint(app, person, receiver.url);
  const ids = () => receiver.received.map(({ headers }) => headers['webhook-id'] as string);
  return { person, receiver, endpoint, ids, list: () => deliveriesOf(app, person, endpoint.id) };
}
const runIn = async (person: Person) => startRun(app, person, await openThread(app, person));
const statusOf = async (runId: string): Promise<string> => (await app.sql('select status from runs where id = $1', [runId]))[0].status;
const ended = (runId: string, ms?: number) => eventually(async () => (await statusOf(runId)) === 'completed', 'the end of the run', ms);

test('a webhook survives a worker killed between the commit and the request, and the next worker sends it once', async () => {
  const { person, receiver, ids, list } = await registerReceiver();
  const first = await startWorkerProcess(runsOnly);
  const runId = await runIn(person);
  await ended(runId);
  first.kill('SIGKILL');
  await first.exited;
  expect(receiver.received).toHaveLength(0);
  expect(await list()).toMatchObject([{ message_id: `msg_${runId}`, status: 'pending', attempts: 0 }]);
  await startWorkerProcess(webhooksOnly);
  await eventually(async () => (await list())[0].status === 'delivered', 'the delivery');
  await sleep(500);
  expect(ids()).toEqual([`msg_${runId}`]);
});

test('a worker killed while it waits for the receiver is replaced, and the same message is sent again', async () => {
  const { person, receiver, ids, list } = await registerReceiver();
  receiver.answers(() => {});
  const first = await startWorkerProcess();
  const runId = await runIn(person);
  await eventually(async () => receiver.received.length === 1, 'the first request');
  first.kill('SIGKILL');
  await first.exited;
  await startWorkerProcess();
  await eventually(async () => (await list())[0].status === 'delivered', 'the delivery');
  expect(ids()).toEqual([`msg_${runId}`, `msg_${runId}`]);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  expect(await list()).toMatchObject([{ attempts: 1 }]);
});

test('a run does not end while its webhook delivery cannot be inserted', async () => {
  const { person, ids, list } = await registerReceiver();
  await app.sql(`
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
    create trigger refuse before insert on webhook_deliveries for each row execute function refuse()`);
  await startWorkerProcess();
  const runId = await runIn(person);
  await eventually(async () => (await app.sql('select attempt from runs where id = $1', [runId]))[0].attempt > 0, 'the first attempt');
  await sleep(1_000);
  expect(['running', 'waiting_for_input']).toContain(await statusOf(runId));
  expect(await app.sql(`select type from run_events where run_id = $1 and type in ('run.completed', 'run.failed')`, [runId])).toEqual([]);
  await app.sql('drop trigger refuse on webhook_deliveries');
  await ended(runId);
  await eventually(async () => (await list())[0]?.status === 'delivered', 'the delivery');
  expect(ids()).toEqual([`msg_${runId}`]);
});

test('runs whose workers are killed repeatedly have exactly one delivery each', async () => {
  const [one, two] = [await registerReceiver(), await registerReceiver()];
  const runs: string[] = [];
  for (let round = 0; round < 3; round++) {
    const workers = await Promise.all([startWorkerProcess(), startWorkerProcess()]);
    runs.push(...(await Promise.all(Array.from({ length: 8 }, (_, at) => runIn(at % 2 ? one.person : two.person)))));
    await sleep(20 + Math.random() * 250);
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exited }) => exited));
  }
  await startWorkerProcess();
  for (const runId of runs) await ended(runId);
  for (const { list } of [one, two])
    await eventually(async () => (await list()).every(({ status }) => status === 'delivered'), 'all deliveries');
  const wanted = runs.map((id) => `msg_${id}`).sort();
  expect([...(await one.list()), ...(await two.list())].map(({ message_id: id }) => id).sort()).toEqual(wanted);
  // A receiver that ignores repeated ids sees every message once.
  expect([...new Set([...one.ids(), ...two.ids()])].sort()).toEqual(wanted);
});
