import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { codeFor } from '../../support/resources/mail.ts';
import { appCode, enrol, setUp } from '../../support/resources/secondFactor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { call, sql, signUp } = app;
const { refresh, me, logIn } = sessionCalls(call);
const mine = (token: string, path: string, body: object) => call('POST', `/v1/me/second-factor/${path}`, { token, body });
const state = async (token: string) => (await call('GET', '/v1/me/second-factor', { token })).body;
/** Each call from its own address, so that the limits of addresses play no part. */
const somewhere = () => ({ 'x-forwarded-for': `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}::1` });
const verify = (challenge_token: string, code: string, headers: Record<string, string> = somewhere()) =>
  call('POST', '/v1/auth/second-factor/verify', { body: { challenge_token, code }, headers });
const challengeOf = async (person: Pick<Person, 'login' | 'password'>): Promise<string> =>
  (await logIn(person)).answer.body.details.challenge_token;
const forgetStep = ({ id }: Person) => sql('update second_factors set last_step = 0 where user_id = $1', [id]);
const sessionCount = async ({ id }: Person) => Number((await sql('select count(*) from sessions where user_id = $1', [id]))[0].count);

test('a second factor is set up with the password and a code of the app, and the secret is stored encrypted', async () => {
  const person = await signUp();
  const { token, password } = person;
  expect(await state(token)).toEqual({ enabled_at: null, recovery_codes_left: 0 });
  expect(statusAndReason(await mine(token, 'setup', {}))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await mine(token, 'confirm', { code: '123456' }))).toEqual([409, 'second_factor_not_set_up']);
  const first = await mine(token, 'setup', { current_password: password });
  const { status, body } = await mine(token, 'setup', { current_password: password });
  expect(status).toBe(200);
  expect(body.otpauth_uri).toBe(`otpauth://totp/Arkloop:${person.login}?secret=${body.secret}&issuer=Arkloop`);
  expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
  for (const code of ['000000', 'nonsense', '１２３４５６', await appCode(first.body.secret), 'A'.repeat(64)])
    expect([code, ...statusAndReason(await mine(token, 'confirm', { code }))]).toEqual([code, 401, 'second_factor_invalid']);
  // Until it is confirmed, sign-in is as before.
  expect((await logIn(person)).answer.status).toBe(200);

  const code = await appCode(body.secret);
  const confirmed = await mine(token, 'confirm', { code: ` ${code.slice(0, 3)} ${code.slice(3)} ` });
  expect([confirmed.status, confirmed.body.recovery_codes.length]).toEqual([200, 10]);
  expect(new Set(confirmed.body.recovery_codes).size).toBe(10);
  expect(await state(token)).toEqual({ enabled_at: expect.any(String), recovery_codes_left: 10 });
  for (const again of [await mine(token, 'setup', { current_password: password }), await mine(token, 'confirm', { code })])
    expect(statusAndReason(again)).toEqual([409, 'second_factor_enabled']);
  const [row] = await sql('select *, secret_sealed::text as sealed from second_factors where user_id = $1', [person.id]);
  expect(JSON.stringify(row)).not.toContain(body.secret);
  for (const plain of confirmed.body.recovery_codes) expect(JSON.stringify(row)).not.toContain(plain.replaceAll('-', ''));
  const entries = await sql(
    `select action, account_id, target_id, metadata from audit_logs where actor_user_id = $1 and action like 'second%' order by id`,
    [person.id],
  );
  expect(entries.map(({ action }) => action)).toEqual(['second_factor.setup', 'second_factor.setup', 'second_factor.enable']);
  expect(entries).toMatchObject(Array(3).fill({ account_id: person.accountId, target_id: person.id }));
  expect(JSON.stringify(entries)).not.toContain(body.secret);
  const { data } = (await call('GET', '/v1/notifications', { token })).body;
  expect(data.map(({ type }: { type: string }) => type)).toContain('user.second_factor_enabled');
});

