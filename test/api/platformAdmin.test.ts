import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operations } from '../setup/operations.ts';
import { type Person, startWorld } from '../setup/world.ts';

/**
 * Every source file that asks whether the caller is a platform admin, and every route that excuses one from its permissions: what the
 * specification gives them there, which a test below or beside this one shows.
 */
const places: Readonly<Record<string, string>> = {
  'server/gateway/identity.ts': 'reads the role from the token',
  'server/gateway/ipFilter.ts': 'platform 10: exempt from IP rules (ipRules.enforcement.test.ts)',
  'server/http/access.ts': 'identity 3: platform permissions; an account of the path where the route says so',
  'server/http/admit.ts': 'platform 10: exempt from IP rules; `or: platform.admin`',
  'server/kernel/access.ts': 'types',
  'server/kernel/scope.ts': 'types',
  'server/resources/accounts/lookups.ts': 'the check itself',
  'server/resources/accounts/newUser.ts': 'makes the first one',
  'server/resources/apiKeys/service.ts': 'identity 6: all keys of the active account',
  'server/resources/auditLogs/service.ts': 'platform 9: any account, or all and the platform',
  'server/resources/auth/sessions.ts': 'the role in a token',
  'server/resources/bootstrap/firstAdmin.ts': 'makes the first one',
  'server/resources/bootstrap/service.ts': 'makes the first one',
  'server/resources/ipRules/service.ts': 'platform 10: lists and deletes rules of any account',
  'server/resources/llmProviders/service.ts': 'runs 7: manages those of the platform',
  'server/resources/mcpConfigs/rules.ts': 'runs 8: programs on the worker (mcpConfigs.test.ts)',
  'server/resources/me/view.ts': 'the role that is shown',
  'server/resources/personas/service.ts': 'runs 6: lists those of the platform',
  'server/resources/runs/input.ts': 'runs 3: answers runs of the active account',
  'server/resources/runs/list.ts': 'runs 3: any account, all, or one user; never private threads of others',
  'server/resources/runs/service.ts': 'runs 3: reads and cancels runs of the active account',
  'server/resources/settings/service.ts': 'platform 8.6: the whole registry',
  'server/resources/subscriptions/service.ts': 'platform 3: those of all accounts',
  'server/resources/users/rights.ts': 'platform 8.2: rechecked in the transaction (users.rights.test.ts)',
};

const routes: readonly string[] = [
  'GET /v1/accounts/{account_id}',
  'GET /v1/accounts/{account_id}/usage',
  'GET /v1/accounts/{account_id}/usage/by-model',
  'GET /v1/accounts/{account_id}/usage/daily',
  'GET /v1/accounts/{account_id}/usage/hourly',
  'DELETE /v1/asr-credentials/{credential_id}',
  'POST /v1/asr-credentials/{credential_id}/set-default',
  'PUT /v1/asr-credentials/{credential_id}',
  'GET /v1/audit-logs',
  'DELETE /v1/ip-rules/{rule_id}',
  'GET /v1/ip-rules',
  'GET /v1/subscriptions',
  'GET /v1/subscriptions/{subscription_id}',
];

