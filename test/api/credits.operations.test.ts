import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../setup/conversation.ts';
import { creditCalls, expectSoundBalances, operationRows } from '../setup/creditOperations.ts';
import { addCrowd } from '../setup/crowd.ts';
import { quickWorker } from '../setup/process.ts';
import { reason } from '../setup/sessions.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(quickWorker);
const { call, sql, signUp, promote } = world;
const admin = await signUp();
const { bulk, reset, adjust, read, ended } = creditCalls(world, admin);
const crowd = 3_500;
beforeAll(async () => {
  await promote(admin);
  await addCrowd(sql, crowd);
});
const openAccounts = async (): Promise<number> => (await sql('select count(*)::int as n from accounts where deleted_at is null'))[0].n;

test('many accounts change in transactions of a thousand, with progress, one audit entry and one answer for one key', async () => {
  const total = await openAccounts();
  const key = { 'idempotency-key': randomUUID() };
  const answer = await bulk({ amount: 40, note: 'a gift' }, key);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ operation: 'bulk_adjust', amount: 40, note: 'a gift', state: 'running', completed_at: null });
  expect(answer.body).toMatchObject({ total, done: 1_000, affected: 1_000, failed: 0, created_by: admin.id });
  const again = await bulk({ amount: 40, note: 'a gift' }, key);
  expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([answer.text, 'true']);
  const { id } = answer.body;
  expect(await ended(id)).toMatchObject({
    id,
    state: 'completed',
    total,
    done: total,
    affected: total,
    failed: 0,
    completed_at: expect.any(String),
  });
  expect(await operationRows(world, id)).toEqual({ rows: total, accounts: total, sum: 40 * total, longest: 1_000 });
  await expectSoundBalances(world);
  expect(await sql(`select id, target_type, metadata from audit_logs where action = 'credits.bulk_adjust'`)).toEqual([
    {
      id,
      target_type: 'credits_batch',
      metadata: { operation: 'bulk_adjust', amount: 40, note: 'a gift', affected_count: 1_000, total_count: total, state: 'running' },
    },
  ]);
  expect((await bulk({ amount: 40, note: 'a gift' }, key)).text).toBe(answer.text);
  expect((await reset({})).body).toMatchObject({ operation: 'reset_all', amount: null, total });
  const [{ id: resetId }] = await sql(`select id from credit_operations where operation = 'reset_all'`);
  expect(await ended(resetId)).toMatchObject({ state: 'completed', affected: total });
  expect(await sql('select sum(balance)::int as left from credit_balances')).toEqual([{ left: 0 }]);
  await expectSoundBalances(world);
}, 60_000);

test('adjustments of single accounts at the same time are neither lost nor in the way; accounts that come later are left alone', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => signUp()));
  const { body } = await bulk({ amount: 300 });
  expect(body.state).toBe('running');
  const newcomer = await signUp();
  const changes = people.flatMap((person) => [70, -20, 5].map((amount) => adjust(person.accountId, amount)));
  expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(changes.map(() => 200));
  await ended(body.id);
  for (const { accountId } of people)
    expect(await sql('select balance from credit_balances where account_id = $1', [accountId])).toEqual([{ balance: 1_355 }]);
  expect(await sql('select balance from credit_balances where account_id = $1', [newcomer.accountId])).toEqual([{ balance: 1_000 }]);
  expect(await operationRows(world, body.id)).toMatchObject({ rows: body.total, accounts: body.total });
  await expectSoundBalances(world);
}, 60_000);

test('of two operations at once the second is refused until the first has ended, and an account that is full by then is left as it is', async () => {
  const [{ account_id: last, balance }] = await sql('select account_id, balance from credit_balances order by account_id desc limit 1');
  const client = await world.database.pool.connect();
  await client.query('begin');
  await client.query(
    `insert into credit_transactions (account_id, id, type, amount, reference_type) values ($1, gen_random_uuid(), 'credit', $2, 'admin_adjust')`,
    [last, Number.MAX_SAFE_INTEGER - balance],
  );
  await client.query('update credit_balances set balance = $2 where account_id = $1', [last, Number.MAX_SAFE_INTEGER]);
  const { body } = await bulk({ amount: 10 });
  const refused = await reset({});
  expect([reason(refused), refused.body.details.operation_id]).toEqual([[409, 'credit_operation_running'], body.id]);
  await eventually(async () => (await read(body.id)).body.done >= 3_000, 'all batches but the last');
  expect((await read(body.id)).body.state).toBe('running');
  await client.query('commit');
  client.release();
  expect(await ended(body.id)).toMatchObject({ total: body.total, done: body.total, affected: body.total - 1, failed: 1 });
  expect(reason(await bulk({ amount: 10 }))).toEqual([409, 'balance_overflow']);
  expect((await reset({})).status).toBe(200);
}, 60_000);

test('only admins of the platform read an operation, and only one that is there', async () => {
  const stranger = await signUp();
  const path = `/v1/admin/credits/operations/${randomUUID()}`;
  expect((await call('GET', path, { token: admin.token })).status).toBe(404);
  expect((await call('GET', path, { token: stranger.token })).status).toBe(403);
});