test('wrong codes at the confirmation of a setup are counted, and the setup ends after an hour', async () => {
  const person = await signUp();
  const { id, token } = person;
  const late = await appCode(await setUp(app, person));
  await sql('update second_factors set last_step = last_step - 121 where user_id = $1', [id]);
  expect(statusAndReason(await mine(token, 'confirm', { code: late }))).toEqual([409, 'second_factor_not_set_up']);
  const code = await appCode(await setUp(app, person));
  const guesses = await Promise.all(Array.from({ length: 12 }, () => mine(token, 'confirm', { code: 'nonsense' })));
  expect(guesses.map(({ status }) => status).sort()).toEqual([...Array(9).fill(401), ...Array(3).fill(429)]);
  expect(statusAndReason(await mine(token, 'confirm', { code }))).toEqual([429, 'login_rate_limited']);
  const count = `from attempt_counts where bucket = 'second-factor:' || $1`;
  await sql(`delete ${count}`, [id]);
  expect((await mine(token, 'confirm', { code: await appCode(await setUp(app, person)) })).status).toBe(200);
  // From now on the count limits sign-ins, and this session must not use it up.
  expect((await mine(token, 'confirm', { code })).status).toBe(409);
  expect(await sql(`select * ${count}`, [id])).toEqual([]);
});

test('the password opens no session without a code, and a code completes the sign-in once', async () => {
  const person = await signUp();
  const { secret } = await enrol(app, person);
  const before = await sessionCount(person);
  const { answer } = await logIn(person);
  expect(statusAndReason(answer)).toEqual([401, 'second_factor_required']);
  expect([answer.headers.get('set-cookie'), answer.body.access_token]).toEqual([null, undefined]);
  expect(answer.body.details).toEqual({ reason: 'second_factor_required', challenge_token: expect.any(String), expires_in: 600 });
  expect((await logIn({ ...person, password: 'wrong-pass1' })).answer.body.details).toEqual({ reason: 'invalid_credentials' });
  expect(await sessionCount(person)).toBe(before);
  const challenge = answer.body.details.challenge_token;
  // The challenge is no other token.
  expect((await me(challenge)).status).toBe(401);
  expect((await refresh(`arkloop_refresh_token=${challenge}`)).status).toBe(401);
  expect((await call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token: challenge } })).status).toBe(401);

  const code = await appCode(secret);
  const done = await verify(challenge, code);
  expect([done.status, (await me(done.body.access_token)).status, (await refresh(cookieOf(done))).status]).toEqual([200, 200, 200]);
  expect(statusAndReason(await verify(challenge, await appCode(secret, 1)))).toEqual([401, 'challenge_invalid']);
  // A code that has been used, and that of the step before it, are rejected with a new challenge too. The next one works.
  const next = await challengeOf(person);
  for (const old of [code, await appCode(secret, -1)])
    expect(statusAndReason(await verify(next, old))).toEqual([401, 'second_factor_invalid']);
  expect((await verify(next, await appCode(secret, 1))).status).toBe(200);
  const results = await sql(`select metadata from audit_logs where action = 'user.login' and actor_user_id = $1 order by id`, [person.id]);
  expect(results.map(({ metadata: { result, second_factor } }) => [result, second_factor])).toEqual([
    ['second_factor_required', undefined],
    ['succeeded', 'totp'],
    ['second_factor_required', undefined],
    ['succeeded', 'totp'],
  ]);
});

test('a code of the next step is accepted, because clocks differ, but no code that is older or newer', async () => {
  const person = await signUp();
  const { secret } = await enrol(app, person);
  for (const [steps, status] of [
    [1, 200],
    [-3, 401],
    [3, 401],
  ] as const) {
    await forgetStep(person);
    expect([steps, (await verify(await challengeOf(person), await appCode(secret, steps))).status]).toEqual([steps, status]);
  }
});

