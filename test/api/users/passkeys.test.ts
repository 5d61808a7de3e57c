import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { createAuthenticator } from '../../support/passkeys/authenticator.ts';
import { passkeyCalls } from '../../support/passkeys/passkeyCalls.ts';
import { codeFor } from '../../support/resources/mail.ts';
import { appCode, enrol } from '../../support/resources/secondFactor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { call, sql, signUp } = app;
const { me, logIn, refresh } = sessionCalls(call);
const { post, creationOptions, register, requestOptions, verify, signIn, confirm, list } = passkeyCalls(app);

const factor = (token: string, path: string, body: object) => post(`/v1/me/second-factor/${path}`, body, token);

test('a passkey is registered, signs in without a login, and is listed, renamed and deleted', async () => {
  const person = await signUp();
  const { token } = person;
  expect(await list(token)).toEqual([]);
  const options = await creationOptions(person);
  expect(options).toMatchObject({
    rp: { id: 'localhost', name: 'Arkloop' },
    user: { name: person.login, displayName: person.login },
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    timeout: 300_000,
  });
  expect(Buffer.from(options.user.id, 'base64url').toString('hex')).toBe(person.id.replaceAll('-', ''));
  const authenticator = createAuthenticator({ synced: true });
  const name = 'Schlüssel 🔑 鍵';
  const made = await post('/v1/me/passkeys', { name: `  ${name} `, credential: authenticator.create(options) }, token);
  expect([made.status, made.body]).toEqual([
    201,
    { id: expect.any(String), name, backup_eligible: true, backed_up: true, created_at: expect.any(String), last_used_at: null },
  ]);
  expect(JSON.stringify((await creationOptions(person)).excludeCredentials)).toContain(authenticator.credentialId);

  const asked = await requestOptions();
  expect(asked).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
  expect(asked.allowCredentials).toBeUndefined();
  const done = await verify(authenticator.get(asked), { 'user-agent': 'curl/8.5.0' });
  expect([done.status, done.body]).toEqual([200, { access_token: expect.any(String), token_type: 'bearer', expires_in: 900 }]);
  const fresh = done.body.access_token;
  expect((await me(fresh)).body.id).toBe(person.id);
  const [session] = (await call('GET', '/v1/me/sessions', { token: fresh })).body;
  expect(session).toMatchObject({ is_current: true, method: 'passkey', device: 'curl 8' });
  expect((await refresh(done.headers.get('set-cookie')!.split(';')[0])).status).toBe(200);

  expect(await list(token)).toEqual([{ ...made.body, last_used_at: expect.any(String) }]);
  const path = `/v1/me/passkeys/${made.body.id}`;
  const renamed = await call('PATCH', path, { token, body: { name: 'Phone' } });
  expect([renamed.status, renamed.body.name]).toEqual([200, 'Phone']);
  expect((await call('DELETE', path, { token })).status).toBe(204);
  expect(await list(token)).toEqual([]);
  expect(statusAndReason(await call('DELETE', path, { token }))[0]).toBe(404);
  expect(statusAndReason(await signIn(authenticator))).toEqual([401, 'passkey_invalid']);

  const entries = await sql(
    `select action, account_id, target_id, metadata from audit_logs where actor_user_id = $1 and (action like 'passkey%' or action = 'user.login') order by id`,
    [person.id],
  );
  expect(entries.map(({ action }) => action)).toEqual([
    'passkey.register_start',
    'passkey.register',
    'passkey.register_start',
    'user.login',
    'passkey.update',
    'passkey.delete',
  ]);
  expect(entries).toMatchObject(Array(6).fill({ account_id: person.accountId }));
  expect(entries[3]!.metadata).toMatchObject({ result: 'succeeded', method: 'passkey', passkey_id: made.body.id });
  const { data } = (await call('GET', '/v1/notifications', { token })).body;
  expect(data.map(({ type }: { type: string }) => type)).toEqual(
    expect.arrayContaining(['user.passkey_registered', 'user.passkey_deleted']),
  );
});

