import { beforeAll, expect, test } from 'vitest';
import { LlmProvider } from '../../../contract/llmProviders.ts';
import { addModel, addProvider, providerApiKey } from '../../support/agent/providers.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';

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

const create = (person: Person, body: object) => app.call('POST', '/v1/llm-providers', { token: person.token, body });
const patch = (person: Person, id: string, body: object, query = '') =>
  app.call('PATCH', `/v1/llm-providers/${id}${query}`, { token: person.token, body });
const remove = (person: Person, id: string, query = '') => app.call('DELETE', `/v1/llm-providers/${id}${query}`, { token: person.token });
const list = async (person: Person, query = '', headers = {}) =>
  (await app.call('GET', `/v1/llm-providers${query}`, { token: person.token, headers })).body;
const input = (changes: object = {}) => ({ name: 'Upstream', provider: 'openai', api_key: providerApiKey, ...changes });
const asMember = () => ({ token: member.token, headers: { 'x-account-id': owner.accountId } });

test('a provider is created, listed, updated and deleted', async () => {
  const { accountId } = owner;
  const made = await create(
    owner,
    input({ name: '  First  ', api_key: ` ${providerApiKey} `, base_url: 'https://api.example.com/v1//', advanced_json: { top_k: 4 } }),
  );
  expect(made.status).toBe(201);
  expect(LlmProvider.parse(made.body)).toEqual(made.body);
  expect(made.body).toMatchObject({
    account_id: accountId,
    scope: 'account',
    name: 'First',
    key_prefix: 'sk-secre',
    base_url: 'https://api.example.com/v1',
    openai_api_mode: null,
    advanced_json: { top_k: 4 },
    models: [],
  });
  const { id } = made.body;
  await addModel(app, owner, made.body, { model: 'b', priority: 1 });
  await addModel(app, owner, made.body, { model: 'a', priority: 5 });
  const changed = await patch(owner, id, {
    base_url: null,
    advanced_json: null,
    openai_api_mode: 'responses',
    api_key: `new-${providerApiKey}`,
  });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({
    base_url: null,
    advanced_json: {},
    openai_api_mode: 'responses',
    key_prefix: 'new-sk-s',
    name: 'First',
  });
  expect(changed.body.models.map(({ model }: { model: string }) => model)).toEqual(['a', 'b']);
  const second = await addProvider(app, owner, { name: 'Second' });
  expect((await list(owner)).map((each: { id: string }) => each.id)).toEqual([second.id, id]);
  expect((await remove(owner, id)).status).toBe(204);
  expect((await remove(owner, id)).status).toBe(404);
  expect(await app.sql('select 1 from llm_models where provider_id = $1', [id])).toEqual([]);
  await remove(owner, second.id);
});

test('text with quotes, backslashes and question marks is stored unchanged', async () => {
  const name = `it's "a" \\' ? $1 :x {y} \n%s 名`;
  const made = await addProvider(app, owner, { name: 'Plain' });
  const advanced = { [name]: [name, { deep: null }], empty: '' };
  const { status, body } = await patch(owner, made.id, { name, advanced_json: advanced });
  expect([status, body.name, body.advanced_json]).toEqual([200, name, advanced]);
  const model = await addModel(app, owner, made, { model: name, tags: [name, 'a,b', '{}', name], when: advanced });
  expect(model).toMatchObject({ model: name, tags: [name, 'a,b', '{}'], when: advanced });
  await remove(owner, made.id);
});

test('names are unique per owner, regardless of case', async () => {
  const { id } = await addProvider(app, owner, { name: 'Twice' });
  const other = await addProvider(app, owner, { name: 'Other' });
  const again = await create(owner, input({ name: 'tWICE' }));
  expect([again.status, again.body.details.reason]).toEqual([409, 'name_conflict']);
  const renamed = await patch(owner, other.id, { name: 'TWICE' });
  expect([renamed.status, renamed.body.details.reason]).toEqual([409, 'name_conflict']);
  expect((await patch(owner, id, { name: 'twice' })).status).toBe(200);
  const elsewhere = await addProvider(app, stranger, { name: 'Twice' });
  for (const each of [id, other.id]) await remove(owner, each);
  await remove(stranger, elsewhere.id);
});

