import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { sessionCalls } from '../../support/http/sessions.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { codeFor } from '../../support/resources/mail.ts';
import { proofCalls } from '../../support/resources/proofs.ts';
import { inAccount, workspaceCalls } from '../../support/resources/workspaces.ts';
import { bodies } from '../../support/samples/bodies.ts';
import { contextOf } from '../../support/samples/context.ts';
import { resources } from '../../support/samples/resources.ts';

// What an attacker leaves behind or does at the moment when the owner of the address proves it.

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { call, sql, signUp, url } = app;
const { refresh, me, logIn } = sessionCalls(call);
const { openWorkspace, invite, accept, addMember, verified, endow } = workspaceCalls(app);
const { post, byCode, works, noticesOf } = proofCalls(app);

test('the proof ends invitations, share links, runs and streams, pauses schedules, and keeps messages and memberships', async () => {
  const [person, colleague, accomplice] = [await signUp(), await signUp(), await verified(await signUp())];
  const { id } = await openWorkspace(person);
  await addMember(person, id, colleague);
  const invitation = await invite(person, id, accomplice.email, 'admin');
  const threadId = await openThread(app, person);
  const share = (await post(`/v1/threads/${threadId}:share`, { live_update: true }, { token: person.token })).body;
  expect((await call('GET', `/v1/s/${share.token}`)).status).toBe(200);
  await endow(id);
  const runId = await startRun(app, person, await openThread(app, person));
  const stream = await openStream(url, runId, { token: person.token });
  const schedule = await post('/v1/schedules', { name: 's', cron: '0 8 * * *', timezone: 'UTC', input: 'Report' }, { token: person.token });
  expect(schedule.body.status).toBe('active');
  const { access_token: token } = (await byCode(person)).body;
  await stream.ended;
  expect((await accept(accomplice, invitation.token)).status).toBe(404);
  expect((await call('GET', `/v1/s/${share.token}`)).status).toBe(404);
  expect((await call('GET', `/v1/runs/${runId}`, { token })).body.status).toBe('cancelled');
  expect((await call('GET', `/v1/schedules/${schedule.body.id}`, { token })).body.status).toBe('paused');
  expect((await call('GET', `/v1/threads/${threadId}/messages`, { token })).body).toHaveLength(1);
  expect((await call('GET', `/v1/accounts/${id}/members`, { token })).body).toHaveLength(2);
  expect((await noticesOf(token))[0].payload).toMatchObject({ invitations: 1, shares: 1, runs: 1, schedules: 1, shared_accounts: 1 });
});

const resourceRoutes = [
  'webhook-endpoints/{endpoint_id}',
  'mcp-configs/{config_id}',
  'personas/{persona_id}',
  'skills/{skill_id}',
  'llm-providers/{provider_id}',
];

/** Resources through which an attacker could read along or lock the owner out of an account. */
async function createConnections(by: Person) {
  const maker = await contextOf({ app, by });
  for (const kind of [...resourceRoutes, 'asr-credentials/{credential_id}']) await resources[`/v1/${kind}`]!(maker, {});
  await sql(
    `insert into tool_providers (account_id, group_name, provider_name, is_active) values ($1, 'web_search', 'web_search.tavily', true)`,
    [by.accountId],
  );
  const rule = await post('/v1/ip-rules?force=true', { type: 'allowlist', cidr: '203.0.113.0/24' }, { token: by.token });
  expect(rule.status).toBe(201);
}
const countConnections = async (accountId: string) => {
  const of = async (what: string) => (await sql(`select count(*)::int as n from ${what}`, [accountId]))[0].n as number;
  const active = [
    'webhook_endpoints where enabled and',
    ...['mcp_configs', 'personas', 'skills', 'tool_providers'].map((t) => `${t} where is_active and`),
  ];
  const there = ['llm_providers where', 'asr_credentials where', 'ip_rules where'];
  return Promise.all([...active, ...there].map((what) => of(`${what} account_id = $1`)));
};

test('the proof disables outbound connections and IP rules in accounts without other members', async () => {
  const [person, colleague] = [await signUp(), await signUp()];
  const [alone, shared] = [await openWorkspace(person), await openWorkspace(person)];
  await addMember(person, shared.id, colleague);
  for (const id of [person.accountId, alone.id, shared.id]) {
    const session = await logIn(person);
    const inside = id === person.accountId ? session.token : (await refresh(session.cookie, inAccount(id))).body.access_token;
    await createConnections({ ...person, token: inside, accountId: id });
    expect(await countConnections(id)).toEqual(Array(8).fill(1));
  }
  const { access_token: token } = (await byCode(person)).body;
  expect(await countConnections(person.accountId)).toEqual(Array(8).fill(0));
  expect(await countConnections(alone.id)).toEqual(Array(8).fill(0));
  expect(await countConnections(shared.id)).toEqual(Array(8).fill(1));
  expect(await works(token)).toBe(200);
  expect((await noticesOf(token))[0].payload).toMatchObject({ connections: 16, shared_accounts: 1 });
});

