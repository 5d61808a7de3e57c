import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { codeFor } from '../../support/resources/mail.ts';

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { call, sql, signUp } = app;
const { refresh, me, logIn } = sessionCalls(call);
const change = (token: string, body: object, headers: Record<string, string> = {}) =>
  call('POST', '/v1/me/password', { token, body, headers });
const signInByCode = async ({ email }: Person) => {
  await call('POST', '/v1/auth/email/otp/send', { body: { email } });
  const answer = await call('POST', '/v1/auth/email/otp/verify', { body: { email, otp: await codeFor(app, email), reset_access: true } });
  return answer.body.access_token as string;
};
const statusOf = async (person: Person, password: string) => (await logIn({ ...person, password })).answer.status;

test('a password change ends every other session, and keeps the current one and API keys', async () => {
  const person = await signUp();
  const other = await logIn(person);
  const { key } = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body;
  expect((await me(other.token)).status).toBe(200);
  expect((await change(person.token, { current_password: person.password, new_password: 'Passw0rd-2' })).status).toBe(204);
  expect(statusAndReason(await me(other.token))).toEqual([401, 'session_revoked']);
  expect(statusAndReason(await refresh(other.cookie))).toEqual([401, 'session_revoked']);
  expect((await me(person.token)).status).toBe(200);
  expect((await refresh(person.cookie)).status).toBe(200);
  expect((await call('GET', '/v1/threads', { token: key })).status).toBe(200);
  expect([await statusOf(person, person.password), await statusOf(person, 'Passw0rd-2')]).toEqual([401, 200]);
  const entries = await sql(`select * from audit_logs where action = 'user.password_change' and actor_user_id = $1`, [person.id]);
  expect(entries).toMatchObject([{ account_id: person.accountId, actor_user_id: person.id, target_type: 'user', target_id: person.id }]);
  expect(JSON.stringify(entries)).not.toContain('Passw0rd');
});

test('a wrong or missing current password changes nothing', async () => {
  const person = await signUp();
  for (const current_password of [
    'wrong-pass1',
    undefined,
    null,
    '',
    'x'.repeat(2_000),
    `${person.password} `,
    person.password.toUpperCase(),
  ])
    expect([current_password, ...statusAndReason(await change(person.token, { current_password, new_password: 'Passw0rd-2' }))]).toEqual([
      current_password,
      401,
      'invalid_credentials',
    ]);
  for (const current_password of [7, ['x'], { $ne: '' }])
    expect((await change(person.token, { current_password, new_password: 'Passw0rd-2' })).status).toBe(400);
  expect(await statusOf(person, person.password)).toBe(200);
  expect(await sql(`select id from audit_logs where action = 'user.password_change' and target_id = $1`, [person.id])).toEqual([]);
});

test('wrong current passwords count as failed sign-ins', async () => {
  const person = await signUp();
  const here = { 'x-forwarded-for': '203.0.113.9' };
  const guess = () => change(person.token, { current_password: 'wrong-pass1', new_password: 'Passw0rd-2' }, here);
  const answers = await Promise.all(Array.from({ length: 14 }, guess));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(10).fill(401), ...Array(4).fill(429)]);
  const right = await change(person.token, { current_password: person.password, new_password: 'Passw0rd-2' }, here);
  expect(statusAndReason(right)).toEqual([429, 'login_rate_limited']);
  const { login, password } = person;
  expect((await call('POST', '/v1/auth/login', { body: { login, password }, headers: here })).status).toBe(429);
  expect(await statusOf(person, password)).toBe(200);
});

test('a session that ends while it sets a password sets none', async () => {
  const person = await signUp();
  const token = await signInByCode(person);
  const end = `update sessions set revoked_at = now() where user_id = $1 and method = 'email_otp'`;
  const late = await duringUncommittedChange(app, [[end, [person.id]]], () => change(token, { new_password: 'Late-12345' }));
  expect(statusAndReason(late)).toEqual([401, 'session_revoked']);
  expect(await statusOf(person, 'Late-12345')).toBe(401);
});