test('of parallel sign-ins with one code or one challenge exactly one succeeds', async () => {
  const person = await signUp();
  const { secret, recoveryCodes } = await enrol(app, person);
  const challenges = await Promise.all(Array.from({ length: 4 }, () => challengeOf(person)));
  const code = await appCode(secret);
  const same = await Promise.all(challenges.map((challenge) => verify(challenge, code)));
  expect(same.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  const left = challenges.filter((_, at) => same[at]!.status === 401);
  const byRecoveryCode = await Promise.all(left.map((challenge) => verify(challenge, recoveryCodes[0]!)));
  expect(byRecoveryCode.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  const [one] = left.filter((_, at) => byRecoveryCode[at]!.status === 401);
  const codes = recoveryCodes.slice(1, 4);
  const onOneChallenge = await Promise.all(codes.map((each) => verify(one!, each)));
  expect(onOneChallenge.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  expect((await state(person.token)).recovery_codes_left).toBe(8);
});

test('an emailed code also needs the second factor, and then replaces a forgotten password', async () => {
  const person = await signUp();
  const { secret, recoveryCodes } = await enrol(app, person);
  await sql('update users set email_verified_at = now(), email_proven_at = now() where id = $1', [person.id]);
  const { email, login } = person;
  await call('POST', '/v1/auth/email/otp/send', { body: { email } });
  const otp = await codeFor(app, email);
  const asked = await call('POST', '/v1/auth/email/otp/verify', { body: { email, otp, reset_access: true } });
  expect(statusAndReason(asked)).toEqual([401, 'second_factor_required']);
  // The emailed code is used up.
  expect(statusAndReason(await call('POST', '/v1/auth/email/otp/verify', { body: { email, otp, reset_access: true } }))).toEqual([
    401,
    'otp_invalid',
  ]);
  const done = await verify(asked.body.details.challenge_token, await appCode(secret));
  expect(done.status).toBe(200);
  expect((await call('POST', '/v1/me/password', { token: done.body.access_token, body: { new_password: 'Forgotten-1' } })).status).toBe(
    204,
  );

  const { flow_token } = (await call('POST', '/v1/auth/resolve', { body: { identity: login } })).body;
  await call('POST', '/v1/auth/resolve/otp/send', { body: { flow_token } });
  const flow = await call('POST', '/v1/auth/resolve/otp/verify', {
    body: { flow_token, otp: await codeFor(app, email), reset_access: true },
  });
  expect(statusAndReason(flow)).toEqual([401, 'second_factor_required']);
  expect((await verify(flow.body.details.challenge_token, recoveryCodes[0]!.toLowerCase().replaceAll('-', ' '))).status).toBe(200);
  const { body } = await call('GET', '/v1/notifications?type=user.recovery_code_used', { token: done.body.access_token });
  expect(body.data).toHaveLength(1);
});

test('a change of the password, a suspension or an expiry ends a sign-in that waits for its code', async () => {
  const person = await signUp();
  const { secret } = await enrol(app, person);
  const [changed, expired] = [await challengeOf(person), await challengeOf(person)];
  await sql(`update sign_in_challenges set expires_at = now() - interval '1 second' where user_id = $1`, [person.id]);
  expect(statusAndReason(await verify(expired, await appCode(secret)))).toEqual([401, 'challenge_invalid']);
  await sql(`update sign_in_challenges set expires_at = now() + interval '1 minute' where user_id = $1`, [person.id]);
  await call('POST', '/v1/me/password', { token: person.token, body: { current_password: person.password, new_password: 'Passw0rd-2' } });
  expect(statusAndReason(await verify(changed, await appCode(secret)))).toEqual([401, 'challenge_invalid']);
  const suspended = await challengeOf({ ...person, password: 'Passw0rd-2' });
  await sql(`update users set status = 'suspended' where id = $1`, [person.id]);
  expect(statusAndReason(await verify(suspended, await appCode(secret)))).toEqual([403, 'user_suspended']);
  for (const token of ['', 'nonsense', '\u{1F511}', 'x'.repeat(100)])
    expect([token, ...statusAndReason(await verify(token, '123456'))]).toEqual([token, 401, 'challenge_invalid']);
  expect((await verify('x'.repeat(101), '123456')).status).toBe(400);
});

test('guesses are limited per challenge, per address and per user, and a recovery code still works', async () => {
  const person = await signUp();
  const { secret, recoveryCodes } = await enrol(app, person);
  const here = { 'x-forwarded-for': '203.0.113.77' };
  const first = await challengeOf(person);
  const guesses = await Promise.all(Array.from({ length: 8 }, () => verify(first, '000000')));
  expect(guesses.map((answer) => statusAndReason(answer)[1]).sort()).toEqual([
    ...Array(3).fill('challenge_invalid'),
    ...Array(5).fill('second_factor_invalid'),
  ]);
  // A right password does not reset the counts.
  const second = await challengeOf(person);
  for (let at = 0; at < 5; at++) expect((await verify(second, '000000')).status).toBe(401);
  const third = await challengeOf(person);
  const limited = await verify(third, await appCode(secret));
  expect([...statusAndReason(limited), Number(limited.headers.get('retry-after'))]).toEqual([
    429,
    'login_rate_limited',
    expect.any(Number),
  ]);
  expect((await verify(third, recoveryCodes[0]!)).status).toBe(200);

  // The limits of an address are those of passwords.
  const other = await signUp();
  await enrol(app, other);
  const wrong = () => call('POST', '/v1/auth/login', { body: { login: other.login, password: 'wrong-pass1' }, headers: here });
  for (let at = 0; at < 10; at++) expect((await wrong()).status).toBe(401);
  expect(statusAndReason(await verify(await challengeOf(other), 'AAAA-AAAA-AAAA-AAAA', here))).toEqual([429, 'login_rate_limited']);
});

test('recovery codes are replaced with a code, and the second factor is turned off with password and code', async () => {
  const person = await signUp();
  const { token, password } = person;
  expect(statusAndReason(await mine(token, 'recovery-codes', { code: '123456' }))).toEqual([409, 'second_factor_disabled']);
  expect(statusAndReason(await mine(token, 'disable', { current_password: password, code: '1' }))).toEqual([409, 'second_factor_disabled']);
  const { secret, recoveryCodes } = await enrol(app, person);
  expect(statusAndReason(await mine(token, 'recovery-codes', { code: '000000' }))).toEqual([401, 'second_factor_invalid']);
  const renewed = await mine(token, 'recovery-codes', { code: recoveryCodes[0]! });
  expect([renewed.status, (await state(token)).recovery_codes_left]).toEqual([200, 10]);
  const challenge = await challengeOf(person);
  expect(statusAndReason(await verify(challenge, recoveryCodes[1]!))).toEqual([401, 'second_factor_invalid']);

  const code = await appCode(secret);
  expect(statusAndReason(await mine(token, 'disable', { current_password: 'wrong-pass1', code }))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await mine(token, 'disable', { current_password: password, code: '000000' }))).toEqual([
    401,
    'second_factor_invalid',
  ]);
  expect((await logIn(person)).answer.status).toBe(401);
  expect((await mine(token, 'disable', { current_password: password, code })).status).toBe(204);
  expect(await state(token)).toEqual({ enabled_at: null, recovery_codes_left: 0 });
  expect(statusAndReason(await verify(challenge, renewed.body.recovery_codes[0]))).toEqual([401, 'challenge_invalid']);
  expect((await logIn(person)).answer.status).toBe(200);
  expect(await sql('select * from second_factors where user_id = $1', [person.id])).toEqual([]);
  await enrol(app, person);
});

test('an administrator removes the second factor of another user, and deleting a user deletes it', async () => {
  const [admin, person] = [await app.signUpAdmin(), await signUp()];
  await enrol(app, person);
  await enrol(app, admin);
  const remove = ({ id }: Person, { token } = admin) => call('DELETE', `/v1/admin/users/${id}/second-factor`, { token });
  expect((await remove(person, person)).status).toBe(403);
  expect(statusAndReason(await remove(admin))).toEqual([409, 'cannot_modify_self']);
  const challenge = await challengeOf(person);
  expect((await remove(person)).status).toBe(204);
  expect(statusAndReason(await remove(person))).toEqual([409, 'second_factor_disabled']);
  expect((await verify(challenge, '123456')).status).toBe(401);
  expect((await logIn(person)).answer.status).toBe(200);
  await enrol(app, person);
  await challengeOf(person);
  expect((await call('DELETE', `/v1/admin/users/${person.id}`, { token: admin.token })).status).toBe(204);
  for (const table of ['second_factors', 'sign_in_challenges'])
    expect(await sql(`select * from ${table} where user_id = $1`, [person.id])).toEqual([]);
});

test('where mail is delivered, only users with a verified address can set up a second factor', async () => {
  const mailed = await sharedTestApp({ ARKLOOP_EMAIL_FROM: 'hello@arkloop.test', ARKLOOP_SMTP_HOST: '127.0.0.1', ARKLOOP_SMTP_PORT: '9' });
  const person = await mailed.signUp();
  const setUp = () =>
    mailed.call('POST', '/v1/me/second-factor/setup', { token: person.token, body: { current_password: person.password } });
  expect(statusAndReason(await setUp())).toEqual([409, 'email_not_verified']);
  await mailed.sql('update users set email_verified_at = now() where id = $1', [person.id]);
  expect((await setUp()).status).toBe(200);
});
