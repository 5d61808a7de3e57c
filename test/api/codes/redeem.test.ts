import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, joinAccount } = await startTestApp({}, { worker: false });

const redeem = (token: string, code: unknown, headers = {}) => call('POST', '/v1/me/redeem', { token, body: { code }, headers });
/** A redemption code inserted into the database. */
async function issue(more: { type?: string; value?: string; max_uses?: number; expires_at?: string; is_active?: boolean } = {}) {
  const code = randomBytes(8).toString('hex').toUpperCase().match(/.{4}/g)!.join('-');
  const { type = 'credits', value = '100', max_uses: uses = 2, expires_at: until = null, is_active: active = true } = more;
  await sql(
    `insert into redemption_codes (id, code, type, value, max_uses, expires_at, is_active) values (gen_random_uuid(), $1, $2, $3, $4, $5, $6)`,
    [code, type, value, uses, until, active],
  );
  return code;
}
const balance = async ({ accountId }: Person) =>
  (await sql('select balance from credit_balances where account_id = $1', [accountId]))[0].balance as number;
const ledger = ({ accountId }: Person) =>
  sql(`select type, amount, reference_id, metadata from credit_transactions where account_id = $1 and reference_type = 'redemption_code'`, [
    accountId,
  ]);
const useCount = async (code: string) => (await sql('select use_count from redemption_codes where code = $1', [code]))[0].use_count;
const flags = async ({ token }: Person, headers = {}) => (await call('GET', '/v1/me/feature-flags', { token, headers })).body;

test('a code is credited once, regardless of case and surrounding spaces', async () => {
  const person = await signUp();
  const code = await issue();
  const before = await balance(person);
  const answer = await redeem(person.token, ` ${code.toLowerCase()}\t`);
  expect([answer.status, answer.body]).toEqual([200, { code, type: 'credits', value: '100' }]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(statusAndReason(await redeem(person.token, code))).toEqual([409, 'already_redeemed']);
  expect(await balance(person)).toBe(before + 100);
  const [{ id }] = await sql('select id from redemption_codes where code = $1', [code]);
  expect(await ledger(person)).toEqual([{ type: 'credit', amount: 100, reference_id: id, metadata: {} }]);
  const written = await sql(`select * from audit_logs where action = 'redemption_code.redeem' and actor_user_id = $1`, [person.id]);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    account_id: person.accountId,
    target_type: 'redemption_code',
    target_id: id,
    metadata: { type: 'credits', value: '100' },
  });
  expect(JSON.stringify(written).toUpperCase()).not.toContain(code);
});

test('two users redeem one code for the same workspace, and one user redeems it for one account only', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  await joinAccount(guest, host);
  const there = { 'x-account-id': host.accountId };
  const code = await issue({ max_uses: 3 });
  const before = await balance(host);
  expect((await redeem(host.token, code)).status).toBe(200);
  expect((await redeem(guest.token, code, there)).status).toBe(200);
  expect(await balance(host)).toBe(before + 200);
  expect(statusAndReason(await redeem(guest.token, code))).toEqual([409, 'already_redeemed']);
  expect([await balance(guest), await useCount(code)]).toEqual([1_000, 2]);
});

test('of twenty parallel users one gets the last use, and the others get code_exhausted', async () => {
  const people = await Promise.all(Array.from({ length: 20 }, () => signUp()));
  const code = await issue({ max_uses: 1 });
  const answers = await Promise.all(people.map(({ token }) => redeem(token, code)));
  expect(answers.map((answer) => statusAndReason(answer)).sort()).toEqual([[200, undefined], ...Array(19).fill([409, 'code_exhausted'])]);
  expect(await useCount(code)).toBe(1);
  const [{ id }] = await sql('select id from redemption_codes where code = $1', [code]);
  const rows = await sql(`select amount from credit_transactions where reference_type = 'redemption_code' and reference_id = $1`, [id]);
  expect(rows).toEqual([{ amount: 100 }]);
});

test('of twenty parallel redemptions by one user one succeeds and uses the code once', async () => {
  const person = await signUp();
  const code = await issue({ max_uses: 100 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(person.token, code)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 200))
    expect(statusAndReason(answer)).toBeOneOf([
      [409, 'already_redeemed'],
      [429, 'redeem_rate_limited'],
    ]);
  expect([await balance(person), await useCount(code), (await ledger(person)).length]).toEqual([1_100, 1, 1]);
});