test('every place where platform admins get more is known here', () => {
  const asks = /\bisPlatformAdmin\b|\bdemandPlatformAdmin\b|\bhas\('platform\.|'platform\.admin'/;
  const found = globSync('server/**/*.ts').filter((file) => !file.includes('/migrations/') && asks.test(readFileSync(file, 'utf8')));
  expect(found.sort()).toEqual(Object.keys(places).sort());
  const excused = operations.filter(({ route }) => route.metadata.or === 'platform.admin').map(({ title }) => title);
  expect(excused.sort()).toEqual([...routes].sort());
});

// No worker: runs stay as they are made.
const world = await startWorld({}, { worker: false });
const { call, signUp } = world;
const [owner, chief, member] = await Promise.all([signUp(), signUp(), signUp()]);
await world.promote(chief);
for (const each of [chief, member]) await world.join(each, owner);

const inside = { 'x-account-id': owner.accountId };
const get = (path: string, by: Person, headers: Record<string, string> = {}) => call('GET', path, { token: by.token, headers });

async function startedRun(by: Person, thread: object, headers = {}) {
  const opened = await call('POST', '/v1/threads', { token: by.token, headers, body: { title: 'Talk', ...thread } });
  await call('POST', `/v1/threads/${opened.body.id}/messages`, { token: by.token, headers, body: { content: 'Hello' } });
  const { status, text, body } = await call('POST', `/v1/threads/${opened.body.id}/runs`, { token: by.token, headers, body: {} });
  if (status !== 201) throw new Error(`run: ${status} ${text}`);
  return { runId: body.run_id as string, threadId: opened.body.id as string };
}

const shown = await startedRun(owner, {});
const secret = await startedRun(owner, { is_private: true });

test('lists of runs never show private threads of others, in whichever account they are', async () => {
  const ids = async (query: string, headers = {}) =>
    (await get(`/v1/runs?limit=200${query}`, chief, headers)).body.map((run: { run_id: string }) => run.run_id);
  const own = await startedRun(chief, { is_private: true });
  for (const query of [`&account_id=${owner.accountId}`, '&account_id=all', `&account_id=all&user_id=${owner.id}`]) {
    const listed = await ids(query);
    expect(listed).toContain(shown.runId);
    expect(listed).not.toContain(secret.runId);
    if (query.includes('=all')) expect(await ids(query, inside)).toEqual(listed);
  }
  expect(await ids('&account_id=all')).toContain(own.runId);
  for (const filter of [`run_id=${secret.runId}`, `run_id=${secret.runId.slice(0, 18)}`, `thread_id=${secret.threadId}`])
    expect(await ids(`&account_id=all&${filter}`)).not.toContain(secret.runId);
  expect((await get(`/v1/runs?account_id=all&parent_run_id=${secret.runId}`, chief)).status).toBe(404);
  expect(await get(`/v1/runs?account_id=all&parent_run_id=${shown.runId}`, chief)).toMatchObject({ status: 200, body: [] });
  // In an account of which they are a plain member, without naming it, they are one.
  expect(await ids('', inside)).toEqual([]);
});

test('a run of the active account can be read, answered and cancelled, and none of another', async () => {
  for (const { runId } of [shown, secret]) {
    expect((await get(`/v1/runs/${runId}`, chief, inside)).status).toBe(200);
    expect((await get(`/v1/runs/${runId}`, chief)).status).toBe(404);
    expect((await get(`/v1/runs/${runId}`, member, inside)).status).toBe(404);
  }
  const act = (action: string, by: Person, headers: Record<string, string>, body: object) =>
    call('POST', `/v1/runs/${secret.runId}${action}`, { token: by.token, headers, body });
  expect((await act('/input', chief, inside, { content: 'Go on' })).status).toBe(200);
  expect((await act('/input', chief, {}, { content: 'Go on' })).status).toBe(404);
  expect((await act(':cancel', member, inside, {})).status).toBe(404);
  expect((await act(':cancel', chief, {}, {})).status).toBe(404);
  expect((await act(':cancel', chief, inside, {})).status).toBe(200);
});

test('threads, messages and projects of others stay theirs', async () => {
  for (const path of [`/v1/threads/${shown.threadId}`, `/v1/threads/${shown.threadId}/messages`, `/v1/threads/${secret.threadId}`])
    for (const headers of [{}, inside]) expect((await get(path, chief, headers)).status).toBe(404);
  const [project] = (await get('/v1/projects', owner)).body;
  for (const headers of [{}, inside]) expect((await get(`/v1/projects/${project.id}`, chief, headers)).status).toBe(404);
  expect((await get(`/v1/threads?project_id=${project.id}`, chief, inside)).status).toBe(404);
});

test('keys of the active account are all listed, and of no other account', async () => {
  const { body: key } = await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'owner' } });
  const names = async (by: Person, headers = {}) => (await get('/v1/api-keys', by, headers)).body.map(({ id }: { id: string }) => id);
  expect(await names(chief, inside)).toEqual([key.id]);
  expect(await names(chief)).toEqual([]);
  expect((await get('/v1/api-keys', chief, { 'x-account-id': (await signUp()).accountId })).status).toBe(404);
});

test('an account that is not theirs is read by its path, with its usage, and not changed', async () => {
  const foreign = await signUp();
  const at = `/v1/accounts/${foreign.accountId}`;
  expect((await get(at, chief)).body).toMatchObject({ id: foreign.accountId, role: null });
  const days = '?start=2026-01-01&end=2026-01-02';
  for (const path of ['/usage', '/usage/by-model', `/usage/daily${days}`, `/usage/hourly${days}`]) {
    expect((await get(at + path, chief)).status).toBe(200);
    expect((await get(at + path, member)).status).toBe(404);
  }
  expect((await call('PATCH', at, { token: chief.token, body: { name: 'Mine' } })).status).toBe(404);
  for (const path of [`${at}/members`, `${at}/invitations`]) expect((await get(path, chief)).status).toBe(404);
});