test.each([
  ['a name with ^', { name: 'a^b' }, '/name'],
  ['a blank name', { name: '  ' }, '/name'],
  ['another vendor', { provider: 'mistral' }, '/provider'],
  ['a blank key', { api_key: '  ' }, '/api_key'],
  ['a relative URL', { base_url: '/v1' }, '/base_url'],
  ['another scheme', { base_url: 'ftp://example.com' }, '/base_url'],
  ['a user in the URL', { base_url: 'https://u:p@example.com' }, '/base_url'],
  ['a query in the URL', { base_url: 'https://example.com/v1?' }, '/base_url'],
  ['a fragment in the URL', { base_url: 'https://example.com/#' }, '/base_url'],
  ['an API mode at Anthropic', { provider: 'anthropic', openai_api_mode: 'auto' }, '/openai_api_mode'],
  ['an API mode at Google', { provider: 'gemini', openai_api_mode: 'auto' }, '/openai_api_mode'],
  ['advanced_json that is no object', { advanced_json: [] }, '/advanced_json'],
  ['an unknown field', { color: 'red' }, '/color'],
])('%s is rejected', async (_, changes, path) => {
  const { status, body } = await create(owner, input(changes));
  expect([status, body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, [path]]);
});

test.each([
  ['invalid_url', { base_url: '/v1' }],
  ['unsupported_scheme', { base_url: 'ftp://example.com' }],
  ['userinfo_denied', { base_url: 'https://u:p@example.com' }],
  ['query_denied', { base_url: 'https://example.com/v1?' }],
  ['fragment_denied', { base_url: 'https://example.com/#' }],
  ['inconsistent_values', { provider: 'anthropic', openai_api_mode: 'auto' }],
])('the reason is %s for %j', async (reason, changes) => {
  const { status, body } = await create(owner, input(changes));
  expect([status, body.details.reason, body.details.issues[0].reason]).toEqual([400, reason, reason]);
});

test.each([
  ['openai', { stream: true, model: 'x' }, ['/advanced_json/model', '/advanced_json/stream']],
  ['anthropic', { system: 'x' }, ['/advanced_json/system']],
  ['gemini', { tools: [], systemInstruction: {} }, ['/advanced_json/tools', '/advanced_json/systemInstruction']],
  ['anthropic', { anthropic_version: '' }, ['/advanced_json/anthropic_version']],
  ['anthropic', { extra_headers: { 'anthropic-beta': 'a', cookie: 'b' } }, ['/advanced_json/extra_headers/cookie']],
])('%s rejects %j in advanced_json', async (provider, advanced_json, paths) => {
  const { status, body } = await create(owner, input({ provider, advanced_json }));
  expect([status, body.details.reason]).toEqual([400, 'advanced_json_key_denied']);
  expect(body.details.issues.map((issue: { path: string }) => issue.path)).toEqual(paths);
});

