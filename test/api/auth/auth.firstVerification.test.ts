import { describe, expect, test } from 'vitest';
import { type Answer, type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { cookieOf, sessionCalls } from '../../support/http/sessions.ts';
import { codeFor, queuedMails, verificationTokenFor } from '../../support/resources/mail.ts';
import { proofCalls } from '../../support/resources/proofs.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';

// An attacker registers with a victim's address and waits for the victim to prove it (Sudhodanan and Paverd 2022, "Pre-hijacked
// accounts"): classic-federated merge, unexpired session, trojan identifier, unexpired email change, non-verifying identity provider.

const app = await sharedTestApp();
const { call, sql, signUp, promote } = app;
const { refresh, me, logIn } = sessionCalls(call);
const { post, byCode, works, noticesOf } = proofCalls(app);
const { openWorkspace } = workspaceCalls(app);
const platformAdmin = await signUp();
await promote(platformAdmin);
const updateUser = ({ id }: Person, body: object) => call('PATCH', `/v1/admin/users/${id}`, { token: platformAdmin.token, body });

const reset = { reset_access: true };

async function signInByFlow({ login, email }: Person, priorAccess: object = reset): Promise<Answer> {
  const { flow_token } = (await post('/v1/auth/resolve', { identity: login })).body;
  await post('/v1/auth/resolve/otp/send', { flow_token });
  return post('/v1/auth/resolve/otp/verify', { flow_token, otp: await codeFor(app, email), ...priorAccess });
}
const confirm = async ({ email }: Pick<Person, 'email'>, options: Parameters<typeof call>[2] = {}, priorAccess: object = {}) =>
  post('/v1/auth/email/verify/confirm', { token: await verificationTokenFor(app, email), ...priorAccess }, options);
const newKey = async ({ token }: Pick<Person, 'token'>, headers = {}) =>
  (await post('/v1/api-keys', { name: 'k' }, { token, headers })).body.key as string;

/** Creates the attacker's password, sessions and keys. `look` tells which of them still work. */
async function createAttackerAccess() {
  const person = await signUp();
  const [second, workspace] = [await logIn(person), await openWorkspace(person)];
  const keys = [await newKey(person), await newKey(person, inAccount(workspace.id))];
  expect(await Promise.all(keys.map(works))).toEqual([200, 200]);
  const look = async () => ({
    password: (await logIn(person)).answer.status,
    tokens: [(await me(person.token)).status, (await me(second.token)).status],
    keys: await Promise.all(keys.map(works)),
    // Last, because a refresh rotates the token.
    cookie: (await refresh(second.cookie)).status,
  });
  return { person, workspace, look };
}
const revokedAccess = { password: 401, tokens: [401, 401], keys: [401, 401], cookie: 401 };
const unchangedAccess = { password: 200, tokens: [200, 200], keys: [200, 200], cookie: 200 };

const stranger = await signUp();
const proofs: [string, (person: Person) => Promise<Answer>][] = [
  ['a code', (person) => byCode(person)],
  ['a flow and its code', (person) => signInByFlow(person)],
  ['the mailed link, without a session', (person) => confirm(person, {}, reset)],
  ['the mailed link, with the session of another user', (person) => confirm(person, { headers: { cookie: stranger.cookie } }, reset)],
  ['the mailed link, with the access token of another user', (person) => confirm(person, { token: stranger.token }, reset)],
];

test.each(proofs)('the first proof of an address by %s revokes password, sessions and keys, and notifies the user', async (_, prove) => {
  const { person, look } = await createAttackerAccess();
  const proved = await prove(person);
  expect(proved.status).toBe(200);
  expect(await look()).toEqual(revokedAccess);
  expect((await queuedMails(app, person.email)).map(({ kind }) => kind)).toContain('access_reset');
  const { access_token: token } = proved.body.access_token ? proved.body : (await byCode(person)).body;
  expect((await me(token)).body).toMatchObject({ id: person.id, email_verified: true, account_id: person.accountId });
  const notices = await noticesOf(token);
  expect(notices).toMatchObject([{ account_id: person.accountId, payload: { api_keys: 2, invitations: 0, connections: 0 } }]);
  const entries = await sql(`select account_id, metadata from audit_logs where action = 'user.access_reset' and target_id = $1`, [
    person.id,
  ]);
  expect(entries).toMatchObject([{ account_id: person.accountId, metadata: { api_keys: 2 } }]);
  expect(statusAndReason(await refresh(person.cookie))).toEqual([401, 'session_revoked']);
  // The owner of the address sets a new password.
  expect((await post('/v1/me/password', { current_password: person.password, new_password: 'Mine-1234' }, { token })).status).toBe(204);
  expect((await logIn({ ...person, password: 'Mine-1234' })).answer.status).toBe(200);
  expect((await logIn(person)).answer.status).toBe(401);
});

/** Proofs outside the session of the sign-up, with what the owner of the mailbox says about the sign-up. */
const outside: [string, (person: Person, priorAccess: object) => Promise<Answer>][] = [
  ['a code', byCode],
  ['a flow and its code', signInByFlow],
  ['the mailed link', (person, priorAccess) => confirm(person, {}, priorAccess)],
];

describe.each(outside)('%s outside the session of the sign-up', (_, prove) => {
  test('changes nothing until its reader says what becomes of the access before, and tells who signed up when', async () => {
    const { person, look } = await createAttackerAccess();
    const { created_at: signedUpAt } = (await me(person.token)).body;
    // The name that others see can be changed to anything.
    expect((await call('PATCH', '/v1/me', { token: person.token, body: { username: 'Your bank' } })).status).toBe(200);
    const asked = await prove(person, {});
    expect(statusAndReason(asked)).toEqual([409, 'first_verification']);
    expect(asked.body.details).toMatchObject({ login: person.login, signed_up_at: signedUpAt });
    expect(statusAndReason(await prove(person, { reset_access: false }))).toEqual([409, 'first_verification']);
    expect(await look()).toEqual(unchangedAccess);
    expect((await me(person.token)).body.email_verified).toBe(false);
    expect((await prove(person, reset)).status).toBe(200);
    expect(await look()).toEqual(revokedAccess);
  });

  test('with the password that was chosen ends nothing, and with a wrong one changes nothing', async () => {
    const { person, look } = await createAttackerAccess();
    expect(statusAndReason(await prove(person, { password: 'Wrong-1234' }))).toEqual([401, 'invalid_credentials']);
    expect((await me(person.token)).body.email_verified).toBe(false);
    expect((await prove(person, { password: person.password })).status).toBe(200);
    expect((await me(person.token)).body.email_verified).toBe(true);
    expect(await look()).toEqual(unchangedAccess);
    expect(await noticesOf(person.token)).toEqual([]);
  });
});

test('the reader of a link ends all access before and chooses a password at once', async () => {
  const { person, look } = await createAttackerAccess();
  const asked = { ...reset, new_password: 'Mine-1234' };
  expect((await confirm(person, {}, { new_password: 'Mine-1234' })).status).toBe(400);
  expect(statusAndReason(await confirm(person, {}, { ...reset, new_password: 'short' }))).toEqual([400, 'password_policy']);
  expect((await confirm(person, {}, asked)).status).toBe(200);
  expect(await look()).toEqual(revokedAccess);
  expect((await logIn({ ...person, password: 'Mine-1234' })).answer.status).toBe(200);
});

test('a link to an address that was proven before changes no password', async () => {
  const person = await signUp();
  expect((await confirm(person, { token: person.token })).status).toBe(200);
  expect((await updateUser(person, { email_verified: false })).status).toBe(200);
  await post('/v1/auth/email/verify/send', undefined, { token: person.token });
  expect((await confirm(person, {}, { ...reset, new_password: 'Mine-1234' })).status).toBe(200);
  expect([(await logIn(person)).answer.status, (await me(person.token)).status]).toEqual([200, 200]);
});

test('the reader of a link has ten guesses at the password in 15 minutes, and can still end all access before', async () => {
  const { person, look } = await createAttackerAccess();
  for (let at = 0; at < 10; at++)
    expect(statusAndReason(await confirm(person, {}, { password: `wrong-${at}` }))).toEqual([401, 'invalid_credentials']);
  expect(statusAndReason(await confirm(person, {}, { password: person.password }))).toEqual([429, 'verification_rate_limited']);
  expect((await confirm(person, {}, reset)).status).toBe(200);
  expect((await look()).password).toBe(401);
});

test('a code that is wrong tells nothing about the password', async () => {
  const person = await signUp();
  await post('/v1/auth/email/otp/send', { email: person.email });
  for (const password of [person.password, 'Wrong-1234', undefined])
    expect(statusAndReason(await post('/v1/auth/email/otp/verify', { email: person.email, otp: '00000000', password }))).toEqual([
      401,
      'otp_invalid',
    ]);
});

test('a user without a way to sign in has nothing to say at the first proof', async () => {
  const person = await signUp();
  await sql('update credentials set password_hash = null where user_id = $1', [person.id]);
  expect((await byCode(person, {})).status).toBe(200);
});

const sessionProofs: [string, (person: Person) => Promise<Answer>][] = [
  ['the cookie', (person) => confirm(person, { headers: { cookie: person.cookie } })],
  ['the access token', (person) => confirm(person, { token: person.token })],
  [
    'a cookie that is exchanged at this moment',
    async (person) => {
      await refresh(person.cookie);
      return confirm(person, { headers: { cookie: person.cookie } });
    },
  ],
  ['a later session of the password', async (person) => confirm(person, { headers: { cookie: (await logIn(person)).cookie } })],
];

test.each(sessionProofs)('with %s of a session opened by the password, the mailed link revokes nothing', async (_, prove) => {
  const { person, look } = await createAttackerAccess();
  expect((await prove(person)).status).toBe(200);
  expect(await look()).toEqual(unchangedAccess);
  expect((await me(person.token)).body.email_verified).toBe(true);
  expect((await byCode(person)).status).toBe(200);
  expect((await look()).tokens).toEqual([200, 200]);
  expect(await noticesOf(person.token)).toEqual([]);
});

test('after the first proof, codes and verifications revoke nothing', async () => {
  const person = await signUp();
  const first = (await byCode(person)).body.access_token;
  await post('/v1/me/password', { new_password: person.password }, { token: first });
  const [session, key] = [await logIn(person), await newKey({ token: first })];
  expect((await byCode(person)).status).toBe(200);
  expect((await updateUser(person, { email_verified: false })).status).toBe(200);
  expect((await signInByFlow(person)).status).toBe(200);
  expect([(await me(session.token)).status, (await me(first)).status, await works(key)]).toEqual([200, 200, 200]);
  expect((await logIn(person)).answer.status).toBe(200);
});

test('the session in which an address is verified stays valid, also when a code opened it', async () => {
  const person = await signUp();
  const session = cookieOf(await byCode(person));
  const moved = { ...person, email: `moved-${person.email}` };
  expect((await updateUser(person, { email: moved.email })).status).toBe(200);
  const { access_token: token } = (await refresh(session)).body;
  await post('/v1/auth/email/verify/send', undefined, { token });
  expect((await confirm(moved, { token })).status).toBe(200);
  expect((await me(token)).body.email_verified).toBe(true);
});

test('an admin can mark an address as verified, which does not count as a proof', async () => {
  const { person, look } = await createAttackerAccess();
  expect((await updateUser(person, { email_verified: true })).status).toBe(200);
  expect(await look()).toEqual(unchangedAccess);
  expect((await byCode(person)).status).toBe(200);
  expect((await look()).password).toBe(401);
});

test('a changed address needs a new proof, and changing it revokes nothing', async () => {
  const { person, look } = await createAttackerAccess();
  await confirm(person, { headers: { cookie: person.cookie } });
  const victim = { email: `victim-${person.email}` };
  expect((await updateUser(person, { email: person.email.toUpperCase() })).status).toBe(200);
  expect((await me(person.token)).body.email_verified).toBe(true);
  expect((await updateUser(person, { email: victim.email })).status).toBe(200);
  expect(await look()).toEqual(unchangedAccess);
  expect((await byCode(victim)).status).toBe(200);
  expect((await look()).password).toBe(401);
});

test('a link for an address that is changed meanwhile verifies nothing', async () => {
  const person = await signUp();
  const token = await verificationTokenFor(app, person.email);
  const client = await app.database.pool.connect();
  await client.query('begin');
  await client.query(`update users set email = 'other-' || email, email_key = 'other-' || email_key where id = $1`, [person.id]);
  const confirming = post('/v1/auth/email/verify/confirm', { token, reset_access: true });
  await new Promise((done) => setTimeout(done, 200));
  await client.query('commit');
  client.release();
  expect(statusAndReason(await confirming)).toEqual([400, 'token_invalid']);
  expect((await me(person.token)).body.email_verified).toBe(false);
});

test('an invalid access token is rejected, and the link stays valid', async () => {
  const { person, look } = await createAttackerAccess();
  for (const token of ['nonsense', `al_${'0'.repeat(32)}`]) expect((await confirm(person, { token })).status).toBe(401);
  expect((await confirm(person, { token: person.token, headers: { origin: 'https://evil.example' } })).status).toBe(403);
  expect((await confirm(person, { token: person.token })).status).toBe(200);
  expect(await look()).toEqual(unchangedAccess);
});
