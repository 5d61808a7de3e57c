import { expect, test } from 'vitest';
import { createUser } from '../../../server/resources/accounts/createUser.ts';
import { type CallOptions, startTestApp } from '../../support/app/testApp.ts';

const { call, sql, database } = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });

let userNumber = 0;
const newUser = (more: object = {}) => ({
  login: `new-${++userNumber}`,
  email: `new-${userNumber}@example.test`,
  password: 'abc12345',
  ...more,
});
const register = (more: object, options: CallOptions = {}) => call('POST', '/v1/auth/register', { body: newUser(more), ...options });
const count = async (table: string) => (await sql(`select count(*)::int as n from ${table}`))[0].n as number;
const setFlag = (key: string, value: boolean) => sql('update feature_flags set default_value = $2 where key = $1', [key, value]);

test('of 20 parallel registrations with one login, exactly one succeeds and the others leave no rows', async () => {
  const tables = ['users', 'credentials', 'accounts', 'memberships', 'projects', 'credit_transactions', 'sessions'];
  const before = await Promise.all(tables.map(count));
  const answers = await Promise.all(Array.from({ length: 20 }, () => register({ login: 'Race', email: 'race@example.test' })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  expect(await Promise.all(tables.map(count))).toEqual(before.map((n) => n + 1));
});

test.each([
  [
    '/login',
    [
      '',
      ' ',
      'alice@bad',
      'a\u200bb',
      'a\u202eb',
      'a\u0000b',
      'a\u2028b',
      'a\nb',
      'ｘ＠ｙ',
      'x'.repeat(257),
      '界'.repeat(86),
      ['a'],
      { $ne: '' },
      null,
      7,
    ],
  ],
  [
    '/email',
    [
      '',
      '@',
      'a@',
      '@b',
      'a',
      'Alice <a@b.c>',
      'a@b\r\nbcc: c@d.e',
      'a@b.c, d@e.f',
      'a b@c.d',
      'a..b@c.d',
      'a@b..c',
      `${'a'.repeat(251)}@b.c`,
      null,
    ],
  ],
  [
    '/password',
    ['abcdefgh', '12345678', 'abc123', 'abc1234', `${'a'.repeat(256)}1`, `${'界'.repeat(86)}1`, 'abc1234\u0000', '', null, { $ne: 1 }],
  ],
  ['/locale', ['no_such tag', 'zh_CN', 'x'.repeat(36), 5]],
  ['/invite_code', ['x'.repeat(65), 5]],
])('an invalid %s is rejected', async (field, values) => {
  for (const value of values) {
    const { status, body } = await register({ [field.slice(1)]: value });
    expect([value, status, body.error]).toEqual([value, 400, 'validation.error']);
    expect(body.details.issues.map(({ path }: { path: string }) => path)).toContain(field);
    if (field === '/password' && typeof value === 'string' && !value.includes('\0')) expect(body.details.reason).toBe('password_policy');
  }
});

test('unusual but valid values are accepted', async () => {
  const odd = [
    ...['密码123456', '🐢🐢🐢🐢🐢🐢a1', ' spaces 1 ', `${'界'.repeat(85)}1`].map((password) => ({ password })),
    ...['界'.repeat(85), 'o\'brien\\"; drop table users; --', '{"$ne":1}', '  padded  '].map((login) => ({ login })),
    ...['a@b', `O'Hara+x@exämple.test`, '"john doe"@example.test', '  trimmed@example.test '].map((email) => ({ email })),
    ...['zh-Hant-TW', '', null].map((locale) => ({ locale })),
  ];
  for (const more of odd) expect([more, (await register(more)).status]).toEqual([more, 201]);
});

test('malformed bodies are rejected before their fields are validated', async () => {
  const raw = (text: string | Buffer, headers = {}) => call('POST', '/v1/auth/register', { raw: text, headers });
  expect((await raw('{"login":')).body.details.reason).toBe('malformed_json');
  expect((await raw('')).status).toBe(422);
  expect((await raw(Buffer.from([0x7b, 0xff, 0x7d]))).body.details.reason).toBe('invalid_encoding');
  expect((await raw('login=a&password=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(422);
  expect((await raw(`"${'x'.repeat(2 ** 21)}"`)).status).toBe(413);
  for (const text of ['[]', 'null', '"x"', '{"__proto__":{"x":1}}', '{"constructor":1}', '{"login":"\\ud800"}'])
    expect([text, (await raw(text)).status]).toEqual([text, 400]);
  const all = (await call('POST', '/v1/auth/register', { body: { login: '@', password: 'x', email: 'y', extra: 1 } })).body;
  expect(all.details.issues).toEqual([{ location: 'body', path: '/extra', message: expect.any(String) }]);
});

test('every issue has a reason, and `password_policy` takes precedence as the reason of the error', async () => {
  const body = { login: 'p\u0430ypal', password: 'passwords', email: 'me@p\u0430ypal.example', locale: 'en-a-b-a-c' };
  const { status, body: refused } = await call('POST', '/v1/auth/register', { body });
  expect([status, refused.details.reason]).toEqual([400, 'password_policy']);
  expect(refused.details.issues.map(({ path, reason }: { path: string; reason: string }) => [path, reason])).toEqual([
    ['/login', 'invalid_name'],
    ['/password', 'password_policy'],
    ['/email', 'invalid_email'],
    ['/locale', 'invalid_locale'],
  ]);
  const { details } = (await call('POST', '/v1/auth/register', { body: { ...body, password: 'Passw0rd-1' } })).body;
  expect(details.reason).toBe('invalid_name');
});

test('logins are unique regardless of case and width, addresses regardless of case', async () => {
  await register({ login: 'Alice', email: 'Alice@Example.test' });
  for (const login of ['alice', 'ALICE', ' Alice ', 'ａｌｉｃｅ', 'Ａlice', 'system_agent', 'System_Agent'])
    expect([login, (await register({ login })).body.details]).toEqual([login, { reason: 'login_taken' }]);
  for (const email of ['alice@example.test', 'ALICE@EXAMPLE.TEST'])
    expect((await register({ email })).body.details).toEqual({ reason: 'email_taken' });
});

test('registration creates account, membership, project, credits, session and audit entry', async () => {
  const { body, headers } = await register({ login: 'Homely' });
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'token_type', 'user_id', 'warning']);
  expect([body.expires_in, body.token_type, body.warning]).toEqual([900, 'bearer', null]);
  expect(headers.get('cache-control')).toBe('no-store');
  const [account] = await sql('select * from accounts where owner_user_id = $1', [body.user_id]);
  expect(account).toMatchObject({ name: "Homely's workspace", type: 'personal', slug: `personal-${body.user_id.slice(-12)}` });
  expect(await sql('select role from memberships where user_id = $1', [body.user_id])).toEqual([{ role: 'admin' }]);
  expect(await sql('select name, is_default, visibility from projects where account_id = $1', [account.id])).toEqual([
    { name: 'Default', is_default: true, visibility: 'private' },
  ]);
  expect(await sql('select balance from credit_balances where account_id = $1', [account.id])).toEqual([{ balance: 1000 }]);
  const ledger = await sql('select type, amount, reference_type, reference_id from credit_transactions where account_id = $1', [
    account.id,
  ]);
  expect(ledger).toEqual([{ type: 'credit', amount: 1000, reference_type: 'initial_grant', reference_id: account.id }]);
  const [entry] = await sql(`select * from audit_logs where action = 'user.register' and target_id = $1`, [body.user_id]);
  expect(entry).toMatchObject({ account_id: account.id, actor_user_id: body.user_id, target_type: 'user' });
  expect(entry.metadata.login_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(entry).toLowerCase()).not.toContain('homely');
});

test('a slug that is taken is extended to the whole user ID', async () => {
  const ids = ['01890000-0000-7000-8000-00000000aaaa', '01890000-0001-7000-8000-00000000aaaa'];
  const make = (userId: string) =>
    database.transaction((tx) => createUser(tx, { ...newUser(), email: null, userId, locale: null, passwordHash: 'none' }));
  for (const id of ids) await make(id);
  const slugs = await sql(`select slug from accounts where owner_user_id = any($1) order by slug`, [ids]);
  expect(slugs.map(({ slug }) => slug)).toEqual(['personal-00000000aaaa', 'personal-01890000000170008000 00000000aaaa'.replace(' ', '')]);
});

test('registration follows its mode: open, invite-only or disabled', async () => {
  const mode = async () => (await call('GET', '/v1/auth/registration-mode')).body.mode;
  expect(await mode()).toBe('open');
  expect((await register({ invite_code: ' ab cd ' })).body.warning).toMatch(/invite/i);
  expect((await register({ invite_code: '  ' })).body.warning).toBeNull();
  await setFlag('registration.open', false);
  expect(await mode()).toBe('invite_only');
  expect((await register({})).body.details.reason).toBe('invite_code_required');
  expect((await register({ invite_code: 'ABCD2345' })).body.details.reason).toBe('invite_code_invalid');
  await setFlag('registration.enabled', false);
  expect(await mode()).toBe('disabled');
  expect((await register({})).body).toMatchObject({ error: 'auth.forbidden', details: { reason: 'registration_disabled' } });
  for (const flag of ['registration.open', 'registration.enabled']) await setFlag(flag, true);
  expect((await call('GET', '/v1/auth/captcha-config')).body).toEqual({ enabled: false, site_key: '' });
});

test('registrations are limited per IP address and time window', async () => {
  const strict = await startTestApp({ ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '2', ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
  const from = (address: string, more = {}) =>
    strict.call('POST', '/v1/auth/register', { body: newUser(more), headers: { 'x-forwarded-for': address } });
  expect((await from('203.0.113.1', { password: 'weak' })).status).toBe(400);
  const many = await Promise.all(Array.from({ length: 6 }, () => from('203.0.113.1')));
  expect(many.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429, 429, 429]);
  const late = await from('203.0.113.1');
  expect([late.body.error, late.body.details.reason]).toEqual(['rate_limit', 'registration_rate_limited']);
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(3_500);
  expect((await from('203.0.113.2')).status).toBe(201);
  await strict.sql('update attempt_counts set window_ends = now()');
  expect((await from('203.0.113.1')).status).toBe(201);
});
