import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { fastWorkerEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { creditCalls } from '../../support/credits/creditOperations.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp(fastWorkerEnv);
const { call, sql, signUp, promote } = app;
const admin = await signUp();
beforeAll(() => promote(admin));

const mine = async (token: string, query = '', headers = {}) => call('GET', `/v1/me/credits${query}`, { token, headers });
const adjust = (body: unknown, headers = {}, token = admin.token) =>
  call('POST', '/v1/admin/credits/adjust', { token, body, headers: headers as Record<string, string> });
const give = async (accountId: string, amount: number, note?: string) => {
  const answer = await adjust({ account_id: accountId, amount, note });
  expect(answer.status).toBe(200);
  return answer.body;
};
const auditOf = async (traceId: string | null) => sql('select * from audit_logs where trace_id = $1', [traceId]);

describe('adjusting one account', () => {
  test('adds and removes credits, and rejects more than the balance', async () => {
    const { token, accountId } = await signUp();
    expect(await give(accountId, 500, 'a gift')).toEqual({ account_id: accountId, balance: 1500, reserved: 0, available: 1500 });
    expect(await give(accountId, -200)).toEqual({ account_id: accountId, balance: 1300, reserved: 0, available: 1300 });
    const refused = await adjust({ account_id: accountId, amount: -99999 });
    expect([refused.status, refused.body.error, refused.body.details]).toEqual([
      409,
      'conflict',
      { reason: 'insufficient_credits', balance: 1300, required: 99999 },
    ]);
    expect(await auditOf(refused.headers.get('x-trace-id'))).toEqual([]);
    const { body } = await mine(token);
    expect(body.balance).toBe(1300);
    expect(body.transactions.map(({ amount, type, note, reference_type: cause }: any) => [amount, type, note, cause])).toEqual([
      [-200, 'debit', null, 'admin_adjust'],
      [500, 'credit', 'a gift', 'admin_adjust'],
      [1000, 'credit', null, 'initial_grant'],
    ]);
    expect(await checkedBalance(app, accountId)).toBe(1300);
  });

  test('invalid amounts, unknown accounts and malformed JSON are rejected', async () => {
    const { accountId } = await signUp();
    const tooMuch = 10 ** 12 + 1;
    for (const amount of [0, 1.5, '5', true, null, undefined, tooMuch, -tooMuch, 1e300])
      expect([amount, (await adjust({ account_id: accountId, amount })).status]).toEqual([amount, 400]);
    for (const body of [{ amount: 1 }, { account_id: accountId, amount: 1, note: 'x'.repeat(501) }, { account_id: 'me', amount: 1 }])
      expect((await adjust(body)).status).toBe(400);
    expect(statusAndReason(await adjust({ account_id: randomUUID(), amount: 1 }))).toEqual([404, 'account_not_found']);
    const raw = await call('POST', '/v1/admin/credits/adjust', { token: admin.token, raw: '{"account_id":' });
    expect(statusAndReason(raw)).toEqual([422, 'malformed_json']);
    expect(await checkedBalance(app, accountId)).toBe(1000);
    expect((await adjust({ account_id: accountId, amount: 1, note: '💶'.repeat(500) })).status).toBe(200);
  });

  test('an adjustment beyond the maximum balance is rejected', async () => {
    const { accountId } = await signUp();
    const almost = Number.MAX_SAFE_INTEGER - 1000 - 1;
    await sql(
      `with t as (insert into credit_transactions (account_id, id, type, amount, reference_type) values ($1, gen_random_uuid(), 'credit', $2, 'admin_adjust'))
       update credit_balances set balance = balance + $2 where account_id = $1`,
      [accountId, almost],
    );
    expect(statusAndReason(await adjust({ account_id: accountId, amount: 2 }))).toEqual([409, 'balance_overflow']);
    expect(await give(accountId, 1)).toMatchObject({
      account_id: accountId,
      balance: Number.MAX_SAFE_INTEGER,
      available: Number.MAX_SAFE_INTEGER,
    });
    const bulk = await call('POST', '/v1/admin/credits/bulk-adjust', { token: admin.token, body: { amount: 1 } });
    expect(statusAndReason(bulk)).toEqual([409, 'balance_overflow']);
    await give(accountId, -1000);
  });

  test('the audit entry has the old and new balance, and its ID is the reference of the transaction', async () => {
    const { accountId } = await signUp();
    const answer = await adjust({ account_id: accountId, amount: -30, note: 'by mistake' });
    const [entry, ...more] = await auditOf(answer.headers.get('x-trace-id'));
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      action: 'credits.adjust',
      account_id: null,
      actor_user_id: admin.id,
      target_type: 'account',
      target_id: accountId,
      metadata: { amount: -30, note: 'by mistake' },
      before_state: { account_id: accountId, balance: 1000 },
      after_state: { account_id: accountId, balance: 970 },
    });
    expect(await sql('select amount, note from credit_transactions where reference_id = $1', [entry.id])).toEqual([
      { amount: -30, note: 'by mistake' },
    ]);
  });

  test('a repeated idempotency key adjusts once', async () => {
    const { accountId } = await signUp();
    const key = { 'idempotency-key': randomUUID() };
    const [first, again] = [
      await adjust({ account_id: accountId, amount: 25 }, key),
      await adjust({ account_id: accountId, amount: 25 }, key),
    ];
    expect([first.status, again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([200, 200, first.text, 'true']);
    expect(statusAndReason(await adjust({ account_id: accountId, amount: 26 }, key))).toEqual([409, 'idempotency_key_reused']);
    expect(await checkedBalance(app, accountId)).toBe(1025);
  });

  test('only platform admins can adjust, whether or not the account exists', async () => {
    const person = await signUp();
    for (const accountId of [person.accountId, randomUUID()])
      expect(statusAndReason(await adjust({ account_id: accountId, amount: 5 }, {}, person.token))).toEqual([403, 'missing_permission']);
    for (const path of ['bulk-adjust', 'reset-all'])
      expect((await call('POST', `/v1/admin/credits/${path}`, { token: person.token, raw: '{' })).status).toBe(403);
  });
});

describe('bulk operations on all accounts', () => {
  const bulk = (path: string, body: object) => call('POST', `/v1/admin/credits/${path}`, { token: admin.token, body });
  const { ended } = creditCalls(app, admin);
  /** Resets all balances, then creates one account per given balance. Returns their IDs. */
  async function only(...balances: number[]) {
    expect((await bulk('reset-all', {})).status).toBe(200);
    const people = [];
    for (const balance of balances) {
      const person = await signUp();
      if (balance !== 1000) await give(person.accountId, balance - 1000);
      people.push(person.accountId);
    }
    return people;
  }
  const rowsOf = (referenceId: string) =>
    sql(
      'select account_id, amount, type, reference_type, metadata, note from credit_transactions where reference_id = $1 order by amount',
      [referenceId],
    );

  test('each account loses at most its balance, and transactions have the amounts taken', async () => {
    const [a, b, c] = await only(1000, 300, 0);
    const taken = await bulk('bulk-adjust', { amount: -700, note: 'season’s end' });
    expect([taken.status, taken.body]).toMatchObject([200, { affected: 2, state: 'completed' }]);
    expect([await checkedBalance(app, a!), await checkedBalance(app, b!), await checkedBalance(app, c!)]).toEqual([300, 0, 0]);
    const [entry] = await auditOf(taken.headers.get('x-trace-id'));
    expect(entry).toMatchObject({
      action: 'credits.bulk_adjust',
      target_type: 'credits_batch',
      target_id: null,
      account_id: null,
      metadata: { operation: 'bulk_adjust', amount: -700, note: 'season’s end', affected_count: 2 },
    });
    const common = { type: 'debit', reference_type: 'admin_bulk_adjust', metadata: { requested_amount: -700 }, note: 'season’s end' };
    expect(await rowsOf(entry.id)).toEqual([
      { account_id: a, amount: -700, ...common },
      { account_id: b, amount: -300, ...common },
    ]);
    const reset = await bulk('reset-all', {});
    expect(reset.body).toMatchObject({ affected: 1, state: 'completed' });
    const [note] = await auditOf(reset.headers.get('x-trace-id'));
    expect(note).toMatchObject({ action: 'credits.reset_all', metadata: { operation: 'reset_all', amount: null, affected_count: 1 } });
    expect(await rowsOf(note.id)).toMatchObject([{ account_id: a, amount: -300, reference_type: 'admin_reset', metadata: {} }]);
    expect((await bulk('reset-all', {})).body).toMatchObject({ affected: 0, state: 'completed' });
  });

  test('every open account is credited, also without a balance row and beyond one batch, but no closed one', async () => {
    const [a] = await only(0);
    await sql(
      `
      insert into accounts (id, slug, name, type, owner_user_id)
      select gen_random_uuid(), 'many-' || n, 'Many', 'workspace', $1 from generate_series(1, 1200) n`,
      [admin.id],
    );
    const [closed] = await sql(`update accounts set deleted_at = now() where slug = 'many-7' returning id`);
    const [{ open }] = await sql('select count(*)::int as open from accounts where deleted_at is null');
    expect(await ended((await bulk('bulk-adjust', { amount: 40 })).body.id)).toMatchObject({ affected: open });
    expect(await checkedBalance(app, a!)).toBe(40);
    const [{ total }] = await sql('select sum(balance)::int as total from credit_balances');
    expect(total).toBe(open * 40);
    expect(await sql('select 1 from credit_balances where account_id = $1', [closed.id])).toEqual([]);
    expect(await ended((await bulk('reset-all', { note: 'x' })).body.id)).toMatchObject({ affected: open });
    await sql(`delete from credit_balances where account_id in (select id from accounts where slug like 'many-%')`);
  });

  test('invalid bodies are rejected', async () => {
    for (const amount of [0, 1.5, '5', undefined, 10 ** 12 + 1]) expect((await bulk('bulk-adjust', { amount })).status).toBe(400);
    expect((await bulk('reset-all', { note: 5 })).status).toBe(400);
  });
});