test('a known model gets published prices and facts; own values, also null, take precedence; other servers get none', async () => {
  const made = await addProvider(app, owner, { name: 'Known' });
  const published = {
    cost_per_1k_input: 0.00125,
    cost_per_1k_output: 0.01,
    cost_per_1k_cache_write: null,
    cost_per_1k_cache_read: 0.000125,
  };
  const facts = {
    context_length: 400_000,
    max_output_tokens: 128_000,
    tool_calling: true,
    reasoning: true,
    input_modalities: ['text', 'image'],
  };
  const known = { ...published, as_of: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/), price_list: expect.stringMatching(/^https:/) };
  expect(await addModel(app, owner, made, { model: 'gpt-5' })).toMatchObject({ ...published, ...facts, known });
  const own = { cost_per_1k_input: 0.5, advanced_json: { available_catalog: { context_length_override: 9_000 } } };
  expect(await addModel(app, owner, made, { model: 'gpt-5-2025-08-07', ...own })).toMatchObject({
    ...{ cost_per_1k_input: 0.5, cost_per_1k_output: null, cost_per_1k_cache_read: null },
    ...{ ...facts, context_length: 9_000, known },
  });
  const free = await addModel(app, owner, made, { model: 'gpt-5-mini', cost_per_1k_output: null });
  expect(free).toMatchObject({ cost_per_1k_input: null, cost_per_1k_output: null, context_length: 400_000 });
  const patched = await patch(owner, `${made.id}/models/${free.id}`, { priority: 3 });
  expect(patched.body).toMatchObject({ cost_per_1k_input: null, priority: 3 });
  const elsewhere = await addProvider(app, owner, { name: 'Elsewhere', base_url: 'https://llm.example.com/v1' });
  const other = await addModel(app, owner, elsewhere, { model: 'gpt-5' });
  expect(other).toMatchObject({ cost_per_1k_input: null });
  for (const name of ['known', 'context_length', 'tool_calling']) expect(other).not.toHaveProperty(name);
  for (const { id } of [made, elsewhere]) await remove(owner, id);
});

test('an update is validated together with the stored fields', async () => {
  const made = await addProvider(app, owner, { name: 'Merged', openai_api_mode: 'auto', advanced_json: { system: 'kept' } });
  const { id } = made;
  await addModel(app, owner, made, { advanced_json: { max_tokens: 5 } });
  expect((await patch(owner, id, { provider: 'anthropic' })).body.details.issues[0].path).toBe('/openai_api_mode');
  const denied = await patch(owner, id, { provider: 'anthropic', openai_api_mode: null });
  expect(denied.body.details).toMatchObject({ reason: 'advanced_json_key_denied', issues: [{ path: '/advanced_json/system' }] });
  const byModel = await patch(owner, id, { provider: 'anthropic', openai_api_mode: null, advanced_json: null });
  expect(byModel.body.details).toMatchObject({ reason: 'advanced_json_key_denied', issues: [{ path: '/provider' }] });
  for (const body of [{}, { api_key: null }, { scope: 'platform' }, { name: null }])
    expect((await patch(owner, id, body)).status).toBe(400);
  expect((await list(owner))[0]).toMatchObject({ provider: 'openai', openai_api_mode: 'auto', advanced_json: { system: 'kept' } });
  await remove(owner, id);
});

test('a provider of another account or scope, or an unknown one, returns 404', async () => {
  const mine = await addProvider(app, owner, { name: 'Mine' });
  const shared = await addProvider(app, platform, { name: 'Shared', scope: 'platform' });
  for (const id of [mine.id, shared.id, '00000000-0000-7000-8000-000000000000']) {
    expect((await patch(stranger, id, { nonsense: 1 })).status).toBe(404);
    expect((await remove(stranger, id)).status).toBe(404);
    expect((await app.call('GET', `/v1/llm-providers/${id}/available-models`, { token: stranger.token })).status).toBe(404);
  }
  expect((await patch(platform, shared.id, { name: 'x' })).status).toBe(404);
  expect((await patch(platform, mine.id, { name: 'x' }, '?scope=platform')).status).toBe(404);
  expect((await patch(owner, shared.id, { name: 'x' }, '?scope=platform')).status).toBe(403);
  expect((await patch(platform, shared.id, { name: 'Shared 2' }, '?scope=platform')).status).toBe(200);
  for (const [person, id, query] of [
    [owner, mine.id, ''],
    [platform, shared.id, '?scope=platform'],
  ] as const)
    expect((await remove(person, id, query)).status).toBe(204);
});

