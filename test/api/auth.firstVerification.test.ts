import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { openStream } from '../setup/events.ts';
import { codeFor, queuedMails, verificationTokenFor } from '../setup/mail.ts';
import { things } from '../setup/samples/things.ts';
import { cookieOf, reason, sessionCalls } from '../setup/sessions.ts';
import { inAccount, workspaceCalls } from '../setup/workspaces.ts';
import { type Answer, type Person, startWorld } from '../setup/world.ts';

// An attacker registers with the address of a victim and waits for the victim to prove the address (Sudhodanan and Paverd 2022, "Pre-hijacked
// accounts"): classic-federated merge, unexpired session, trojan identifier, unexpired email change, non-verifying identity provider.

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const { call, sql, signUp, promote, url } = world;
const { refresh, me, logIn } = sessionCalls(call);
const { openWorkspace, invite, accept, bringIn, verified, endow } = workspaceCalls(world);
const chief = await signUp();
await promote(chief);
const administer = ({ id }: Person, body: object) => call('PATCH', `/v1/admin/users/${id}`, { token: chief.token, body });

const post = (path: string, body: unknown, options: Parameters<typeof call>[2] = {}) => call('POST', path, { body, ...options });
async function byCode({ email }: Pick<Person, 'email'>): Promise<Answer> {
  await post('/v1/auth/email/otp/send', { email });
  return post('/v1/auth/email/otp/verify', { email, otp: await codeFor(world, email) });
}
async function byFlow({ login, email }: Person): Promise<Answer> {
  const { flow_token } = (await post('/v1/auth/resolve', { identity: login })).body;
  await post('/v1/auth/resolve/otp/send', { flow_token });
  return post('/v1/auth/resolve/otp/verify', { flow_token, otp: await codeFor(world, email) });
}
const confirm = async ({ email }: Pick<Person, 'email'>, options: Parameters<typeof call>[2] = {}) =>
  post('/v1/auth/email/verify/confirm', { token: await verificationTokenFor(world, email) }, options);
const newKey = async ({ token }: Pick<Person, 'token'>, headers = {}) =>
  (await post('/v1/api-keys', { name: 'k' }, { token, headers })).body.key as string;
const works = async (token: string) => (await call('GET', '/v1/threads', { token })).status;
const noticesOf = async (token: string) => (await call('GET', '/v1/notifications?type=user.access_reset', { token })).body.data;

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
  await client.query(`update users set email = 'other-' || email where id = $1`, [person.id]);
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

test('invitations, share links, runs and streams of the one who registered end; texts and memberships stay', async () => {
  const [person, colleague, accomplice] = [await signUp(), await signUp(), await verified(await signUp())];
  const { id } = await openWorkspace(person);
  await bringIn(person, id, colleague);
  const invitation = await invite(person, id, accomplice.email, 'admin');
  const threadId = await openThread(world, person);
  const share = (await post(`/v1/threads/${threadId}:share`, { live_update: true }, { token: person.token })).body;
  expect((await call('GET', `/v1/s/${share.token}`)).status).toBe(200);
  await endow(id);
  const runId = await startRun(world, person, await openThread(world, person));
  const stream = await openStream(url, runId, { token: person.token });
  const { access_token: token } = (await byCode(person)).body;
  await stream.ended;
  expect((await accept(accomplice, invitation.token)).status).toBe(404);
  expect((await call('GET', `/v1/s/${share.token}`)).status).toBe(404);
  expect((await call('GET', `/v1/runs/${runId}`, { token })).body.status).toBe('cancelled');
  expect((await call('GET', `/v1/threads/${threadId}/messages`, { token })).body).toHaveLength(1);
  expect((await call('GET', `/v1/accounts/${id}/members`, { token })).body).toHaveLength(2);
  expect((await noticesOf(token))[0].payload).toMatchObject({ invitations: 1, shares: 1, runs: 1, shared_accounts: 1 });
});

const kinds = ['webhook-endpoints/{endpoint_id}', 'mcp-configs/{config_id}', 'personas/{persona_id}', 'llm-providers/{provider_id}'];

