import { beforeAll, expect, test } from 'vitest';
import { type ToolProviderGroup, ToolProviderGroups } from '../../../contract/toolProviders.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { everyRow } from '../../support/checks/everyRow.ts';
import { concurrently } from '../../support/checks/race.ts';

let app: TestApp;
let owner: Person;
let stranger: Person;
let member: Person;
let platform: Person;

beforeAll(async () => {
  app = await startTestApp({}, { worker: false });
  [owner, stranger, member, platform] = await Promise.all([app.signUp(), app.signUp(), app.signUp(), app.signUp()]);
  await app.joinAccount(member, owner);
  await app.promote(platform);
});

type Scope = 'account' | 'platform';
const base = '/v1/tool-providers';
const pathOf = (provider: string, verb: string, scope: Scope) => `${base}/${provider.split('.')[0]}/${provider}/${verb}?scope=${scope}`;
const put = (person: Person, provider: string, verb: 'activate' | 'deactivate' | 'credential', scope: Scope, body?: unknown) =>
  app.call('PUT', pathOf(provider, verb, scope), { token: person.token, body });
const clear = (person: Person, provider: string, scope: Scope) =>
  app.call('DELETE', pathOf(provider, 'credential', scope), { token: person.token });
const list = (person: Person, scope?: string, headers = {}) =>
  app.call('GET', scope ? `${base}?scope=${scope}` : base, { token: person.token, headers });
const providers = async (person: Person, scope: Scope) =>
  ((await list(person, scope)).body.groups as ToolProviderGroup[]).flatMap((group) => group.providers);
const find = async (person: Person, name: string, scope: Scope = 'account') =>
  (await providers(person, scope)).find(({ provider_name }) => provider_name === name)!;
const active = async (person: Person, scope: Scope = 'account') =>
  (await providers(person, scope)).filter(({ is_active }) => is_active).map(({ provider_name }) => provider_name);
const entries = (action: string) =>
  app.sql('select account_id, target_type, target_id, metadata from audit_logs where action = $1 order by id', [action]);

const key = 'tvly-secret-9f31c07ab2de4455';

test('all groups and providers are listed in a fixed order, configured or not', async () => {
  const { status, body } = await list(platform);
  expect(status).toBe(200);
  expect(ToolProviderGroups.parse(body)).toEqual(body);
  const untouched = { is_active: false, key_prefix: null, base_url: null };
  const provider = (name: string, requires_api_key: boolean, requires_base_url: boolean) => ({
    group_name: name.split('.')[0],
    provider_name: name,
    ...untouched,
    requires_api_key,
    requires_base_url,
    configured: !requires_api_key && !requires_base_url,
  });
  const search = [provider('web_search.tavily', true, false), provider('web_search.searxng', false, true)];
  const pages = [provider('web_fetch.jina', true, false), provider('web_fetch.firecrawl', true, false)];
  expect(body.groups).toEqual([
    { group_name: 'web_search', providers: [...search, provider('web_search.duckduckgo', false, false)] },
    { group_name: 'web_fetch', providers: [...pages, provider('web_fetch.basic', false, false)] },
  ]);
  expect((await list(owner, 'account')).body).toEqual(body);
});

test('each scope requires its permission, and unknown scopes are rejected', async () => {
  const denied = async (answer: ReturnType<typeof list>) => {
    const { status, body } = await answer;
    return [status, body.details.permission];
  };
  const inOwners = { 'x-account-id': owner.accountId };
  expect(await denied(list(owner))).toEqual([403, 'platform.admin']);
  expect(await denied(list(owner, 'platform'))).toEqual([403, 'platform.admin']);
  expect(await denied(list(member, 'account', inOwners))).toEqual([403, 'data.secrets.manage']);
  expect(await denied(put(owner, 'web_search.tavily', 'activate', 'platform'))).toEqual([403, 'platform.admin']);
  expect(await denied(put(owner, 'web_search.tavily', 'credential', 'platform', { api_key: key }))).toEqual([403, 'platform.admin']);
  const byMember = app.call('DELETE', pathOf('web_search.tavily', 'credential', 'account'), { token: member.token, headers: inOwners });
  expect(await denied(byMember)).toEqual([403, 'data.secrets.manage']);
  for (const scope of ['user', '', 'PLATFORM']) {
    const { status, body } = await app.call('GET', `${base}?scope=${scope}`, { token: platform.token });
    expect([status, body.details.issues[0]]).toMatchObject([400, { location: 'query', path: 'scope' }]);
  }
});

test.each([
  ['web_search', 'web_search.bing'],
  ['web_search', 'web_fetch.basic'],
  ['web_browse', 'web_search.tavily'],
  ['web_search', 'tavily'],
  ['web_search', '__proto__'],
  ['web_search', '%F0%9F%94%8D'],
])('unknown provider %s/%s returns 404', async (group, provider) => {
  for (const [method, verb] of [
    ['PUT', 'activate'],
    ['PUT', 'deactivate'],
    ['PUT', 'credential'],
    ['DELETE', 'credential'],
  ] as const) {
    const path = `${base}/${group}/${provider}/${verb}?scope=account`;
    const { status } = await app.call(method, path, { token: owner.token, ...(verb === 'credential' && { body: {} }) });
    expect([method, verb, status]).toEqual([method, verb, 404]);
  }
});