test('a user without data.secrets.manage sees only what the model picker needs, and changes nothing', async () => {
  const mine = await addProvider(app, owner, { name: 'Mine', base_url: 'https://example.com', advanced_json: { a: 1 } });
  const shown = await addModel(app, owner, mine, { model: 'shown', advanced_json: { b: 1 } });
  const hidden = await addModel(app, owner, mine, { model: 'hidden', show_in_picker: false });
  const shared = await addProvider(app, platform, { name: 'Shared', scope: 'platform' });
  const bare = { key_prefix: null, base_url: null, advanced_json: null };
  expect(await list(member, '', { 'x-account-id': owner.accountId })).toMatchObject([
    { id: mine.id, ...bare, models: [{ id: shown.id, advanced_json: null }] },
    { id: shared.id, ...bare, models: [] },
  ]);
  const seen = await list(owner);
  expect(seen).toMatchObject([
    { id: mine.id, key_prefix: 'sk-secre', advanced_json: { a: 1 } },
    { id: shared.id, account_id: null, ...bare },
  ]);
  expect(seen[0].models).toHaveLength(2);
  expect(await list(platform)).toMatchObject([{ id: shared.id, key_prefix: 'sk-secre' }]);
  expect((await list(owner, '?scope=account')).map((each: { id: string }) => each.id)).toEqual([mine.id]);
  expect((await list(owner, '?scope=platform')).map((each: { id: string }) => each.id)).toEqual([shared.id]);
  expect((await app.call('GET', '/v1/llm-providers?project_id=x', { token: owner.token })).status).toBe(400);
  const refused = await app.call('POST', '/v1/llm-providers', { ...asMember(), body: input() });
  expect([refused.status, refused.body.details.reason]).toEqual([403, 'missing_permission']);
  const paths = [
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/available-models'],
    ['POST', '/models'],
    ['DELETE', `/models/${shown.id}`],
  ] as const;
  for (const [method, path] of paths)
    expect((await app.call(method, `/v1/llm-providers/${mine.id}${path}`, asMember())).status, path).toBe(403);
  expect((await app.call('DELETE', `/v1/llm-providers/${mine.id}/models/${hidden.id}`, asMember())).status).toBe(404);
  expect((await create(owner, input({ scope: 'platform' }))).body.details).toMatchObject({ permission: 'platform.admin' });
  await remove(owner, mine.id);
  await remove(platform, shared.id, '?scope=platform');
});

test('the API key is encrypted, and audit entries have field names only', async () => {
  const { id } = await addProvider(app, owner, { name: 'Audited' });
  const [{ api_key_sealed: sealed }] = await app.sql('select api_key_sealed from llm_providers where id = $1', [id]);
  expect(sealed.includes(Buffer.from('secret'))).toBe(false);
  await patch(owner, id, { api_key: `other-${providerApiKey}`, name: 'Audited again' });
  await remove(owner, id);
  const entries = await app.sql('select * from audit_logs where target_id = $1 order by created_at, id', [id]);
  expect(entries.map(({ action, target_type, metadata }) => [action, target_type, metadata])).toEqual([
    ['llm_provider.create', 'llm_provider', { fields: ['api_key', 'name', 'provider', 'scope'] }],
    ['llm_provider.update', 'llm_provider', { fields: ['api_key', 'name'] }],
    ['llm_provider.delete', 'llm_provider', {}],
  ]);
  const { id: shared } = await addProvider(app, platform, { name: 'Ours', scope: 'platform' });
  await remove(platform, shared, '?scope=platform');
  const ours = await app.sql('select account_id, actor_user_id from audit_logs where target_id = $1', [shared]);
  expect(ours).toEqual(Array(2).fill({ account_id: null, actor_user_id: platform.id }));
  expect(JSON.stringify(await app.sql('select * from audit_logs'))).not.toContain('4f9c2a71b8d05e63');
  expect(JSON.stringify(await list(owner))).not.toContain('4f9c2a71b8d05e63');
});

test('with feature.byok_enabled off, accounts cannot add providers but the platform can', async () => {
  await setPlatformSettings(app, { 'feature.byok_enabled': false });
  const refused = await create(platform, input());
  expect([refused.status, refused.body.details.reason]).toEqual([403, 'feature_disabled']);
  const { id } = await addProvider(app, platform, { scope: 'platform' });
  await remove(platform, id, '?scope=platform');
});
