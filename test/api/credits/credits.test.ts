import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, tally } from '../../support/checks/race.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, joinAccount } = app;
const admin = await signUp();
beforeAll(() => promote(admin));

const mine = async (token: string, query = '', headers = {}) => call('GET', `/v1/me/credits${query}`, { token, headers });
const adjust = (body: unknown) => call('POST', '/v1/admin/credits/adjust', { token: admin.token, body });
const give = async (accountId: string, amount: number) => expect((await adjust({ account_id: accountId, amount })).status).toBe(200);

test('a new user has 1000 credits and one transaction, a new workspace has none', async () => {
  const { token, accountId } = await signUp();
  const { status, body, headers } = await mine(token);
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(body).toEqual({
    balance: 1000,
    reserved: 0,
    available: 1000,
    transactions: [
      {
        id: expect.any(String),
        account_id: accountId,
        amount: 1000,
        type: 'credit',
        reference_type: 'initial_grant',
        reference_id: accountId,
        note: null,
        metadata: null,
        thread_title: null,
        created_at: expect.stringMatching(/Z$/),
      },
    ],
  });
  const made = await call('POST', '/v1/accounts', { token, body: { slug: `w-${randomUUID()}`, name: 'Workspace' } });
  expect((await mine(token, '', { 'x-account-id': made.body.id })).body).toEqual({
    balance: 0,
    reserved: 0,
    available: 0,
    transactions: [],
  });
  await sql('delete from credit_balances where account_id = $1', [made.body.id]);
  expect((await mine(token, '', { 'x-account-id': made.body.id })).body.balance).toBe(0);
  // Without a balance row, the first adjustment inserts it.
  const answers = await concurrently(5, () => adjust({ account_id: made.body.id, amount: 3 }));
  expect(tally(answers)).toEqual({ '200': 5 });
  expect(await checkedBalance(app, made.body.id)).toBe(15);
});

test('the ledger is paged, each transaction once, also through the client', async () => {
  const person = await signUp();
  for (const amount of [1, 2, 3, 4]) await give(person.accountId, amount);
  const first = await mine(person.token, '?limit=2');
  expect(first.body.transactions.map((each: { amount: number }) => each.amount)).toEqual([4, 3]);
  const before = first.headers.get('x-next-cursor')!;
  expect(first.headers.get('link')).toBe(`</v1/me/credits?limit=2&before=${before}>; rel="next"`);
  const second = await mine(person.token, `?limit=3&before=${before}`);
  expect(second.body.transactions.map((each: { amount: number }) => each.amount)).toEqual([2, 1, 1000]);
  expect(second.headers.get('x-next-cursor')).toBeNull();
  // Cursors of other filters, of another user and of the admin list are rejected.
  const other = await signUp();
  expect((await mine(person.token, `?limit=2&from=2026-01-01&before=${before}`)).status).toBe(400);
  expect((await mine(other.token, `?limit=2&before=${before}`)).status).toBe(400);
  const asAdmin = await call('GET', `/v1/admin/credits?account_id=${person.accountId}&before=${before}`, { token: admin.token });
  expect(asAdmin.status).toBe(400);

  const client = createClient({ baseUrl: app.url, accessToken: person.token });
  const page = await client.credits.mine({ query: { limit: 4 } });
  expect([page.balance, page.transactions.length, page.nextCursor]).toEqual([1010, 4, expect.any(String)]);
  const last = await client.credits.mine({ query: { limit: 4, before: page.nextCursor } });
  expect([last.transactions.length, last.nextCursor, Object.keys(last)]).toEqual([
    1,
    undefined,
    ['balance', 'reserved', 'available', 'transactions'],
  ]);
});

test('from and to are whole UTC days, inclusive, and filter transactions only', async () => {
  const person = await signUp();
  for (const [at, amount] of [
    ['2025-12-31T23:59:59.999Z', 1],
    ['2026-01-01T00:00:00.000Z', 2],
    ['2026-01-31T23:59:59.999Z', 3],
    ['2026-02-01T00:00:00.000Z', 4],
  ])
    await sql(
      `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, created_at)
       values ($1, gen_random_uuid(), 'credit', $2, 'admin_adjust', gen_random_uuid(), $3)`,
      [person.accountId, amount, at],
    );
  const seen = async (query: string) => {
    const { body } = await mine(person.token, query);
    expect(body.balance).toBe(1000);
    return body.transactions.map((each: { amount: number }) => each.amount);
  };
  expect(await seen('?from=2026-01-01&to=2026-01-31')).toEqual([3, 2]);
  expect(await seen('?to=2025-12-31')).toEqual([1]);
  expect(await seen('?from=2026-02-01')).toEqual([1000, 4]);
  expect(await seen('?from=2026-02-02&to=2026-02-01')).toEqual([]);
  expect(await seen('?from=0001-01-01&to=9999-12-31')).toHaveLength(5);
  for (const bad of ['from=2026-02-30', 'to=2026-1-1', 'from=', 'to=2026-01-01T00:00:00Z', 'from=0000-01-01', 'from=yesterday'])
    expect([bad, (await mine(person.token, `?${bad}`)).status]).toEqual([bad, 400]);
});

