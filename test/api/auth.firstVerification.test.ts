import { expect, test } from 'vitest';
import { codeFor, queuedMails, verificationTokenFor } from '../setup/mail.ts';
import { proofCalls } from '../setup/proofs.ts';
import { cookieOf, reason, sessionCalls } from '../setup/sessions.ts';
import { inAccount, workspaceCalls } from '../setup/workspaces.ts';
import { type Answer, type Person, startWorld } from '../setup/world.ts';

// An attacker registers with the address of a victim and waits for the victim to prove the address (Sudhodanan and Paverd 2022, "Pre-hijacked
// accounts"): classic-federated merge, unexpired session, trojan identifier, unexpired email change, non-verifying identity provider.

const world = await startWorld({}, { worker: false });
const { call, sql, signUp, promote } = world;
const { refresh, me, logIn } = sessionCalls(call);
const { post, byCode, works, noticesOf } = proofCalls(world);
const { openWorkspace } = workspaceCalls(world);
const chief = await signUp();
await promote(chief);
const administer = ({ id }: Person, body: object) => call('PATCH', `/v1/admin/users/${id}`, { token: chief.token, body });

async function byFlow({ login, email }: Person): Promise<Answer> {
  const { flow_token } = (await post('/v1/auth/resolve', { identity: login })).body;
  await post('/v1/auth/resolve/otp/send', { flow_token });
  return post('/v1/auth/resolve/otp/verify', { flow_token, otp: await codeFor(world, email) });
}
const confirm = async ({ email }: Pick<Person, 'email'>, options: Parameters<typeof call>[2] = {}) =>
  post('/v1/auth/email/verify/confirm', { token: await verificationTokenFor(world, email) }, options);
const newKey = async ({ token }: Pick<Person, 'token'>, headers = {}) =>
  (await post('/v1/api-keys', { name: 'k' }, { token, headers })).body.key as string;

/** Whether password, sessions and keys of a user, as the attacker has them, are good. */
async function holdings() {
  const person = await signUp();
  const [second, workspace] = [await logIn(person), await openWorkspace(person)];
  const keys = [await newKey(person), await newKey(person, inAccount(workspace.id))];
  expect(await Promise.all(keys.map(works))).toEqual([200, 200]);
  const look = async () => ({
    password: (await logIn(person)).answer.status,
    tokens: [(await me(person.token)).status, (await me(second.token)).status],
    keys: await Promise.all(keys.map(works)),
    // The last, because it rotates.
    cookie: (await refresh(second.cookie)).status,
  });
  return { person, workspace, look };
}
const lost = { password: 401, tokens: [401, 401], keys: [401, 401], cookie: 401 };
const kept = { password: 200, tokens: [200, 200], keys: [200, 200], cookie: 200 };

const stranger = await signUp();
const proofs: [string, (person: Person) => Promise<Answer>][] = [
  ['a code', byCode],
  ['a flow and its code', byFlow],
  ['the mailed link, without a session', confirm],
  ['the mailed link, with the session of another user', (person) => confirm(person, { headers: { cookie: stranger.cookie } })],
  ['the mailed link, with the access token of another user', (person) => confirm(person, { token: stranger.token })],
];

test.each(proofs)('the first proof of an address by %s ends password, sessions and keys, and tells the user', async (_, prove) => {
  const { person, look } = await holdings();
  const proved = await prove(person);
  expect(proved.status).toBe(200);
  expect(await look()).toEqual(lost);
  expect((await queuedMails(world, person.email)).map(({ kind }) => kind)).toContain('access_reset');
  const { access_token: token } = proved.body.access_token ? proved.body : (await byCode(person)).body;
  expect((await me(token)).body).toMatchObject({ id: person.id, email_verified: true, account_id: person.accountId });
  const notices = await noticesOf(token);
  expect(notices).toMatchObject([{ account_id: person.accountId, payload: { api_keys: 2, invitations: 0, connections: 0 } }]);
  const entries = await sql(`select account_id, metadata from audit_logs where action = 'user.access_reset' and target_id = $1`, [
    person.id,
  ]);
  expect(entries).toMatchObject([{ account_id: person.accountId, metadata: { api_keys: 2 } }]);
  expect(reason(await refresh(person.cookie))).toEqual([401, 'session_revoked']);
  // The owner of the address sets a password, which is theirs alone.
  expect((await post('/v1/me/password', { current_password: person.password, new_password: 'Mine-1234' }, { token })).status).toBe(204);
  expect((await logIn({ ...person, password: 'Mine-1234' })).answer.status).toBe(200);
  expect((await logIn(person)).answer.status).toBe(401);
});

