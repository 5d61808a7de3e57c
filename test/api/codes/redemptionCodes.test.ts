import { beforeAll, expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { concurrently, rowCounter } from '../../support/checks/race.ts';
import { codesIn, redemptionCalls } from '../../support/credits/codes.ts';
import { checkedBalance } from '../../support/credits/credits.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const count = rowCounter(app);
const admin = await signUp();
const user = await signUp();
beforeAll(() => promote(admin));
const { issue, issueOne, list, change, redeem, uses } = redemptionCalls(app, admin);

test('a batch of ten codes for 100 credits: each can be redeemed by two users, once each', async () => {
  const answer = await issue({ count: 10, max_uses: 2, batch_id: ' spring ' });
  expect([answer.status, answer.body.length]).toEqual([201, 10]);
  for (const code of answer.body)
    expect(code).toEqual({
      id: expect.any(String),
      code: expect.stringMatching(/^([A-HJ-NP-Z2-9]{4}-){3}[A-HJ-NP-Z2-9]{4}$/),
      type: 'credits',
      value: '100',
      max_uses: 2,
      use_count: 0,
      expires_at: null,
      is_active: true,
      batch_id: 'spring',
      created_by_user_id: admin.id,
      created_at: expect.any(String),
    });
  expect(new Set(codesIn(answer)).size).toBe(10);
  const [{ id, code }] = answer.body;
  const [first, second, third] = await concurrently(3, () => signUp());
  const taken = await redeem(first!, `  ${code.toLowerCase()} `);
  expect([taken.status, taken.body]).toEqual([200, { code, type: 'credits', value: '100' }]);
  expect(await checkedBalance(app, first!.accountId)).toBe(1_100);
  expect(statusAndReason(await redeem(first!, code))).toEqual([409, 'already_redeemed']);
  expect(await checkedBalance(app, first!.accountId)).toBe(1_100);
  expect((await redeem(second!, code)).status).toBe(200);
  expect(statusAndReason(await redeem(third!, code))).toEqual([409, 'code_exhausted']);
  expect(await uses(id)).toBe(2);
});

test('the audit log has creation, deactivation and redemption, but no code', async () => {
  const [{ id, code }] = (await issue({ count: 2, batch_id: 'audited' })).body;
  await redeem(user, code);
  await change(id, { is_active: false });
  const entries = await sql(
    `select action, account_id, actor_user_id, target_type, target_id, metadata, before_state, after_state from audit_logs
     where target_id = $1 or metadata ->> 'batch_id' = 'audited' order by created_at, id`,
    [id],
  );
  const byAdmin = { account_id: null, actor_user_id: admin.id, target_type: 'redemption_code' };
  expect(entries).toEqual([
    {
      ...byAdmin,
      action: 'redemption_code.batch_create',
      target_id: null,
      metadata: { batch_id: 'audited', count: 2, type: 'credits' },
      before_state: null,
      after_state: null,
    },
    {
      action: 'redemption_code.redeem',
      account_id: user.accountId,
      actor_user_id: user.id,
      target_type: 'redemption_code',
      target_id: id,
      metadata: { type: 'credits', value: '100' },
      before_state: null,
      after_state: null,
    },
    {
      ...byAdmin,
      action: 'redemption_code.deactivate',
      target_id: id,
      metadata: {},
      before_state: { is_active: true },
      after_state: { is_active: false },
    },
  ]);
  expect(JSON.stringify(entries)).not.toContain(code);
});

test('an invalid batch is rejected and creates nothing', async () => {
  const before = await count('redemption_codes');
  const wrong: [object, string][] = [
    ...[0, 501, -1, 1.5, '10', true, null].map((value): [object, string] => [{ count: value }, '/count']),
    ...['0', '-5', '1.5', '', ' ', '1e3', '0100', '1000000001', '99999999999', '٣', 100].map((value): [object, string] => [
      { value },
      '/value',
    ]),
    ...['credit', 'CREDITS', '', null].map((type): [object, string] => [{ type }, '/type']),
    ...[0, -1, 100_001, 1.5, '2'].map((value): [object, string] => [{ max_uses: value }, '/max_uses']),
    ...['2030-01-01', 'soon', 5].map((value): [object, string] => [{ expires_at: value }, '/expires_at']),
    ...['x'.repeat(65), '', 5].map((value): [object, string] => [{ batch_id: value }, '/batch_id']),
    ...['beta.unknown', 'registration.open', '100'].map((value): [object, string] => [{ type: 'feature', value }, '/value']),
    [{ is_active: true }, '/is_active'],
  ];
  for (const [body, path] of wrong) expect([body, issuesOf(await issue(body))]).toEqual([body, [400, [['body', path]]]]);
  expect(await count('redemption_codes')).toBe(before);
  const largest = await issueOne({ value: '1000000000', max_uses: 100_000, batch_id: '💥'.repeat(64), expires_at: null });
  expect(largest).toMatchObject({ value: '1000000000', max_uses: 100_000, batch_id: '💥'.repeat(64), expires_at: null });
});

test('expired, deactivated and unknown codes change no balance', async () => {
  const person = await signUp();
  const expired = await issueOne({ expires_at: '2020-01-01T02:00:00+02:00' });
  expect(expired.expires_at).toBe('2020-01-01T00:00:00.000Z');
  expect(statusAndReason(await redeem(person, expired.code))).toEqual([409, 'code_expired']);
  const off = await issueOne();
  await change(off.id, { is_active: false });
  expect(statusAndReason(await redeem(person, off.code))).toEqual([409, 'code_inactive']);
  expect((await redeem(person, 'AAAA-BBBB-CCCC-DDDD')).status).toBe(404);
  expect([await checkedBalance(app, person.accountId), await uses(off.id), await uses(expired.id)]).toEqual([1_000, 0, 0]);
});

test('a code is deactivated for good, and deactivating it again changes nothing', async () => {
  const made = await issueOne();
  const off = { ...made, is_active: false };
  for (const _ of [1, 2]) {
    const answer = await change(made.id, { is_active: false });
    expect([answer.status, answer.body]).toEqual([200, off]);
  }
  expect(await count(`audit_logs where action = 'redemption_code.deactivate' and target_id = $1`, [made.id])).toBe(1);
  for (const value of [true, null, 0, 'false']) expect((await change(made.id, { is_active: value })).status).toBe(400);
  expect((await change(made.id, {})).status).toBe(400);
  expect((await change('01990000-0000-7000-8000-00000000ffff', { is_active: false })).status).toBe(404);
  expect((await list(`?q=${made.code}`)).body).toEqual([off]);
});

test('a feature is turned on for the account that redeems the code', async () => {
  await sql(`insert into feature_flags (id, key, default_value) values (gen_random_uuid(), 'beta.boards', false)`);
  const { code, value } = await issueOne({ type: 'feature', value: ' beta.boards ' });
  expect(value).toBe('beta.boards');
  expect((await redeem(user, code)).body).toEqual({ code, type: 'feature', value: 'beta.boards' });
  const flagsOf = async ({ token }: Person) => (await call('GET', '/v1/me/feature-flags', { token })).body;
  expect([(await flagsOf(user))['beta.boards'], (await flagsOf(admin))['beta.boards']]).toEqual([true, false]);
});

test('only platform admins can use the endpoints', async () => {
  const asked = (method: string, path: string, body?: object) => call(method, path, { token: user.token, body });
  const { id } = await issueOne();
  for (const answer of [
    await asked('GET', '/v1/admin/redemption-codes'),
    await asked('POST', '/v1/admin/redemption-codes/batch', { count: 1 }),
    await asked('PATCH', `/v1/admin/redemption-codes/${id}`, { is_active: false }),
    await asked('PATCH', '/v1/admin/redemption-codes/01990000-0000-7000-8000-00000000ffff', { is_active: false }),
  ])
    expect(statusAndReason(answer)).toEqual([403, 'missing_permission']);
});