test('a member without the usage permission sees their own transactions and those of no user', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  await joinAccount(member, owner);
  const inOwners = { 'x-account-id': owner.accountId };
  const codes = [owner, member].map(({ token }, at) => ({ token, code: `OWN-${at}-${randomUUID().slice(0, 8)}`.toUpperCase() }));
  for (const { token, code } of codes) {
    await sql(`insert into redemption_codes (id, code, type, value) values (gen_random_uuid(), $1, 'credits', '7')`, [code]);
    expect((await call('POST', '/v1/me/redeem', { token, body: { code }, headers: inOwners })).status).toBe(200);
  }
  await give(owner.accountId, 11);
  const kinds = async (token: string) => {
    const { body } = await mine(token, '', inOwners);
    return body.transactions.map((each: any) => [each.reference_type, each.reference_id]);
  };
  const [ofOwner, ofMember] = await Promise.all([kinds(owner.token), kinds(member.token)]);
  expect(ofOwner.map(([type]: string[]) => type)).toEqual(['admin_adjust', 'redemption_code', 'redemption_code', 'initial_grant']);
  expect(ofMember).toEqual([ofOwner[0], ofOwner[1], ofOwner[3]]);
  expect((await mine(member.token, '', inOwners)).body.balance).toBe(1025);
});

test('thread_title is returned only to users who can read the thread', async () => {
  const [owner, member] = [await signUp(), await signUp()];
  await joinAccount(member, owner);
  const threadId = await openThread(app, owner, 'Hello', 'Secret plans');
  const runId = await startRun(app, owner, threadId);
  await sql(
    `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id) values ($1, gen_random_uuid(), 'debit', -1, 'run', $2)`,
    [owner.accountId, runId],
  );
  const inOwners = { 'x-account-id': owner.accountId };
  const titles = async (answer: any) => (await answer).body.transactions.map((each: any) => each.thread_title);
  expect(await titles(mine(owner.token))).toEqual(['Secret plans', null]);
  expect(await titles(mine(member.token, '', inOwners))).toEqual([null, null]);
  expect(await titles(call('GET', `/v1/admin/credits?account_id=${owner.accountId}`, { token: admin.token }))).toEqual([null, null]);
  const share = () => sql(`update projects set visibility = 'shared' where account_id = $1`, [owner.accountId]);
  await share();
  expect(await titles(mine(member.token, '', inOwners))).toEqual([null, null]);
  await sql('update threads set project_id = (select id from projects where account_id = $1) where id = $2', [owner.accountId, threadId]);
  expect(await titles(mine(member.token, '', inOwners))).toEqual(['Secret plans', null]);
  expect(await titles(call('GET', `/v1/admin/credits?account_id=${owner.accountId}`, { token: admin.token }))).toEqual([null, null]);
  await call('DELETE', `/v1/threads/${threadId}`, { token: owner.token });
  expect(await titles(mine(owner.token))).toEqual([null, null]);
});

test('a platform admin reads any account, and an unknown account returns account_not_found', async () => {
  const person = await signUp();
  const of = (query: string, token = admin.token) => call('GET', `/v1/admin/credits${query}`, { token });
  const { body } = await of(`?account_id=${person.accountId}`);
  expect([body.account_id, body.balance, body.transactions.length]).toEqual([person.accountId, 1000, 1]);
  expect(statusAndReason(await of(`?account_id=${randomUUID()}`))).toEqual([404, 'account_not_found']);
  expect([(await of('')).status, (await of('?account_id=x')).status]).toEqual([400, 400]);
  for (const id of [person.accountId, randomUUID()])
    expect(statusAndReason(await of(`?account_id=${id}`, person.token))).toEqual([403, 'missing_permission']);
});
