import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { operations } from '../../support/http/operations.ts';

/**
 * Every source file that checks whether the caller is a platform admin, with the rights that it gives them.
 * The tests in this file, or in the file named, cover these rights.
 */
const privilegedFiles: Readonly<Record<string, string>> = {
  'server/gateway/caller/identity.ts': 'reads the role from the token',
  'server/gateway/caller/ipFilter.ts': 'exempt from IP rules (ipRules.enforcement.test.ts)',
  'server/gateway/maintenance.ts': 'their requests are served during maintenance',
  'server/http/access/accessControl.ts': 'platform permissions; the account in the path if the route allows it',
  'server/http/access/authenticateRequest.ts': 'exempt from IP rules; `or: platform.admin`',
  'server/http/access/accessTypes.ts': 'types',
  'server/http/access/serviceKeyAccess.ts': 'a service key never has the role',
  'server/http/scope.ts': 'types',
  'server/resources/accounts/loaders.ts': 'the check itself',
  'server/resources/accounts/createUser.ts': 'creates the first one',
  'server/resources/apiKeys/service.ts': 'all API keys of the active account',
  'server/resources/auditLogs/service.ts': 'entries of any account, or of all and of the platform',
  'server/resources/auth/sessions/lockSession.ts': 'the right is checked again before something that lasts is created',
  'server/resources/auth/sessions/sessions.ts': 'the role in a token',
  'server/resources/bootstrap/firstAdmin.ts': 'creates the first one',
  'server/resources/bootstrap/service.ts': 'creates the first one',
  'server/resources/exports/exportRows.ts': 'their exports take no places of an account',
  'server/resources/ipRules/service.ts': 'lists and deletes rules of any account',
  'server/resources/llmProviders/service.ts': 'manages those of the platform',
  'server/resources/mcpConfigs/rules.ts': 'stdio servers on the worker (mcpConfigs.test.ts)',
  'server/resources/me/view.ts': 'the role in the response',
  'server/resources/personas/service.ts': 'lists those of the platform',
  'server/resources/runs/input.ts': 'sends input to runs of the active account',
  'server/resources/runs/queries.ts': 'parameter: whether the caller reads runs of all accounts',
  'server/resources/runs/list.ts': 'any account, all, or one user; never private threads of others',
  'server/resources/runs/service.ts': 'reads and cancels runs of the active account',
  'server/resources/settings/service.ts': 'the whole registry',
  'server/resources/subscriptions/service.ts': 'those of all accounts',
  'server/resources/users/entity.ts': 'the column',
  'server/resources/users/rights.ts': 'rechecked in the transaction (users.rights.test.ts)',
};

const privilegedRoutes: readonly string[] = [
  'GET /v1/accounts/{account_id}',
  'GET /v1/accounts/{account_id}/usage',
  'GET /v1/accounts/{account_id}/usage/by-model',
  'GET /v1/accounts/{account_id}/usage/chat-completions',
  'GET /v1/accounts/{account_id}/usage/daily',
  'GET /v1/accounts/{account_id}/usage/export',
  'GET /v1/accounts/{account_id}/usage/hourly',
  'DELETE /v1/asr-credentials/{credential_id}',
  'POST /v1/asr-credentials/{credential_id}/set-default',
  'PUT /v1/asr-credentials/{credential_id}',
  'GET /v1/audit-logs',
  'GET /v1/audit-logs/export',
  'DELETE /v1/ip-rules/{rule_id}',
  'GET /v1/ip-rules',
  'GET /v1/subscriptions',
  'GET /v1/subscriptions/{subscription_id}',
];