test('the first failed check of a code determines the error, and nothing changes', async () => {
  const person = await signUp();
  const past = '2020-01-01T00:00:00Z';
  const spent = await issue({ max_uses: 1 });
  await redeem((await signUp()).token, spent);
  const cases: [string, number, string | undefined][] = [
    [await issue({ is_active: false, expires_at: past }), 409, 'code_inactive'],
    [await issue({ expires_at: past }), 409, 'code_expired'],
    [spent, 409, 'code_exhausted'],
    ['AAAA-BBBB-CCCC-DDDD', 404, undefined],
    [`' or 1=1 --`, 404, undefined],
    ['💥'.repeat(32), 404, undefined],
  ];
  for (const [code, status, why] of cases)
    expect([code, ...statusAndReason(await redeem(person.token, code))]).toEqual([code, status, why]);
  const mine = await issue({ max_uses: 1 });
  expect((await redeem(person.token, mine)).status).toBe(200);
  expect(statusAndReason(await redeem(person.token, mine))).toEqual([409, 'code_exhausted']);
  for (const code of ['', '   ', 'x'.repeat(65), null, 5, ['a'], 'a\u0000b', '\ud800'])
    expect([code, (await redeem(person.token, code)).status]).toEqual([code, 400]);
  expect(await balance(person)).toBe(1_100);
});

test('after ten failed attempts a user is locked out, and a success is not counted', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (let at = 0; at < 9; at++) expect((await redeem(person.token, `GUESS-${at}`)).status).toBe(404);
  for (let at = 0; at < 3; at++) expect((await redeem(person.token, await issue())).status).toBe(200);
  expect((await redeem(person.token, 'GUESS-10')).status).toBe(404);
  const good = await issue();
  const refused = await redeem(person.token, good);
  expect(statusAndReason(refused)).toEqual([429, 'redeem_rate_limited']);
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(600);
  expect((await redeem(other.token, good)).status).toBe(200);
  await sql(`update attempt_counts set window_ends = now() where bucket = $1`, [`redeem:${person.id}`]);
  expect((await redeem(person.token, good)).status).toBe(200);
});

test('parallel guesses are counted exactly', async () => {
  const { token } = await signUp();
  const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => redeem(token, `GUESS-${at}`)));
  expect(answers.filter(({ status }) => status === 404).length).toBe(10);
  expect(answers.filter(({ status }) => status === 429).length).toBe(30);
});

test('a feature code turns the feature on for the active account only', async () => {
  const [host, guest] = [await signUp(), await signUp()];
  await joinAccount(guest, host);
  const there = { 'x-account-id': host.accountId };
  await sql(`insert into feature_flags (id, key, default_value) values (gen_random_uuid(), 'beta.canvas', false)`);
  expect((await flags(host))['beta.canvas']).toBe(false);
  const code = await issue({ type: 'feature', value: 'beta.canvas' });
  const answer = await redeem(guest.token, code, there);
  expect([answer.status, answer.body]).toEqual([200, { code, type: 'feature', value: 'beta.canvas' }]);
  expect([(await flags(host))['beta.canvas'], (await flags(guest, there))['beta.canvas']]).toEqual([true, true]);
  expect((await flags(guest))['beta.canvas']).toBe(false);
  await sql('update feature_flag_overrides set enabled = false where account_id = $1', [host.accountId]);
  expect((await redeem(host.token, code)).status).toBe(200);
  expect((await flags(host))['beta.canvas']).toBe(true);
  expect(await balance(host)).toBe(1_000);
  await sql(`update feature_flags set default_value = true where key = 'beta.canvas'`);
  expect((await flags(guest))['beta.canvas']).toBe(true);
});

test('a code of a deleted feature or of one without account overrides uses no redemption', async () => {
  const { token } = await signUp();
  for (const value of ['beta.gone', 'registration.open']) {
    const code = await issue({ type: 'feature', value });
    expect(statusAndReason(await redeem(token, code))).toEqual([409, 'code_inactive']);
    expect(await useCount(code)).toBe(0);
  }
});

test('feature flags are returned to every user with their default values', async () => {
  const person = await signUp();
  expect(await flags(person)).toMatchObject({
    'auth.require_email_verification': false,
    'registration.enabled': true,
    'registration.open': true,
  });
  await sql(`update feature_flags set default_value = true where key = 'auth.require_email_verification'`);
  expect((await call('GET', '/v1/me', { token: person.token })).body.email_verification_required).toBe(true);
  await sql(`update feature_flags set default_value = false where key = 'auth.require_email_verification'`);
});

test('API keys and anonymous callers are rejected', async () => {
  const { token } = await signUp();
  const { key } = (await call('POST', '/v1/api-keys', { token, body: { name: 'k' } })).body;
  for (const [method, path] of [
    ['GET', '/v1/me/invite-code'],
    ['POST', '/v1/me/invite-code/reset'],
    ['POST', '/v1/me/redeem'],
    ['GET', '/v1/me/feature-flags'],
  ] as const) {
    expect(statusAndReason(await call(method, path, { token: key }))).toEqual([403, 'api_key_not_allowed']);
    expect(statusAndReason(await call(method, path))).toEqual([401, 'missing_token']);
  }
});
