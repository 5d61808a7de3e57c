import { beforeAll, expect, test } from 'vitest';
import { fastWorkerEnv, startProcess, testKeysEnv, workerOfFile } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { addUsers, blockFanOutAt, broadcastCalls, broadcastState, countReceivers } from '../../support/resources/broadcasts.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp(fastWorkerEnv, { worker: false });
const { sql, signUp, promote } = app;
const chief = await signUp();
await promote(chief);
const { send, get, ended, inbox } = broadcastCalls(app, chief);
const workerEnv = { ...fastWorkerEnv, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };
const startWorkerProcess = () => startProcess('worker', workerEnv);

const crowd = 10_000;
/** A multiple of the batch size, so that the last batch is empty. */
beforeAll(async () => addUsers(sql, crowd - (await countReceivers(sql))));

const userAt = async (offset: number): Promise<string> =>
  (await sql(`select id from users where status = 'active' order by id offset $1 limit 1`, [offset]))[0].id;
const attemptsOf = async (id: string) =>
  (await sql('select attempts from graphile_worker.jobs where key = $1', [`broadcast:${id}`])).map(({ attempts }) => attempts);

test('a broadcast to ten thousand users survives killed workers and reaches every user once', async () => {
  const { id } = await send({ title: 'To ten thousand' });
  for (const [turn, offset] of [3_500, 7_200].entries()) {
    const block = await blockFanOutAt(app, id, await userAt(offset));
    const worker = await startWorkerProcess();
    await block.reached();
    worker.kill('SIGKILL');
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const sent = Math.floor(offset / 1_000) * 1_000;
    expect(await get(id)).toMatchObject({ status: 'sending', sent_count: sent });
    expect(await broadcastState(sql, id)).toMatchObject({ rows: sent, users: sent });
    expect(await attemptsOf(id)).toEqual([turn + 1]);
    await block.release();
  }
  const newcomer = await signUp();
  const last = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: crowd + 1 });
  expect(await broadcastState(sql, id)).toEqual({ status: 'completed', sent: crowd + 1, rows: crowd + 1, users: crowd + 1 });
  const missed = await sql(
    `select u.id from users u join credentials c on c.user_id = u.id where u.status = 'active' and not exists (select from notifications n where n.broadcast_id = $1 and n.user_id = u.id)`,
    [id],
  );
  expect(missed).toEqual([]);
  const strayed = await sql(
    `select n.id from notifications n join accounts a on a.id = n.account_id
     where n.broadcast_id = $1 and (a.type <> 'personal' or a.owner_user_id <> n.user_id)`,
    [id],
  );
  expect(strayed).toEqual([]);
  for (const person of [chief, newcomer]) expect((await inbox(person)).map(({ title }) => title)).toEqual(['To ten thousand']);
  last.kill('SIGTERM');
  expect(await last.exited).toEqual({ code: 0, signal: null });
  await sql(`update users set status = 'suspended' where id = $1`, [newcomer.id]);
});

test('a worker killed at any moment neither loses nor duplicates notifications', async () => {
  // The heir of one death is the next to be killed.
  const worker = workerOfFile(workerEnv);
  for (const delay of [0, 40, 110]) {
    const { id } = await send({ title: `After ${delay} ms` });
    await worker.start();
    await eventually(async () => (await broadcastState(sql, id)).sent > 0, 'the first batch');
    await new Promise((done) => setTimeout(done, delay));
    await worker.end();
    await worker.start();
    expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: crowd });
    expect(await broadcastState(sql, id)).toMatchObject({ rows: crowd, users: crowd });
  }
  await worker.end('SIGTERM');
});

test('a worker that shuts down hands over after its batch without using an attempt', async () => {
  const { id } = await send({ title: 'Handed over' });
  const block = await blockFanOutAt(app, id, await userAt(4_500));
  const worker = await startWorkerProcess();
  await block.reached();
  worker.kill('SIGTERM');
  await new Promise((done) => setTimeout(done, 300));
  await block.release();
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(await get(id)).toMatchObject({ status: 'sending', sent_count: 5_000 });
  expect(await attemptsOf(id)).toEqual([0]);
  const heir = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: crowd });
  expect(await broadcastState(sql, id)).toMatchObject({ rows: crowd, users: crowd });
  heir.kill('SIGTERM');
  await heir.exited;
});

test('a batch that takes longer than the lease of its live worker does not use another attempt', async () => {
  const { id } = await send({ title: 'Slow' });
  const block = await blockFanOutAt(app, id, await userAt(1_500));
  const worker = await startWorkerProcess();
  await block.reached();
  await new Promise((done) => setTimeout(done, 3 * 1_000 * Number(fastWorkerEnv.ARKLOOP_WORKER_LEASE_SECONDS)));
  expect(await attemptsOf(id)).toEqual([1]);
  await block.release();
  expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: crowd });
  worker.kill('SIGTERM');
  await worker.exited;
});

test('a frozen worker does not block another, and writes nothing when it resumes', async () => {
  const { id } = await send({ title: 'Thawed' });
  const block = await blockFanOutAt(app, id, await userAt(2_500));
  const frozen = await startWorkerProcess();
  await block.reached();
  frozen.kill('SIGSTOP');
  await block.release();
  const heir = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ status: 'completed', sent_count: crowd });
  await eventually(async () => (await attemptsOf(id)).length === 0, 'the end of the job');
  frozen.kill('SIGCONT');
  for (const worker of [frozen, heir]) {
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  }
  expect(await broadcastState(sql, id)).toEqual({ status: 'completed', sent: crowd, rows: crowd, users: crowd });
  expect(await attemptsOf(id)).toEqual([]);
});

test('a broadcast fails when its worker dies three times', async () => {
  const { id } = await send({ title: 'Thrice' });
  const block = await blockFanOutAt(app, id, await userAt(1_500));
  for (let death = 1; death <= 3; death++) {
    const worker = await startWorkerProcess();
    await eventually(
      async () => (await attemptsOf(id))[0] === death && (await broadcastState(sql, id)).sent === 1_000,
      `attempt ${death}`,
      20_000,
    );
    worker.kill('SIGKILL');
    await worker.exited;
  }
  await block.release();
  const heir = await startWorkerProcess();
  expect(await ended(id)).toMatchObject({ status: 'failed' });
  const { rows, users, sent } = await broadcastState(sql, id);
  expect([rows, users]).toEqual([sent, sent]);
  const { id: next } = await send({ title: 'Not held up' });
  expect(await ended(next)).toMatchObject({ status: 'completed', sent_count: crowd });
  heir.kill('SIGTERM');
  await heir.exited;
});