test('every place where platform admins have more rights is listed', () => {
  const asks = /\bisPlatformAdmin\b|\brequirePlatformAdmin\b|\bhas\('platform\.|'platform\.admin'/;
  const found = globSync('server/**/*.ts').filter((file) => !file.includes('/migrations/') && asks.test(readFileSync(file, 'utf8')));
  expect(found.sort()).toEqual(Object.keys(privilegedFiles).sort());
  const excused = operations.filter(({ route }) => route.metadata.exempt === 'platform.admin').map(({ title }) => title);
  expect(excused.sort()).toEqual([...privilegedRoutes].sort());
});

// Without a worker, runs keep the status they were created with.
const app = await startTestApp({}, { worker: false });
const { call, signUp } = app;
const [owner, platformAdmin, member] = await Promise.all([signUp(), signUp(), signUp()]);
await app.promote(platformAdmin);
for (const each of [platformAdmin, member]) await app.joinAccount(each, owner);

const inOwnersAccount = { 'x-account-id': owner.accountId };
const get = (path: string, by: Person, headers: Record<string, string> = {}) => call('GET', path, { token: by.token, headers });

async function createRun(by: Person, thread: object, headers = {}) {
  const opened = await call('POST', '/v1/threads', { token: by.token, headers, body: { title: 'Talk', ...thread } });
  await call('POST', `/v1/threads/${opened.body.id}/messages`, { token: by.token, headers, body: { content: 'Hello' } });
  const { status, text, body } = await call('POST', `/v1/threads/${opened.body.id}/runs`, { token: by.token, headers, body: {} });
  if (status !== 201) throw new Error(`run: ${status} ${text}`);
  return { runId: body.run_id as string, threadId: opened.body.id as string };
}

const visibleRun = await createRun(owner, {});
const privateRun = await createRun(owner, { is_private: true });

test('lists of runs never have private threads of others, in any account', async () => {
  const ids = async (query: string, headers = {}) =>
    (await get(`/v1/runs?limit=200${query}`, platformAdmin, headers)).body.map((run: { run_id: string }) => run.run_id);
  const own = await createRun(platformAdmin, { is_private: true });
  for (const query of [`&account_id=${owner.accountId}`, '&account_id=all', `&account_id=all&user_id=${owner.id}`]) {
    const listed = await ids(query);
    expect(listed).toContain(visibleRun.runId);
    expect(listed).not.toContain(privateRun.runId);
    if (query.includes('=all')) expect(await ids(query, inOwnersAccount)).toEqual(listed);
  }
  expect(await ids('&account_id=all')).toContain(own.runId);
  for (const filter of [`run_id=${privateRun.runId}`, `run_id=${privateRun.runId.slice(0, 18)}`, `thread_id=${privateRun.threadId}`])
    expect(await ids(`&account_id=all&${filter}`)).not.toContain(privateRun.runId);
  expect((await get(`/v1/runs?account_id=all&parent_run_id=${privateRun.runId}`, platformAdmin)).status).toBe(404);
  expect(await get(`/v1/runs?account_id=all&parent_run_id=${visibleRun.runId}`, platformAdmin)).toMatchObject({ status: 200, body: [] });
  // In an account where they are a plain member, unfiltered lists have only what a member may see.
  expect(await ids('', inOwnersAccount)).toEqual([]);
});

test('a run of the active account can be read, answered and cancelled, and none of another account', async () => {
  for (const { runId } of [visibleRun, privateRun]) {
    expect((await get(`/v1/runs/${runId}`, platformAdmin, inOwnersAccount)).status).toBe(200);
    expect((await get(`/v1/runs/${runId}`, platformAdmin)).status).toBe(404);
    expect((await get(`/v1/runs/${runId}`, member, inOwnersAccount)).status).toBe(404);
  }
  const act = (action: string, by: Person, headers: Record<string, string>, body: object) =>
    call('POST', `/v1/runs/${privateRun.runId}${action}`, { token: by.token, headers, body });
  expect((await act('/input', platformAdmin, inOwnersAccount, { content: 'Go on' })).status).toBe(200);
  expect((await act('/input', platformAdmin, {}, { content: 'Go on' })).status).toBe(404);
  expect((await act(':cancel', member, inOwnersAccount, {})).status).toBe(404);
  expect((await act(':cancel', platformAdmin, {}, {})).status).toBe(404);
  expect((await act(':cancel', platformAdmin, inOwnersAccount, {})).status).toBe(200);
});

test('threads, messages and projects of others return 404', async () => {
  for (const path of [
    `/v1/threads/${visibleRun.threadId}`,
    `/v1/threads/${visibleRun.threadId}/messages`,
    `/v1/threads/${privateRun.threadId}`,
  ])
    for (const headers of [{}, inOwnersAccount]) expect((await get(path, platformAdmin, headers)).status).toBe(404);
  const [project] = (await get('/v1/projects', owner)).body;
  for (const headers of [{}, inOwnersAccount]) expect((await get(`/v1/projects/${project.id}`, platformAdmin, headers)).status).toBe(404);
  expect((await get(`/v1/threads?project_id=${project.id}`, platformAdmin, inOwnersAccount)).status).toBe(404);
});

test('API keys of the active account are all listed, and none of another account', async () => {
  const { body: key } = await call('POST', '/v1/api-keys', { token: owner.token, body: { name: 'owner' } });
  const names = async (by: Person, headers = {}) => (await get('/v1/api-keys', by, headers)).body.map(({ id }: { id: string }) => id);
  expect(await names(platformAdmin, inOwnersAccount)).toEqual([key.id]);
  expect(await names(platformAdmin)).toEqual([]);
  expect((await get('/v1/api-keys', platformAdmin, { 'x-account-id': (await signUp()).accountId })).status).toBe(404);
});

test('an account and its usage are readable by ID, and cannot be changed', async () => {
  const foreign = await signUp();
  const at = `/v1/accounts/${foreign.accountId}`;
  expect((await get(at, platformAdmin)).body).toMatchObject({ id: foreign.accountId, role: null });
  const days = '?start=2026-01-01&end=2026-01-02';
  for (const path of ['/usage', '/usage/by-model', `/usage/daily${days}`, `/usage/hourly${days}`]) {
    expect((await get(at + path, platformAdmin)).status).toBe(200);
    expect((await get(at + path, member)).status).toBe(404);
  }
  expect((await call('PATCH', at, { token: platformAdmin.token, body: { name: 'Mine' } })).status).toBe(404);
  for (const path of [`${at}/members`, `${at}/invitations`]) expect((await get(path, platformAdmin)).status).toBe(404);
});

test('audit entries and subscriptions of all accounts or of one are readable', async () => {
  const accounts = async (query: string) =>
    new Set(
      (await get(`/v1/audit-logs?limit=200${query}`, platformAdmin)).body.data.map((entry: { account_id: string }) => entry.account_id),
    );
  expect((await accounts('')).has(owner.accountId)).toBe(true);
  expect(await accounts(`&account_id=${owner.accountId}`)).toEqual(new Set([owner.accountId]));
  expect((await get('/v1/audit-logs', member, inOwnersAccount)).status).toBe(403);
  expect(await get(`/v1/subscriptions?account_id=${owner.accountId}`, platformAdmin)).toMatchObject({ status: 200, body: [] });
  expect((await get(`/v1/subscriptions?account_id=${platformAdmin.accountId}`, member, inOwnersAccount)).status).toBe(404);
});

test('IP rules of any account can be listed and deleted', async () => {
  const { body: rule } = await call('POST', '/v1/ip-rules', { token: owner.token, body: { type: 'blocklist', cidr: '192.0.2.0/24' } });
  const of = `?account_id=${owner.accountId}`;
  expect((await get(`/v1/ip-rules${of}`, platformAdmin)).body).toEqual([rule]);
  expect((await get(`/v1/ip-rules${of}`, member)).status).toBe(404);
  expect((await call('DELETE', `/v1/ip-rules/${rule.id}${of}`, { token: member.token })).status).toBe(404);
  expect((await call('DELETE', `/v1/ip-rules/${rule.id}${of}`, { token: platformAdmin.token })).status).toBe(204);
});

test('platform resources are listed for platform admins only', async () => {
  for (const path of ['/v1/personas?scope=platform', '/v1/tool-providers?scope=platform']) {
    expect((await get(path, platformAdmin)).status).toBe(200);
    expect((await get(path, owner)).status).toBe(403);
  }
  const { body: provider } = await call('POST', '/v1/llm-providers', {
    token: platformAdmin.token,
    body: { name: 'shared', provider: 'openai', scope: 'platform', api_key: 'sk-test-canary' },
  });
  const keyOf = async (by: Person) =>
    (await get('/v1/llm-providers?scope=platform', by)).body.find(({ id }: { id: string }) => id === provider.id).key_prefix;
  expect([await keyOf(platformAdmin), await keyOf(owner)]).toEqual([provider.key_prefix, null]);
  const registry = async (by: Person) => (await get('/v1/config/schema', by)).body.map(({ scope }: { scope: string }) => scope);
  expect(await registry(platformAdmin)).toContain('platform');
  expect(new Set(await registry(owner))).toEqual(new Set(['both']));
});

test('platform speech credentials can be managed, and those of an account require a role in it', async () => {
  const fields = { name: 'speech', provider: 'groq', api_key: 'gsk-test-canary', model: 'whisper' };
  const add = async (by: Person, scope: string) =>
    (await call('POST', '/v1/asr-credentials', { token: by.token, body: { ...fields, scope } })).body.id;
  const [ofAccount, ofPlatform] = [await add(owner, 'account'), await add(platformAdmin, 'platform')];
  const change = async (id: string, by: Person) =>
    (await call('PUT', `/v1/asr-credentials/${id}`, { token: by.token, headers: inOwnersAccount, body: { model: 'other' } })).status;
  expect([await change(ofPlatform, platformAdmin), await change(ofPlatform, owner)]).toEqual([200, 404]);
  expect([await change(ofAccount, platformAdmin), await change(ofAccount, owner)]).toEqual([403, 200]);
});

test('an API key of a platform admin has none of these rights', async () => {
  const { key } = (await call('POST', '/v1/api-keys', { token: platformAdmin.token, body: { name: 'chief' } })).body;
  const by = { ...platformAdmin, token: key };
  for (const query of [`account_id=${owner.accountId}`, 'account_id=all', `user_id=${owner.id}`])
    expect((await get(`/v1/runs?${query}`, by)).status).toBe(403);
  expect((await get(`/v1/runs/${privateRun.runId}`, by)).status).toBe(404);
  expect((await get(`/v1/accounts/${owner.accountId}/usage`, by)).status).toBe(404);
  const { data } = (await get('/v1/audit-logs?limit=200', by)).body;
  expect(new Set(data.map((entry: { account_id: string }) => entry.account_id))).toEqual(new Set([platformAdmin.accountId]));
});