test('audit entries and subscriptions are those of all accounts, or of one', async () => {
  const accounts = async (query: string) =>
    new Set((await get(`/v1/audit-logs?limit=200${query}`, chief)).body.data.map((entry: { account_id: string }) => entry.account_id));
  expect((await accounts('')).has(owner.accountId)).toBe(true);
  expect(await accounts(`&account_id=${owner.accountId}`)).toEqual(new Set([owner.accountId]));
  expect((await get('/v1/audit-logs', member, inside)).status).toBe(403);
  expect(await get(`/v1/subscriptions?account_id=${owner.accountId}`, chief)).toMatchObject({ status: 200, body: [] });
  expect((await get(`/v1/subscriptions?account_id=${chief.accountId}`, member, inside)).status).toBe(404);
});

test('IP rules of any account are listed and deleted, and added to none', async () => {
  const { body: rule } = await call('POST', '/v1/ip-rules', { token: owner.token, body: { type: 'blocklist', cidr: '192.0.2.0/24' } });
  const of = `?account_id=${owner.accountId}`;
  expect((await get(`/v1/ip-rules${of}`, chief)).body).toEqual([rule]);
  expect((await get(`/v1/ip-rules${of}`, member)).status).toBe(404);
  expect((await call('DELETE', `/v1/ip-rules/${rule.id}${of}`, { token: member.token })).status).toBe(404);
  expect((await call('DELETE', `/v1/ip-rules/${rule.id}${of}`, { token: chief.token })).status).toBe(204);
});

test('what belongs to the platform is listed for its admins only', async () => {
  for (const path of ['/v1/personas?scope=platform', '/v1/tool-providers?scope=platform']) {
    expect((await get(path, chief)).status).toBe(200);
    expect((await get(path, owner)).status).toBe(403);
  }
  const { body: provider } = await call('POST', '/v1/llm-providers', {
    token: chief.token,
    body: { name: 'shared', provider: 'openai', scope: 'platform', api_key: 'sk-test-canary' },
  });
  const keyOf = async (by: Person) =>
    (await get('/v1/llm-providers?scope=platform', by)).body.find(({ id }: { id: string }) => id === provider.id).key_prefix;
  expect([await keyOf(chief), await keyOf(owner)]).toEqual([provider.key_prefix, null]);
  const registry = async (by: Person) => (await get('/v1/config/schema', by)).body.map(({ scope }: { scope: string }) => scope);
  expect(await registry(chief)).toContain('platform');
  expect(new Set(await registry(owner))).toEqual(new Set(['both']));
});

test('speech credentials of the platform are managed, and none of an account without a right in it', async () => {
  const fields = { name: 'speech', provider: 'groq', api_key: 'gsk-test-canary', model: 'whisper' };
  const add = async (by: Person, scope: string) =>
    (await call('POST', '/v1/asr-credentials', { token: by.token, body: { ...fields, scope } })).body.id;
  const [ofAccount, ofPlatform] = [await add(owner, 'account'), await add(chief, 'platform')];
  const change = async (id: string, by: Person) =>
    (await call('PUT', `/v1/asr-credentials/${id}`, { token: by.token, headers: inside, body: { model: 'other' } })).status;
  expect([await change(ofPlatform, chief), await change(ofPlatform, owner)]).toEqual([200, 404]);
  expect([await change(ofAccount, chief), await change(ofAccount, owner)]).toEqual([403, 200]);
});

test('a key of a platform admin has none of it', async () => {
  const { key } = (await call('POST', '/v1/api-keys', { token: chief.token, body: { name: 'chief' } })).body;
  const by = { ...chief, token: key };
  for (const query of [`account_id=${owner.accountId}`, 'account_id=all', `user_id=${owner.id}`])
    expect((await get(`/v1/runs?${query}`, by)).status).toBe(403);
  expect((await get(`/v1/runs/${secret.runId}`, by)).status).toBe(404);
  expect((await get(`/v1/accounts/${owner.accountId}/usage`, by)).status).toBe(404);
  const { data } = (await get('/v1/audit-logs?limit=200', by)).body;
  expect(new Set(data.map((entry: { account_id: string }) => entry.account_id))).toEqual(new Set([chief.accountId]));
});
