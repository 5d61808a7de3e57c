import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { addCrowd, blockAt, broadcastCalls, countReceivers, fanOutOf } from '../setup/crowd.ts';
import { quickWorker, sameKeys, startProcess } from '../setup/process.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(quickWorker, { worker: false });
const { sql, signUp, promote } = world;
const chief = await signUp();
await promote(chief);
const { send, get, ended, inbox } = broadcastCalls(world, chief);
const startWorkerProcess = () => startProcess('worker', { ...quickWorker, ...sameKeys, ARKLOOP_DATABASE_URL: world.databaseUrl });

const crowd = 10_000;
/** A multiple of the size of a batch: the last one finds nobody. */
beforeAll(async () => addCrowd(sql, crowd - (await countReceivers(sql))));

const userAt = async (offset: number): Promise<string> =>
  (await sql(`select id from users where status = 'active' order by id offset $1 limit 1`, [offset]))[0].id;
const attemptsOf = async (id: string) =>
  (await sql('select attempts from graphile_worker.jobs where key = $1', [`broadcast:${id}`])).map(({ attempts }) => attempts);

test('workers killed in the middle of ten thousand are replaced: everybody has it once', async () => {
  const { id } = await send({ title: 'To ten thousand' });
  for (const [turn, offset] of [3_500, 7_200].entries()) {
    const block = await blockAt(world, id, await userAt(offset));
    const worker = await startWorkerProcess();
    await block.reached();
    worker.kill('SIGKILL');
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const sent = Math.floor(offset / 1_000) * 1_000;
    expect(await get(id)).toMatchObject({ status: 'sending', sent_count: sent });
    expect(await fanOutOf(sql, id)).toMatchObject({ rows: sent, users: sent });
    expect(await attemptsOf(id)).toEqual([turn + 1]);
    await block.release();
  }
  const newcomer = await signUp();
  const last = await startWorkerProcess();
  expect(await ended(id, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd + 1 });
  expect(await fanOutOf(sql, id)).toEqual({ status: 'completed', sent: crowd + 1, rows: crowd + 1, users: crowd + 1 });
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
}, 90_000);

test('a worker killed at any moment loses and doubles nothing', async () => {
  for (const delay of [0, 40, 110]) {
    const { id } = await send({ title: `After ${delay} ms` });
    const worker = await startWorkerProcess();
    await eventually(async () => (await fanOutOf(sql, id)).sent > 0, 'the first batch');
    await new Promise((done) => setTimeout(done, delay));
    worker.kill('SIGKILL');
    await worker.exited;
    const heir = await startWorkerProcess();
    expect(await ended(id, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd });
    expect(await fanOutOf(sql, id)).toMatchObject({ rows: crowd, users: crowd });
    heir.kill('SIGTERM');
    await heir.exited;
  }
}, 90_000);

test('a worker that is asked to stop hands over after its batch, and no attempt is spent', async () => {
  const { id } = await send({ title: 'Handed over' });
  const block = await blockAt(world, id, await userAt(4_500));
  const worker = await startWorkerProcess();
  await block.reached();
  worker.kill('SIGTERM');
  await new Promise((done) => setTimeout(done, 300));
  await block.release();
  expect(await worker.exited).toEqual({ code: 0, signal: null });
  expect(await get(id)).toMatchObject({ status: 'sending', sent_count: 5_000 });
  expect(await attemptsOf(id)).toEqual([0]);
  const heir = await startWorkerProcess();
  expect(await ended(id, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd });
  expect(await fanOutOf(sql, id)).toMatchObject({ rows: crowd, users: crowd });
  heir.kill('SIGTERM');
  await heir.exited;
}, 60_000);

test('a batch that takes longer than the lease of its live worker costs no attempt', async () => {
  const { id } = await send({ title: 'Slow' });
  const block = await blockAt(world, id, await userAt(1_500));
  const worker = await startWorkerProcess();
  await block.reached();
  await new Promise((done) => setTimeout(done, 3 * 1_000 * Number(quickWorker.ARKLOOP_WORKER_LEASE_SECONDS)));
  expect(await attemptsOf(id)).toEqual([1]);
  await block.release();
  expect(await ended(id, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd });
  worker.kill('SIGTERM');
  await worker.exited;
}, 60_000);

test('a worker that was frozen holds nobody up, and adds nothing when it wakes', async () => {
  const { id } = await send({ title: 'Thawed' });
  const block = await blockAt(world, id, await userAt(2_500));
  const frozen = await startWorkerProcess();
  await block.reached();
  frozen.kill('SIGSTOP');
  await block.release();
  const heir = await startWorkerProcess();
  expect(await ended(id, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd });
  await eventually(async () => (await attemptsOf(id)).length === 0, 'the end of the job');
  frozen.kill('SIGCONT');
  for (const worker of [frozen, heir]) {
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  }
  expect(await fanOutOf(sql, id)).toEqual({ status: 'completed', sent: crowd, rows: crowd, users: crowd });
  expect(await attemptsOf(id)).toEqual([]);
}, 60_000);

test('one whose worker dies three times has failed', async () => {
  const { id } = await send({ title: 'Thrice' });
  const block = await blockAt(world, id, await userAt(1_500));
  for (let death = 1; death <= 3; death++) {
    const worker = await startWorkerProcess();
    await eventually(
      async () => (await attemptsOf(id))[0] === death && (await fanOutOf(sql, id)).sent === 1_000,
      `attempt ${death}`,
      20_000,
    );
    worker.kill('SIGKILL');
    await worker.exited;
  }
  await block.release();
  const heir = await startWorkerProcess();
  expect(await ended(id, 30_000)).toMatchObject({ status: 'failed' });
  const { rows, users, sent } = await fanOutOf(sql, id);
  expect([rows, users]).toEqual([sent, sent]);
  const { id: next } = await send({ title: 'Not held up' });
  expect(await ended(next, 30_000)).toMatchObject({ status: 'completed', sent_count: crowd });
  heir.kill('SIGTERM');
  await heir.exited;
}, 90_000);