test('a session opened by a mailed code needs no current password for ten minutes', async () => {
  const person = await signUp();
  const token = await signInByCode(person);
  expect((await change(token, { new_password: 'Forgotten-1' })).status).toBe(204);
  expect(await statusOf(person, 'Forgotten-1')).toBe(200);
  await sql(`update sessions set created_at = created_at - interval '601 seconds' where user_id = $1`, [person.id]);
  expect(statusAndReason(await change(token, { new_password: 'Forgotten-2' }))).toEqual([401, 'invalid_credentials']);
  expect((await change(token, { current_password: 'Forgotten-1', new_password: 'Forgotten-2' })).status).toBe(204);
  const byPassword = await logIn({ ...person, password: 'Forgotten-2' });
  expect(statusAndReason(await change(byPassword.token, { new_password: 'Forgotten-3' }))).toEqual([401, 'invalid_credentials']);
});

test('a code session of another user does not replace the current password', async () => {
  const [a, b] = [await signUp(), await signUp()];
  await signInByCode(a);
  expect(statusAndReason(await change(b.token, { new_password: 'Forgotten-1' }))).toEqual([401, 'invalid_credentials']);
});

test('a weak password is rejected before the current password is checked', async () => {
  const person = await signUp();
  const token = await signInByCode(person);
  for (const new_password of ['abcdefgh', '12345678', 'abc123', `${'a'.repeat(256)}1`, `${'界'.repeat(86)}1`, '']) {
    const answer = await change(token, { current_password: 'wrong', new_password });
    expect([new_password, ...statusAndReason(answer), answer.body.details.issues[0].path]).toEqual([
      new_password,
      400,
      'password_policy',
      '/new_password',
    ]);
  }
  expect((await change(token, { new_password: '密码123456' })).status).toBe(204);
});

test('of parallel changes from one password, exactly one succeeds', async () => {
  const person = await signUp();
  const wanted = Array.from({ length: 6 }, (_, at) => `Passw0rd-new${at}`);
  const answers = await Promise.all(
    wanted.map((new_password) => change(person.token, { current_password: person.password, new_password })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(5).fill(401)]);
  const winner = wanted[answers.findIndex(({ status }) => status === 204)]!;
  expect(await statusOf(person, winner)).toBe(200);
});

test('a sign-in with the old password that races the change leaves no session behind', async () => {
  for (let round = 0; round < 4; round++) {
    const person = await signUp();
    const racing = Array.from({ length: 4 }, () => logIn(person));
    const changed = await change(person.token, { current_password: person.password, new_password: 'Passw0rd-2' });
    expect(changed.status).toBe(204);
    for (const { token, answer } of await Promise.all(racing))
      if (answer.status === 200) expect(statusAndReason(await me(token))).toEqual([401, 'session_revoked']);
    const live = await sql('select id from sessions where user_id = $1 and revoked_at is null', [person.id]);
    expect(live).toHaveLength(1);
  }
});

test('a repeated change with the same idempotency key is replayed, and rejected with another body', async () => {
  const person = await signUp();
  const body = { current_password: person.password, new_password: 'Passw0rd-2' };
  const first = await change(person.token, body, { 'idempotency-key': 'change-1' });
  const again = await change(person.token, body, { 'idempotency-key': 'change-1' });
  expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([204, 204, 'true']);
  expect(statusAndReason(await change(person.token, { ...body, new_password: 'Passw0rd-3' }, { 'idempotency-key': 'change-1' }))).toEqual([
    409,
    'idempotency_key_reused',
  ]);
});

test('an API key cannot change the password', async () => {
  const person = await signUp();
  const { key } = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body;
  expect(statusAndReason(await change(key, { new_password: 'Passw0rd-2' }))).toEqual([403, 'api_key_not_allowed']);
});
