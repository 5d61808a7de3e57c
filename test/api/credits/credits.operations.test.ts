import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { creditCalls, expectConsistentBalances, operationRows } from '../../support/credits/creditOperations.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { addUsers } from '../../support/resources/broadcasts.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp(fastWorkerEnv);
const { call, sql, signUp, promote } = app;
const admin = await signUp();
const { bulk, reset, adjust, read, ended } = creditCalls(app, admin);
const accountCount = 3_500;
beforeAll(async () => {
  await promote(admin);
  await addUsers(sql, accountCount);
});
const openAccounts = async (): Promise<number> => (await sql('select count(*)::int as n from accounts where deleted_at is null'))[0].n;

test('a bulk operation runs in batches of 1,000 with progress, one audit entry and one result per idempotency key', async () => {
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
  expect(await operationRows(app, id)).toEqual({ rows: total, accounts: total, sum: 40 * total, longest: 1_000 });
  await expectConsistentBalances(app);
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
  await expectConsistentBalances(app);
});

test('concurrent adjustments are not lost, and accounts created later are not changed', async () => {
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
  expect(await operationRows(app, body.id)).toMatchObject({ rows: body.total, accounts: body.total });
  await expectConsistentBalances(app);
});

test('a second operation is rejected while the first runs, and an account at the maximum balance counts as failed', async () => {
  const [{ account_id: last, balance }] = await sql('select account_id, balance from credit_balances order by account_id desc limit 1');
  const client = await app.database.pool.connect();
  await client.query('begin');
  await client.query(
    `insert into credit_transactions (account_id, id, type, amount, reference_type) values ($1, gen_random_uuid(), 'credit', $2, 'admin_adjust')`,
    [last, Number.MAX_SAFE_INTEGER - balance],
  );
  await client.query('update credit_balances set balance = $2 where account_id = $1', [last, Number.MAX_SAFE_INTEGER]);
  const { body } = await bulk({ amount: 10 });
  const refused = await reset({});
  expect([statusAndReason(refused), refused.body.details.operation_id]).toEqual([[409, 'credit_operation_running'], body.id]);
  await eventually(async () => (await read(body.id)).body.done >= 3_000, 'all batches but the last');
  expect((await read(body.id)).body.state).toBe('running');
  await client.query('commit');
  client.release();
  expect(await ended(body.id)).toMatchObject({ total: body.total, done: body.total, affected: body.total - 1, failed: 1 });
  expect(statusAndReason(await bulk({ amount: 10 }))).toEqual([409, 'balance_overflow']);
  const emptied = await reset({});
  expect(emptied.status).toBe(200);
  await ended(emptied.body.id);
});

test('an account that is locked for long delays an operation, which holds no balance of another account meanwhile', async () => {
  const ids: string[] = (await sql('select id from accounts where deleted_at is null order by id limit 501')).map(({ id }) => id);
  const [before, locked, after] = [ids[498]!, ids[499]!, ids[500]!];
  const client = await app.database.pool.connect();
  onTestFinished(() => client.release(true));
  await client.query('begin');
  await client.query('select 1 from accounts where id = $1 for update', [locked]);
  const { status, body } = await bulk({ amount: 10 });
  expect([status, body.state, body.done]).toEqual([200, 'running', 499]);
  const isWaiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%credit_operations%'`;
  await eventually(async () => (await sql(isWaiting)).length > 0, 'the wait of the job');
  await sql('select 1 from credit_balances where account_id = any($1) for update nowait', [[before, after]]);
  // Longer than a job waits for a lock.
  await setTimeout(2_500);
  expect((await read(body.id)).body).toMatchObject({ state: 'running', done: 499 });
  await client.query('commit');
  expect(await ended(body.id)).toMatchObject({ state: 'completed', done: body.total, affected: body.total });
  await expectConsistentBalances(app);
});

test('only platform admins can read an operation, and an unknown one returns 404', async () => {
  const stranger = await signUp();
  const path = `/v1/admin/credits/operations/${randomUUID()}`;
  expect((await call('GET', path, { token: admin.token })).status).toBe(404);
  expect((await call('GET', path, { token: stranger.token })).status).toBe(403);
});