test('registering takes the password, a code if there is a second factor, and a verified address', async () => {
  const person = await signUp();
  const { token, password } = person;
  for (const body of [{}, { current_password: null }, { current_password: 'wrong-1-word' }])
    expect(statusAndReason(await post('/v1/me/passkeys/options', body, token))).toEqual([401, 'invalid_credentials']);
  const { secret } = await enrol(app, person);
  const start = (more: object) => post('/v1/me/passkeys/options', { current_password: password, ...more }, token);
  for (const code of [undefined, null, '000000']) expect(statusAndReason(await start({ code }))).toEqual([401, 'second_factor_invalid']);
  expect((await start({ code: await appCode(secret) })).status).toBe(200);
});

test('where mail is delivered, registering needs a verified address', async () => {
  const mailing = await sharedTestApp({ ARKLOOP_EMAIL_FROM: 'a@b.example', ARKLOOP_SMTP_HOST: 'localhost', ARKLOOP_SMTP_PORT: '1' });
  const person = await mailing.signUp();
  const body = { current_password: person.password };
  const answer = await mailing.call('POST', '/v1/me/passkeys/options', { token: person.token, body });
  expect(statusAndReason(answer)).toEqual([409, 'email_not_verified']);
});

test('a passkey replaces the code of a sign-in, and its verification of the user replaces the second factor', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  const { secret } = await enrol(app, person);
  const alone = await signIn(authenticator);
  expect(alone.status).toBe(200);

  const { answer } = await logIn(person);
  expect(answer.body.details).toEqual({
    reason: 'second_factor_required',
    challenge_token: expect.any(String),
    expires_in: 600,
    passkey: true,
  });
  const challenge = answer.body.details.challenge_token;
  const options = await requestOptions(challenge);
  expect(options.allowCredentials).toMatchObject([{ id: authenticator.credentialId, transports: ['internal'] }]);
  const done = await verify(authenticator.get(options));
  expect(done.status).toBe(200);
  const [session] = (await call('GET', '/v1/me/sessions', { token: done.body.access_token })).body;
  expect(session).toMatchObject({ is_current: true, method: 'password' });
  const [{ metadata }] = await sql(
    `select metadata from audit_logs where actor_user_id = $1 and action = 'user.login' order by id desc limit 1`,
    [person.id],
  );
  expect(metadata).toMatchObject({ method: 'password', second_factor: 'passkey' });
  // A passkey has opened the session, so neither password nor code is asked for.
  expect((await post('/v1/me/passkeys/options', {}, done.body.access_token)).status).toBe(200);
  // The challenge of the sign-in is used up, for passkeys and for codes.
  expect(statusAndReason(await post('/v1/auth/passkey/options', { challenge_token: challenge }))).toEqual([401, 'challenge_invalid']);
  const late = { challenge_token: challenge, code: await appCode(secret) };
  expect(statusAndReason(await post('/v1/auth/second-factor/verify', late))).toEqual([401, 'challenge_invalid']);
});

test('a sign-in that needs a second factor takes only a passkey of its own user', async () => {
  const [mine, other, none] = [await signUp(), await signUp(), await signUp()];
  await register(mine);
  const { authenticator: foreign } = await register(other);
  await enrol(app, mine);
  await enrol(app, none);
  const options = await requestOptions((await logIn(mine)).answer.body.details.challenge_token);
  expect(statusAndReason(await verify(foreign.get(options)))).toEqual([401, 'passkey_invalid']);
  const token = (await logIn(none)).answer.body.details.challenge_token;
  expect(statusAndReason(await post('/v1/auth/passkey/options', { challenge_token: token }))).toEqual([409, 'passkey_missing']);
  expect(statusAndReason(await post('/v1/auth/passkey/options', { challenge_token: 'nonsense' }))).toEqual([401, 'challenge_invalid']);
});

