import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { queuedMails, verificationTokenFor } from '../../support/resources/mail.ts';

const app = await startTestApp({ ARKLOOP_APP_BASE_URL: 'https://app.arkloop.test/' }, { worker: false });
const { call, sql, signUp, joinAccount } = app;
const { me } = sessionCalls(call);
const send = ({ token }: Pick<Person, 'token'>, headers: Record<string, string> = {}) =>
  call('POST', '/v1/auth/email/verify/send', { token, headers });
/** Confirms the address, in the session of a person if given. */
const confirm = (token: unknown, person?: Person) =>
  call('POST', '/v1/auth/email/verify/confirm', {
    body: { token, ...(!person && { reset_access: true }) },
    ...(person && { headers: { cookie: person.cookie } }),
  });
const isVerified = async ({ token }: Person) => (await me(token)).body.email_verified as boolean;

test("registration mails a link in the user's language, and its token verifies once", async () => {
  const person = await signUp();
  const mails = await queuedMails(app, person.email);
  expect(mails.map(({ kind, locale }) => [kind, locale])).toEqual([['verification', null]]);
  const token = await verificationTokenFor(app, person.email);
  expect(mails[0]!.data).toEqual({ url: `https://app.arkloop.test/verify?token=${token}` });
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await isVerified(person)).toBe(false);
  const answer = await confirm(token, person);
  expect([answer.status, answer.body, await isVerified(person)]).toEqual([200, { ok: true }, true]);
  expect(statusAndReason(await confirm(token))).toEqual([400, 'token_invalid']);
  const entries = await sql(`select action, account_id, actor_user_id, target_type from audit_logs where target_id = $1 order by id`, [
    person.id,
  ]);
  expect(entries.at(-1)).toEqual({
    action: 'user.email_verify',
    account_id: person.accountId,
    actor_user_id: person.id,
    target_type: 'user',
  });
  const abroad = { login: 'abroad', email: 'abroad@example.test', password: 'abc12345', locale: 'zh-Hant-TW' };
  expect((await call('POST', '/v1/auth/register', { body: abroad })).status).toBe(201);
  expect((await queuedMails(app, abroad.email))[0]!.locale).toBe('zh-Hant-TW');
});

test('only the hash of the token is stored', async () => {
  const { email } = await signUp();
  const token = await verificationTokenFor(app, email);
  for (const table of ['email_verifications', 'audit_logs', 'graphile_worker._private_jobs'])
    expect(JSON.stringify(await sql(`select t::text from ${table} t`))).not.toContain(token);
});

test('of parallel confirmations exactly one succeeds', async () => {
  const { email } = await signUp();
  const token = await verificationTokenFor(app, email);
  const answers = await Promise.all([confirm(token), confirm(token), confirm(token)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
});

test('unknown, expired and replaced tokens and tokens of another address get the same error', async () => {
  const person = await signUp();
  const first = await verificationTokenFor(app, person.email);
  expect((await send(person)).status).toBe(204);
  const second = await verificationTokenFor(app, person.email);
  expect(second).not.toBe(first);
  const bare = ({ status, body }: Awaited<ReturnType<typeof confirm>>) => [status, { ...body, trace_id: '' }];
  const replaced = bare(await confirm(first));
  expect(replaced).toMatchObject([400, { error: 'validation.error', details: { reason: 'token_invalid' } }]);
  await sql(`update email_verifications set expires_at = now() where user_id = $1`, [person.id]);
  expect(bare(await confirm(second))).toEqual(replaced);
  for (const wrong of ['', 'x', `${first}x`, 'A'.repeat(43), 'x'.repeat(5_000)]) expect(bare(await confirm(wrong))).toEqual(replaced);
  for (const wrong of [7, null, {}, [first]]) expect((await confirm(wrong)).status).toBe(400);
  await send(person);
  const third = await verificationTokenFor(app, person.email);
  await sql(`update users set email = 'changed-' || email, email_key = 'changed-' || email_key where id = $1`, [person.id]);
  expect(bare(await confirm(third))).toEqual(replaced);
  expect(await isVerified(person)).toBe(false);
});

test('users with a verified address or without an address get no link', async () => {
  const [verified, mute] = [await signUp(), await signUp()];
  await confirm(await verificationTokenFor(app, verified.email), verified);
  for (let at = 0; at < 7; at++) expect((await send(verified)).status).toBe(204);
  expect(await queuedMails(app, verified.email)).toHaveLength(1);
  expect(await sql(`select id from audit_logs where action = 'user.email_verify_send' and target_id = $1`, [verified.id])).toEqual([]);
  await sql(`update users set email = null, email_key = null where id = $1`, [mute.id]);
  expect(statusAndReason(await send(mute))).toEqual([409, 'no_email']);
});

test('the sixth link to a user within ten minutes is rejected', async () => {
  const [person, other] = [await signUp(), await signUp()];
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(person)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(204), ...Array(3).fill(429)]);
  const refused = await send(person);
  expect(statusAndReason(refused)).toEqual([429, 'verification_rate_limited']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590);
  expect((await send(other)).status).toBe(204);
  expect(await queuedMails(app, person.email)).toHaveLength(6);
});