test('at most one provider per group is active, and the other group is not affected', async () => {
  for (const name of ['web_fetch.jina', 'web_search.tavily', 'web_search.searxng', 'web_search.searxng'])
    expect((await put(owner, name, 'activate', 'account')).status).toBe(204);
  expect(await active(owner)).toEqual(['web_search.searxng', 'web_fetch.jina']);
  expect([await active(stranger), await active(platform, 'platform')]).toEqual([[], []]);
  expect((await put(owner, 'web_search.tavily', 'deactivate', 'account')).status).toBe(204);
  expect(await active(owner)).toEqual(['web_search.searxng', 'web_fetch.jina']);
  for (let again = 0; again < 2; again++) expect((await put(owner, 'web_search.searxng', 'deactivate', 'account')).status).toBe(204);
  expect(await active(owner)).toEqual(['web_fetch.jina']);
});

test('fifty parallel activations leave exactly one active provider', async () => {
  const names = ['web_search.tavily', 'web_search.searxng', 'web_search.duckduckgo'];
  for (const [person, scope] of [
    [owner, 'account'],
    [platform, 'platform'],
  ] as const) {
    const answers = await concurrently(50, (index) => put(person, names[index % 3]!, 'activate', scope));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(204));
    expect((await active(person, scope)).filter((name) => name.startsWith('web_search'))).toHaveLength(1);
  }
  const second = app.sql(
    `insert into tool_providers (account_id, group_name, provider_name, is_active) values (null, 'web_search', 'another', true)`,
  );
  await expect(second).rejects.toMatchObject({ code: '23505', constraint: 'tool_providers_active' });
});

test('the API key is masked by its length, and omitted or blank fields stay unchanged', async () => {
  const masks: [string, string][] = [
    [key, 'tvly-****4455'],
    ['elevenchars', 'el****'],
    ['twelve-chars', 'twelv****hars'],
    ['鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵🔑', '鍵鍵鍵鍵鍵****鍵鍵鍵🔑'],
    ['🔑', '🔑****'],
  ];
  for (const [api_key, mask] of masks) {
    expect((await put(owner, 'web_fetch.firecrawl', 'credential', 'account', { api_key: ` ${api_key} ` })).status).toBe(204);
    expect(await find(owner, 'web_fetch.firecrawl')).toMatchObject({ key_prefix: mask, base_url: null, configured: true });
  }
  await put(owner, 'web_fetch.firecrawl', 'credential', 'account', { api_key: '🔑', base_url: 'https://crawl.example.com/v//' });
  await put(owner, 'web_fetch.firecrawl', 'credential', 'account', { api_key: key, base_url: '  ' });
  await put(owner, 'web_fetch.firecrawl', 'credential', 'account', { base_url: 'https://crawl.example.com/v' });
  const before = await find(owner, 'web_fetch.firecrawl');
  expect(before).toMatchObject({ key_prefix: 'tvly-****4455', base_url: 'https://crawl.example.com/v' });
  const count = (await entries('tool_provider.credential_set')).length;
  for (const body of [{}, undefined, { api_key: '' }, { api_key: ' ', base_url: '\t' }])
    expect((await put(owner, 'web_fetch.firecrawl', 'credential', 'account', body)).status).toBe(204);
  expect(await find(owner, 'web_fetch.firecrawl')).toEqual(before);
  expect(await entries('tool_provider.credential_set')).toHaveLength(count);
  expect(await find(stranger, 'web_fetch.firecrawl')).toMatchObject({ key_prefix: null, base_url: null, configured: false });
});

test('a provider is configured once it has every required field', async () => {
  expect((await put(stranger, 'web_search.searxng', 'credential', 'account', { api_key: key })).status).toBe(204);
  expect(await find(stranger, 'web_search.searxng')).toMatchObject({ configured: false });
  await put(stranger, 'web_search.searxng', 'credential', 'account', { api_key: key, base_url: 'https://search.example.com' });
  expect(await find(stranger, 'web_search.searxng')).toMatchObject({ configured: true, base_url: 'https://search.example.com' });
  expect((await put(stranger, 'web_fetch.jina', 'activate', 'account')).status).toBe(204);
  expect(await find(stranger, 'web_fetch.jina')).toMatchObject({ is_active: true, configured: false });
});

test('clearing removes only the API key, and can be repeated', async () => {
  const at = ['web_search.searxng', 'account'] as const;
  await put(owner, at[0], 'credential', at[1], { api_key: key, base_url: 'https://search.example.com' });
  await put(owner, at[0], 'activate', at[1]);
  for (let again = 0; again < 2; again++) {
    expect((await clear(owner, ...at)).status).toBe(204);
    expect(await find(owner, at[0])).toMatchObject({ key_prefix: null, base_url: 'https://search.example.com', is_active: true });
  }
  expect(
    await app.sql('select 1 from tool_providers where account_id = $1 and provider_name = $2 and api_key_sealed is not null', [
      owner.accountId,
      at[0],
    ]),
  ).toEqual([]);
  expect((await clear(stranger, 'web_search.duckduckgo', 'account')).status).toBe(204);
});

