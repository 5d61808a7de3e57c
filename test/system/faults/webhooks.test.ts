import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { deliveriesOf, queueMessages, receiverOfTest, registerEndpoint } from '../../support/resources/receiver.ts';

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
  return { person, receiver, endpoint, ids, list: (query?: string) => deliveriesOf(app, person, endpoint.id, query) };
}
/** Claims expire 20 s after the death of their worker. Call while no worker is alive. */
const expireClaims = () => app.sql('update webhook_deliveries set claimed_until = now() where claim_id is not null');
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
  // An error that may pass: after any other one the run would end as failed as soon as that can be stored.
  await app.sql(`
    create function refuse() returns trigger language plpgsql as $$ begin raise disk_full; end $$;
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
    await expireClaims();
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

test('a replay whose workers are killed repeatedly sends every message once more, in new deliveries that do not repeat', async () => {
  const { person, receiver, endpoint, ids, list } = await registerReceiver();
  const count = 700;
  await queueMessages(app, person, endpoint.id, count);
  await app.sql(
    `update webhook_deliveries set status = 'failed', attempts = 5, error = 'timeout', next_attempt_at = null, created_at = now() - interval '1 hour'
     where endpoint_id = $1`,
    [endpoint.id],
  );
  const path = `/v1/webhook-endpoints/${endpoint.id}/replay`;
  const { token } = person;
  const since = new Date(Date.now() - 86_400_000).toISOString();
  const started = await app.call('POST', path, { token, body: { since, only_failed: true } });
  expect(started.body).toMatchObject({ total: count, queued: 0, status: 'running' });
  const replay = async () => (await app.call('GET', path, { token })).body;
  // Slow enough that workers are killed between batches, within them, and while they send.
  receiver.always((res) => void setTimeout(() => res.writeHead(204).end(), 5));
  let queued = 0;
  for (let round = 0; round < 4 && (await replay()).status === 'running'; round++) {
    const workers = await Promise.all([startWorkerProcess(webhooksOnly), startWorkerProcess(webhooksOnly)]);
    const last = queued;
    queued = await eventually(async () => {
      const { status, queued: now } = await replay();
      return (now > last || status !== 'running') && now;
    }, 'progress of the replay');
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exited }) => exited));
    await expireClaims();
  }
  expect(queued).toBeGreaterThan(0);
  await startWorkerProcess(webhooksOnly);
  await eventually(async () => (await replay()).status === 'completed', 'the end of the replay');
  expect(await replay()).toMatchObject({ total: count, queued: count });
  await eventually(async () => (await list('status=pending&limit=1')).length === 0, 'all deliveries');
  const rows = await app.sql(
    `select count(*)::int as n, count(distinct message_id)::int as messages, count(distinct redelivery_of)::int as originals, bool_and(status = 'delivered') as sent
     from webhook_deliveries where endpoint_id = $1 and redelivery_of is not null`,
    [endpoint.id],
  );
  expect(rows).toEqual([{ n: count, messages: count, originals: count, sent: true }]);
  // What was being sent when a worker was killed may arrive twice.
  expect(new Set(ids()).size).toBe(count);
});