test('works for a user whose account is suspended, but not for API keys or without a token', async () => {
  const [person, host] = [await signUp(), await signUp()];
  await joinAccount(person, host);
  await sql(`update accounts set status = 'suspended' where id = $1`, [host.accountId]);
  expect((await send(person, { 'x-account-id': host.accountId })).status).toBe(204);
  const entries = await sql(`select account_id, actor_user_id from audit_logs where action = 'user.email_verify_send' and target_id = $1`, [
    person.id,
  ]);
  expect(entries).toEqual([{ account_id: person.accountId, actor_user_id: person.id }]);
  const { key } = (await call('POST', '/v1/api-keys', { token: person.token, body: { name: 'k' } })).body;
  expect(statusAndReason(await send({ token: key }))).toEqual([403, 'api_key_not_allowed']);
  expect(statusAndReason(await call('POST', '/v1/auth/email/verify/send'))).toEqual([401, 'missing_token']);
});

test('while verification is required, a password signs in only after the link, and a mailed code always does', async () => {
  await sql(`update feature_flags set default_value = true where key = 'auth.require_email_verification'`);
  try {
    const [person, other] = [await signUp(), await signUp()];
    const logIn = (password: string, { login }: Person = person) => call('POST', '/v1/auth/login', { body: { login, password } });
    expect((await me(person.token)).body.email_verification_required).toBe(true);
    expect(statusAndReason(await logIn(person.password))).toEqual([403, 'email_not_verified']);
    expect(statusAndReason(await logIn('wrong-pass1'))).toEqual([401, 'invalid_credentials']);
    await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } });
    const mail = (await queuedMails(app, person.email)).at(-1)!;
    const otp = mail.kind === 'otp' ? mail.data.code : '';
    expect((await call('POST', '/v1/auth/email/otp/verify', { body: { email: person.email, otp, reset_access: true } })).status).toBe(200);
    expect(statusAndReason(await logIn(person.password))).toEqual([401, 'invalid_credentials']);
    expect((await confirm(await verificationTokenFor(app, other.email), other)).status).toBe(200);
    expect((await logIn(other.password, other)).status).toBe(200);
  } finally {
    await sql(`update feature_flags set default_value = false where key = 'auth.require_email_verification'`);
  }
});

test('if mail cannot be queued, registration succeeds with a warning', async () => {
  const person = await signUp();
  await sql('alter function graphile_worker.add_job rename to add_job_away');
  try {
    const body = { login: 'unmailed', email: 'unmailed@example.test', password: 'abc12345', invite_code: 'NOSUCHCD' };
    const registered = await call('POST', '/v1/auth/register', { body });
    expect(registered.status).toBe(201);
    expect(registered.body.warning).toMatch(/invite code.*; .*mail/);
    expect((await me(registered.body.access_token)).status).toBe(200);
    expect(statusAndReason(await send(person))).toEqual([503, 'dependency_unavailable']);
    expect((await call('POST', '/v1/auth/email/otp/send', { body: { email: person.email } })).status).toBe(204);
  } finally {
    await sql('alter function graphile_worker.add_job_away rename to add_job');
  }
});

test('without a mail configuration registration works and mail endpoints return email_not_configured', async () => {
  const away = await startTestApp(
    {
      ARKLOOP_ENV: 'production',
      ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0',
      ...secrets,
      ARKLOOP_DATABASE_URL: 'postgres://named.only/here',
    },
    { worker: false },
  );
  const person = await away.signUp();
  expect(await away.sql('select * from email_verifications')).toHaveLength(1);
  expect(await queuedMails(away)).toEqual([]);
  expect(statusAndReason(await away.call('POST', '/v1/auth/email/verify/send', { token: person.token }))).toEqual([
    503,
    'email_not_configured',
  ]);
  for (const email of [person.email, 'nobody@example.test'])
    expect(statusAndReason(await away.call('POST', '/v1/auth/email/otp/send', { body: { email } }))).toEqual([503, 'email_not_configured']);
});
const secrets = {
  ARKLOOP_AUTH_JWT_SECRET: 'q7Rk2vXw9ZbN4mTs8LpY3cHd6FgJ1aEu',
  ARKLOOP_ENCRYPTION_KEY: '9f86d081884c7d659a2feaa0c55ad015'.repeat(2),
};