/** What an attacker can leave in an account to read along or to keep its owner out. */
async function leaveBehind(by: Person) {
  for (const kind of [...kinds, 'asr-credentials/{credential_id}']) await things[`/v1/${kind}`]!({ world, by }, {});
  await sql(
    `insert into tool_providers (account_id, group_name, provider_name, is_active) values ($1, 'web_search', 'web_search.tavily', true)`,
    [by.accountId],
  );
  const rule = await post('/v1/ip-rules?force=true', { type: 'allowlist', cidr: '203.0.113.0/24' }, { token: by.token });
  expect(rule.status).toBe(201);
}
const left = async (accountId: string) => {
  const of = async (what: string) => (await sql(`select count(*)::int as n from ${what}`, [accountId]))[0].n as number;
  const active = [
    'webhook_endpoints where enabled and',
    ...['mcp_configs', 'personas', 'tool_providers'].map((t) => `${t} where is_active and`),
  ];
  const there = ['llm_providers where', 'asr_credentials where', 'ip_rules where'];
  return Promise.all([...active, ...there].map((what) => of(`${what} account_id = $1`)));
};

test('what carries data outside or keeps people out is off in accounts that are the user’s alone', async () => {
  const [person, colleague] = [await signUp(), await signUp()];
  const [alone, shared] = [await openWorkspace(person), await openWorkspace(person)];
  await bringIn(person, shared.id, colleague);
  for (const id of [person.accountId, alone.id, shared.id]) {
    const session = await logIn(person);
    const inside = id === person.accountId ? session.token : (await refresh(session.cookie, inAccount(id))).body.access_token;
    await leaveBehind({ ...person, token: inside, accountId: id });
    expect(await left(id)).toEqual(Array(7).fill(1));
  }
  const { access_token: token } = (await byCode(person)).body;
  expect(await left(person.accountId)).toEqual(Array(7).fill(0));
  expect(await left(alone.id)).toEqual(Array(7).fill(0));
  expect(await left(shared.id)).toEqual(Array(7).fill(1));
  expect(await works(token)).toBe(200);
  expect((await noticesOf(token))[0].payload).toMatchObject({ connections: 14, shared_accounts: 1 });
});

test('nothing that the attacker does at the same moment survives', async () => {
  for (let round = 0; round < 8; round++) {
    const person = await signUp();
    const { id: workspace } = await openWorkspace(person);
    await post('/v1/auth/email/otp/send', { email: person.email });
    const otp = await codeFor(world, person.email);
    const acts = [
      () => logIn(person).then(({ answer }) => answer),
      () => refresh(person.cookie),
      () => post('/v1/api-keys', { name: 'late' }, { token: person.token }),
      () => post('/v1/me/password', { current_password: person.password, new_password: 'Late-12345' }, { token: person.token }),
      () => post(`/v1/accounts/${workspace}/invitations`, { email: `a-${person.email}`, role: 'admin' }, { token: person.token }),
      () => post('/v1/api-keys', { name: 'later' }, { token: person.token }),
    ];
    const attacking = acts.map((act) => act());
    await new Promise((done) => setTimeout(done, round * 10));
    const victim = await post('/v1/auth/email/otp/verify', { email: person.email, otp });
    const answers = await Promise.all(attacking);
    expect(Math.max(...answers.map(({ status }) => status))).toBeLessThan(500);
    expect(victim.status).toBe(200);
    expect(await sql('select id from sessions where user_id = $1 and revoked_at is null', [person.id])).toHaveLength(1);
    expect(await sql('select id from api_keys where user_id = $1 and revoked_at is null', [person.id])).toEqual([]);
    expect(await sql('select id from invitations where account_id = $1', [workspace])).toEqual([]);
    expect(await sql('select password_hash from credentials where user_id = $1', [person.id])).toEqual([{ password_hash: null }]);
    expect((await me(victim.body.access_token)).status).toBe(200);
  }
}, 60_000);

test('a request that was sent in part before the proof and in full after it has no effect', async () => {
  const person = await signUp();
  const { request } = await import('node:http');
  const body = JSON.stringify({ name: `late-${randomBytes(4).toString('hex')}` });
  const late = (path: string) => {
    const { hostname, port } = new URL(url);
    const headers = { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', 'content-length': body.length };
    const sent = request({ hostname, port, path, method: 'POST', headers });
    const answered = new Promise<number>((resolve, reject) => {
      sent.on('response', (answer) => resolve(answer.resume().statusCode!)).on('error', reject);
    });
    sent.write(body.slice(0, 4));
    return { finish: () => sent.end(body.slice(4)), answered };
  };
  const started = ['/v1/api-keys', '/v1/projects', '/v1/teams'].map(late);
  await new Promise((done) => setTimeout(done, 300));
  expect((await byCode(person)).status).toBe(200);
  for (const { finish } of started) finish();
  expect(await Promise.all(started.map(({ answered }) => answered))).toEqual([401, 401, 401]);
  expect(await sql('select name from projects where account_id = $1 and not is_default', [person.accountId])).toEqual([]);
});