const owners: [string, (person: Person) => Promise<Answer>][] = [
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

test.each(owners)('with %s of a session that the password opened, the mailed link ends nothing', async (_, prove) => {
  const { person, look } = await holdings();
  expect((await prove(person)).status).toBe(200);
  expect(await look()).toEqual(kept);
  expect((await me(person.token)).body.email_verified).toBe(true);
  expect((await byCode(person)).status).toBe(200);
  expect((await look()).tokens).toEqual([200, 200]);
  expect(await noticesOf(person.token)).toEqual([]);
});

test('an address is proven once: signing in by code again and verifying again end nothing', async () => {
  const person = await signUp();
  const first = (await byCode(person)).body.access_token;
  await post('/v1/me/password', { new_password: person.password }, { token: first });
  const [session, key] = [await logIn(person), await newKey({ token: first })];
  expect((await byCode(person)).status).toBe(200);
  expect((await administer(person, { email_verified: false })).status).toBe(200);
  expect((await byFlow(person)).status).toBe(200);
  expect([(await me(session.token)).status, (await me(first)).status, await works(key)]).toEqual([200, 200, 200]);
  expect((await logIn(person)).answer.status).toBe(200);
});

test('the session in which an address is verified goes on, also when a code opened it', async () => {
  const person = await signUp();
  const session = cookieOf(await byCode(person));
  const moved = { ...person, email: `moved-${person.email}` };
  expect((await administer(person, { email: moved.email })).status).toBe(200);
  const { access_token: token } = (await refresh(session)).body;
  await post('/v1/auth/email/verify/send', undefined, { token });
  expect((await confirm(moved, { token })).status).toBe(200);
  expect((await me(token)).body.email_verified).toBe(true);
});

test('an administrator vouches for an address without proving it', async () => {
  const { person, look } = await holdings();
  expect((await administer(person, { email_verified: true })).status).toBe(200);
  expect(await look()).toEqual(kept);
  expect((await byCode(person)).status).toBe(200);
  expect((await look()).password).toBe(401);
});

test('a new address has to be proven, and changing it ends nothing', async () => {
  const { person, look } = await holdings();
  await confirm(person, { headers: { cookie: person.cookie } });
  const victim = { email: `victim-${person.email}` };
  expect((await administer(person, { email: person.email.toUpperCase() })).status).toBe(200);
  expect((await me(person.token)).body.email_verified).toBe(true);
  expect((await administer(person, { email: victim.email })).status).toBe(200);
  expect(await look()).toEqual(kept);
  expect((await byCode(victim)).status).toBe(200);
  expect((await look()).password).toBe(401);
});

test('a link for an address that was changed under it verifies nothing', async () => {
  const person = await signUp();
  const token = await verificationTokenFor(world, person.email);
  const client = await world.database.pool.connect();
  await client.query('begin');
  await client.query(`update users set email = 'other-' || email, email_key = 'other-' || email_key where id = $1`, [person.id]);
  const confirming = post('/v1/auth/email/verify/confirm', { token });
  await new Promise((done) => setTimeout(done, 200));
  await client.query('commit');
  client.release();
  expect(reason(await confirming)).toEqual([400, 'token_invalid']);
  expect((await me(person.token)).body.email_verified).toBe(false);
});

test('an access token that is not valid is refused, and the link stays good', async () => {
  const { person, look } = await holdings();
  for (const token of ['nonsense', `al_${'0'.repeat(32)}`]) expect((await confirm(person, { token })).status).toBe(401);
  expect((await confirm(person, { token: person.token, headers: { origin: 'https://evil.example' } })).status).toBe(403);
  expect((await confirm(person, { token: person.token })).status).toBe(200);
  expect(await look()).toEqual(kept);
});