test('a passkey confirms a session, which then needs neither password nor code for ten minutes', async () => {
  const person = await signUp();
  const { token } = person;
  expect(statusAndReason(await post('/v1/me/confirmation/options', undefined, token))).toEqual([409, 'passkey_missing']);
  const { authenticator } = await register(person);
  await enrol(app, person);
  const change = (new_password: string) => post('/v1/me/password', { new_password }, token);
  const expire = () => sql(`update sessions set confirmed_at = now() - interval '11 minutes' where user_id = $1`, [person.id]);
  expect(statusAndReason(await change('Passw0rd-2'))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await factor(token, 'recovery-codes', {}))).toEqual([401, 'second_factor_invalid']);

  expect((await confirm(token, authenticator)).status).toBe(204);
  expect((await factor(token, 'recovery-codes', {})).body.recovery_codes).toHaveLength(10);
  expect((await change('Passw0rd-2')).status).toBe(204);
  expect((await post('/v1/me/passkeys/options', {}, token)).status).toBe(200);
  await expire();
  expect(statusAndReason(await change('Passw0rd-3'))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await factor(token, 'disable', {}))).toEqual([401, 'invalid_credentials']);
  expect((await confirm(token, authenticator)).status).toBe(204);
  expect((await factor(token, 'disable', {})).status).toBe(204);
  expect((await factor(token, 'setup', {})).status).toBe(200);

  // Another session of the user is not confirmed; one that a passkey opens is.
  const other = await logIn({ ...person, password: 'Passw0rd-2' });
  expect(statusAndReason(await factor(other.token, 'setup', {}))).toEqual([401, 'invalid_credentials']);
  const { body } = await signIn(authenticator);
  expect((await factor(body.access_token, 'setup', {})).status).toBe(200);
});

test('the last way to sign in is not deleted', async () => {
  // Mail is written to a folder, so codes reach the address.
  const person = await signUp();
  const { passkey, authenticator } = await register(person);
  const second = await register(person, { name: 'Phone' });
  await sql('update credentials set password_hash = null where user_id = $1', [person.id]);
  await sql('update users set email = null, email_key = null, email_skeleton = null where id = $1', [person.id]);
  const remove = (id: string) => call('DELETE', `/v1/me/passkeys/${id}`, { token: person.token });
  // Of parallel calls, one is refused.
  const answers = await Promise.all([remove(passkey.id), remove(second.passkey.id)]);
  expect(answers.map(statusAndReason).sort()).toEqual([
    [204, undefined],
    [409, 'last_sign_in_method'],
  ]);
  const [left] = await list(person.token);
  const signedIn = await signIn(left.id === passkey.id ? authenticator : second.authenticator);
  expect(signedIn.status).toBe(200);
  expect((await post('/v1/me/password', { new_password: 'Passw0rd-2' }, signedIn.body.access_token)).status).toBe(204);
  expect((await call('DELETE', `/v1/me/passkeys/${left.id}`, { token: signedIn.body.access_token })).status).toBe(204);
});

test('a user has at most 20 passkeys, with names of 1 to 100 characters', async () => {
  const person = await signUp();
  const { token } = person;
  const first = await register(person, { name: '🔑'.repeat(50) });
  for (const name of ['', '   ', 'a'.repeat(101), 7, null]) {
    const { status } = await call('PATCH', `/v1/me/passkeys/${first.passkey.id}`, { token, body: { name } });
    expect([name, status]).toEqual([name, 400]);
  }
  const options = await creationOptions(person);
  await sql(
    `insert into passkeys (id, user_id, credential_id, public_key, name, backup_eligible, backed_up)
     select gen_random_uuid(), $1::uuid, 'filler-' || $1::uuid || n, '', 'filler', false, false from generate_series(1, 18) n`,
    [person.id],
  );
  const parallel = await Promise.all(
    [options, await creationOptions(person)].map((each) =>
      post('/v1/me/passkeys', { name: 'twentieth', credential: createAuthenticator().create(each) }, token),
    ),
  );
  expect(parallel.map(statusAndReason).sort()).toEqual([
    [201, undefined],
    [409, 'passkey_limit_reached'],
  ]);
  expect(statusAndReason(await post('/v1/me/passkeys/options', { current_password: person.password }, token))).toEqual([
    409,
    'passkey_limit_reached',
  ]);
  const page = await call('GET', '/v1/me/passkeys?limit=15', { token });
  const rest = await call('GET', `/v1/me/passkeys?limit=15&before=${page.headers.get('x-next-cursor')}`, { token });
  expect([page.body.length, rest.body.length]).toEqual([15, 5]);
});

test('the first proof of an address deletes passkeys, which another person may have registered', async () => {
  const person = await signUp();
  const { authenticator } = await register(person);
  await post('/v1/auth/email/otp/send', { email: person.email });
  const proof = await post('/v1/auth/email/otp/verify', { email: person.email, otp: await codeFor(app, person.email), reset_access: true });
  expect(proof.status).toBe(200);
  expect(await list(proof.body.access_token)).toEqual([]);
  expect(statusAndReason(await signIn(authenticator))).toEqual([401, 'passkey_invalid']);
});