test.each([
  ['blank where one is needed', 'web_search.searxng', { base_url: ' ' }, 'inconsistent_values'],
  ['relative', 'web_search.searxng', { base_url: '/search' }, 'invalid_url'],
  ['of another scheme', 'web_search.searxng', { base_url: 'ftp://example.com' }, 'unsupported_scheme'],
  ['with a user', 'web_search.searxng', { base_url: 'https://u:p@example.com' }, 'userinfo_denied'],
  ['with a query', 'web_search.searxng', { base_url: 'https://example.com/?a=b' }, 'query_denied'],
  ['with a fragment', 'web_fetch.firecrawl', { base_url: 'https://example.com/#a' }, 'fragment_denied'],
  ['plain HTTP', 'web_fetch.firecrawl', { base_url: 'http://example.com' }, 'insecure_scheme_denied'],
  ['private', 'web_search.searxng', { base_url: 'https://10.0.0.1' }, 'private_ip_denied'],
  ['private in disguise', 'web_search.searxng', { base_url: 'https://0x7f.1' }, 'private_ip_denied'],
  ['this machine', 'web_search.searxng', { base_url: 'https://localhost.' }, 'localhost_denied'],
])('a base URL that is %s is rejected for an account', async (_, provider, body, why) => {
  const { status, body: problem } = await put(owner, provider, 'credential', 'account', body);
  expect([status, problem.details.reason, problem.details.issues[0].path]).toEqual([400, why, '/base_url']);
});

test('only the platform may use an internal base URL, and only for self-hosted providers', async () => {
  for (const name of ['web_search.searxng', 'web_fetch.firecrawl']) {
    expect((await put(platform, name, 'credential', 'platform', { base_url: 'http://searxng.internal:8080/' })).status).toBe(204);
    expect((await find(platform, name, 'platform')).base_url).toBe('http://searxng.internal:8080');
  }
  const refused = await put(platform, 'web_search.tavily', 'credential', 'platform', { base_url: 'http://10.0.0.1' });
  expect([refused.status, refused.body.details.reason]).toEqual([400, 'insecure_scheme_denied']);
});

test('a body has only api_key and base_url, as strings', async () => {
  for (const body of [{ api_key: null }, { api_key: 5 }, { api_key: 'x'.repeat(4097) }, { base_url: null }, { token: 'x' }])
    expect([body, (await put(owner, 'web_search.tavily', 'credential', 'account', body)).status]).toEqual([body, 400]);
});

test('each change is audited in the log of its owner', async () => {
  const { accountId } = stranger;
  await put(stranger, 'web_search.tavily', 'credential', 'account', { api_key: key });
  await put(stranger, 'web_search.tavily', 'activate', 'account');
  await put(stranger, 'web_search.tavily', 'deactivate', 'account');
  await clear(stranger, 'web_search.tavily', 'account');
  await put(platform, 'web_search.tavily', 'activate', 'platform');
  const target = { account_id: accountId, target_type: 'tool_provider', target_id: 'web_search.tavily:account' };
  expect((await entries('tool_provider.credential_set')).at(-1)).toEqual({ ...target, metadata: { fields: ['api_key'] } });
  expect((await entries('tool_provider.credential_clear')).at(-1)).toEqual({ ...target, metadata: {} });
  expect((await entries('tool_provider.deactivate')).at(-1)).toEqual({ ...target, metadata: {} });
  expect((await entries('tool_provider.activate')).slice(-2)).toEqual([
    { ...target, metadata: {} },
    { ...target, account_id: null, target_id: 'web_search.tavily:platform', metadata: {} },
  ]);
});

test('the API key is never stored or returned in plain text', async () => {
  await put(owner, 'web_search.tavily', 'credential', 'account', { api_key: key });
  await put(platform, 'web_search.tavily', 'credential', 'platform', { api_key: key });
  const client = await app.database.pool.connect();
  const traces = await everyRow(client as never).finally(() => client.release());
  const spellings = [key, Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64')];
  expect(traces.length).toBeGreaterThan(20);
  expect(traces.filter(({ text }) => spellings.some((spelling) => text.includes(spelling)))).toEqual([]);
  for (const scope of ['account', 'platform'] as const)
    expect((await list(scope === 'account' ? owner : platform, scope)).text).not.toContain(key.slice(5, -4));
  const [{ mine, shared }] = await app.sql(
    `select (select api_key_sealed from tool_providers where account_id = $1 and provider_name = 'web_search.tavily') as mine,
      (select api_key_sealed from tool_providers where account_id is null and provider_name = 'web_search.tavily') as shared`,
    [owner.accountId],
  );
  expect([Buffer.isBuffer(mine), mine.equals(shared)]).toEqual([true, false]);
});