test('nothing that the attacker does at the same moment survives', async () => {
  for (let round = 0; round < 8; round++) {
    const person = await signUp();
    const { id: workspace } = await openWorkspace(person);
    await post('/v1/auth/email/otp/send', { email: person.email });
    const otp = await codeFor(app, person.email);
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
    const victim = await post('/v1/auth/email/otp/verify', { email: person.email, otp, reset_access: true });
    const answers = await Promise.all(attacking);
    expect(Math.max(...answers.map(({ status }) => status))).toBeLessThan(500);
    expect(victim.status).toBe(200);
    expect(await sql('select id from sessions where user_id = $1 and revoked_at is null', [person.id])).toHaveLength(1);
    expect(await sql('select id from api_keys where user_id = $1 and revoked_at is null', [person.id])).toEqual([]);
    expect(await sql('select id from invitations where account_id = $1', [workspace])).toEqual([]);
    expect(await sql('select password_hash from credentials where user_id = $1', [person.id])).toEqual([{ password_hash: null }]);
    expect((await me(victim.body.access_token)).status).toBe(200);
  }
});

test('requests that were authorized before the proof leave nothing behind that it ends', async () => {
  const person = await signUp();
  const maker = await contextOf({ app, by: person });
  const idOf = (path: string) => resources[`/v1/${path}`]!(maker, {});
  const [endpoint, provider, speech, config, persona, skill, schedule, thread] = [
    await idOf('webhook-endpoints/{endpoint_id}'),
    await idOf('llm-providers/{provider_id}'),
    await idOf('asr-credentials/{credential_id}'),
    await idOf('mcp-configs/{config_id}'),
    await idOf('personas/{persona_id}'),
    await idOf('skills/{skill_id}'),
    await idOf('schedules/{schedule_id}'),
    await openThread(app, person),
  ];
  const bodyOf = (model: string) => bodies[model]!(maker, {});
  const share = { live_update: true, access_type: 'password', password: 'Sesame-123' };
  const backend = 'tool-providers/web_search/web_search.tavily';
  const requests: [method: string, path: string, body?: unknown][] = [
    ['POST', `threads/${thread}:share`, share],
    ['POST', 'webhook-endpoints', await bodyOf('NewWebhookEndpoint')],
    ['POST', 'mcp-configs', await bodyOf('NewMcpConfig')],
    ['POST', 'personas', await bodyOf('NewPersona')],
    ['POST', 'skills', await bodyOf('SkillContent')],
    ['POST', 'llm-providers', await bodyOf('NewLlmProvider')],
    ['POST', 'asr-credentials', await bodyOf('NewAsrCredential')],
    ['POST', 'ip-rules?force=true', { type: 'allowlist', cidr: '203.0.113.0/24' }],
    ['POST', 'schedules', { name: 's', cron: '0 8 * * *', timezone: 'UTC', input: 'Report' }],
    ['PUT', `${backend}/activate?scope=account`],
    ['PUT', `${backend}/credential?scope=account`, { api_key: 'tvly-0123456789' }],
    ['PATCH', `webhook-endpoints/${endpoint}`, { enabled: true }],
    ['PATCH', `llm-providers/${provider}`, { api_key: 'sk-0123456789' }],
    ['PUT', `asr-credentials/${speech}`, { api_key: 'sk-0123456789' }],
    ['PATCH', `mcp-configs/${config}`, { is_active: true }],
    ['PATCH', `personas/${persona}`, { is_active: true }],
    ['PATCH', `skills/${skill}`, { is_active: true }],
    ['PATCH', `schedules/${schedule}`, { input: 'Other' }],
    ['POST', `schedules/${schedule}:resume`],
  ];
  const { key } = (await post('/v1/api-keys', { name: 'k' }, { token: person.token })).body;
  // Records the use of the key, which would wait for the change, too.
  expect(await works(key)).toBe(200);
  const byKey = requests.filter(
    ([method, path]) => method === 'POST' && /^(threads|webhook-endpoints|schedules)\b(?!.*:resume)/.test(path),
  );
  const sent = [
    ...requests.map((request) => [request, person.token, 'session_revoked'] as const),
    ...byKey.map((request) => [request, key as string, 'invalid_token'] as const),
  ];
  const tables = ['sessions', 'api_keys'].map((table) => `update ${table} set revoked_at = $2 where user_id = $1`);
  const revoke = [
    ['select id from users where id = $1 for no key update', [person.id]],
    ...tables.map((text): [string, unknown[]] => [text, [person.id, new Date()]]),
  ] as [string, unknown[]][];
  // An account has four of the eight connections of the pool.
  for (let at = 0; at < sent.length; at += 4) {
    const some = sent.slice(at, at + 4);
    const send = () => Promise.all(some.map(([[method, path, body], token]) => call(method, `/v1/${path}`, { token, body })));
    const answers = await duringUncommittedChange(app, revoke, send, some.length);
    expect(answers.map((answer, index) => [some[index]![0][1], ...statusAndReason(answer)])).toEqual(
      some.map(([[, path], , reason]) => [path, 401, reason]),
    );
    // The caches still have the access, so that the next requests are authorized.
    for (const text of tables) await sql(text, [person.id, null]);
  }
});

test('a request sent partly before and partly after the proof is rejected', async () => {
  const person = await signUp();
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
