import { beforeAll, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, rowCounter, tally } from '../../support/checks/race.ts';
import { codesIn, redemptionCalls } from '../../support/credits/codes.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote, database } = app;
const count = rowCounter(app);
const admin = await signUp();
beforeAll(() => promote(admin));
const { issue, issueOne, list, redeem, uses } = redemptionCalls(app, admin);

test('of fifty parallel users, ten get the ten uses', async () => {
  const people = await concurrently(50, () => signUp());
  const { id, code } = await issueOne({ max_uses: 10 });
  const answers = await Promise.all(people.map((person) => redeem(person, code)));
  expect(tally(answers)).toEqual({ '200': 10, '409 code_exhausted': 40 });
  expect(await uses(id)).toBe(10);
  expect(await count('redemptions where code_id = $1', [id])).toBe(10);
  expect(await count(`credit_transactions where reference_type = 'redemption_code' and reference_id = $1`, [id])).toBe(10);
  const balances = await Promise.all(people.map(({ accountId }) => checkedBalance(app, accountId)));
  expect(balances.map((balance, at) => balance === (answers[at]!.status === 200 ? 1_100 : 1_000))).toEqual(Array(50).fill(true));
});

test('of twenty parallel users one gets the only use, and of twenty parallel attempts of one user one succeeds', async () => {
  const people = await concurrently(20, () => signUp());
  const only = await issueOne({ max_uses: 1 });
  expect(tally(await Promise.all(people.map((person) => redeem(person, only.code))))).toEqual({ '200': 1, '409 code_exhausted': 19 });
  expect([await uses(only.id), await count('credit_transactions where reference_id = $1', [only.id])]).toEqual([1, 1]);
  const [person] = people as [Person];
  const before = await checkedBalance(app, person.accountId);
  const many = await issueOne({ max_uses: 100 });
  const answers = await concurrently(20, () => redeem(person, many.code));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect([await uses(many.id), await checkedBalance(app, person.accountId)]).toEqual([1, before! + 100]);
});

test.for([
  ['expires', `expires_at = clock_timestamp() - interval '1 second'`, 'code_expired'],
  ['is switched off', 'is_active = false', 'code_inactive'],
  ['is used up', 'use_count = max_uses', 'code_exhausted'],
] as const)('a code that %s during its redemption credits nothing', async ([, change, why]) => {
  const person = await signUp();
  const { id, code } = await issueOne({ expires_at: '2099-01-01T00:00:00Z' });
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query(`update redemption_codes set ${change} where id = $1`, [id]);
    const redeeming = redeem(person, code);
    // The request has read the code as valid and waits for this transaction.
    await expect.poll(() => count(`pg_stat_activity where wait_event_type = 'Lock' and query ilike '%redemption_codes%'`)).toBe(1);
    await client.query('commit');
    expect(statusAndReason(await redeeming)).toEqual([409, why]);
  } finally {
    client.release();
  }
  expect([await checkedBalance(app, person.accountId), await count('redemptions where code_id = $1', [id])]).toEqual([1_000, 0]);
});

test('an account with the maximum balance uses no redemption', async () => {
  const person = await signUp();
  const { id, code } = await issueOne();
  const adjust = (amount: number) =>
    call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: { account_id: person.accountId, amount } });
  await sql('update credit_balances set balance = 9007199254740991 where account_id = $1', [person.accountId]);
  expect(statusAndReason(await redeem(person, code))).toEqual([409, 'balance_overflow']);
  expect([await uses(id), await count('redemptions where code_id = $1', [id])]).toEqual([0, 0]);
  expect((await adjust(-100)).status).toBe(200);
  expect((await redeem(person, code)).status).toBe(200);
});

test('a batch has the requested size even if a generated code exists already', async () => {
  const { code } = await issueOne();
  await sql('create sequence drawn');
  await sql(`create function draw_again() returns trigger language plpgsql as $$
    begin if nextval('drawn') in (1, 3) then new.code := '${code}'; end if; return new; end $$`);
  await sql('create trigger draw_again before insert on redemption_codes for each row execute function draw_again()');
  const answer = await issue({ count: 5, batch_id: 'again' });
  await sql('drop trigger draw_again on redemption_codes');
  expect([answer.status, new Set(codesIn(answer)).size]).toEqual([201, 5]);
  expect(codesIn(answer)).not.toContain(code);
  expect((await list('?q=again')).body).toHaveLength(5);
});

test('the largest batch is created once per idempotency key, and not at all if its audit entry fails', async () => {
  const keyed = { 'idempotency-key': 'largest' };
  const first = await issue({ count: 500, batch_id: 'largest' }, keyed);
  const again = await issue({ count: 500, batch_id: 'largest' }, keyed);
  expect([first.status, new Set(codesIn(first)).size, again.text === first.text]).toEqual([201, 500, true]);
  expect(await count(`redemption_codes where batch_id = 'largest'`)).toBe(500);
  await sql(`alter table audit_logs add constraint refused check (metadata ->> 'batch_id' is distinct from 'refused')`);
  expect((await issue({ count: 3, batch_id: 'refused' })).status).toBe(500);
  await sql('alter table audit_logs drop constraint refused');
  expect(await count(`redemption_codes where batch_id = 'refused'`)).toBe(0);
});
