import { beforeAll, expect, test } from 'vitest';
import { LlmModel } from '../../../contract/llmProviders.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';

let app: TestApp;
let owner: Person;
let stranger: Person;
let provider: Awaited<ReturnType<typeof addProvider>>;

beforeAll(async () => {
  app = await startTestApp({}, { worker: false });
  [owner, stranger] = await Promise.all([app.signUp(), app.signUp()]);
});

async function freshProvider() {
  if (provider) await app.call('DELETE', `/v1/llm-providers/${provider.id}`, { token: owner.token });
  provider = await addProvider(app, owner);
  return (model: string, fields: object = {}) => addModel(app, owner, provider, { model, ...fields });
}
const at = (id?: string) => `/v1/llm-providers/${provider.id}/models${id ? `/${id}` : ''}`;
const post = (body: object) => app.call('POST', at(), { token: owner.token, body });
const patch = (id: string, body: object) => app.call('PATCH', at(id), { token: owner.token, body });
const remove = (id: string) => app.call('DELETE', at(id), { token: owner.token });
const models = async (): Promise<LlmModel[]> => (await app.call('GET', '/v1/llm-providers', { token: owner.token })).body[0].models;
const defaults = async () => (await models()).filter((model) => model.is_default).map(({ model }) => model);

test('a model is created with defaults, updated and deleted', async () => {
  await freshProvider();
  const made = await post({ model: '  gpt-test ' });
  expect(made.status).toBe(201);
  expect(LlmModel.parse(made.body)).toEqual(made.body);
  expect(made.body).toEqual({
    id: made.body.id,
    provider_id: provider.id,
    model: 'gpt-test',
    priority: 0,
    is_default: true,
    show_in_picker: true,
    tags: [],
    when: {},
    advanced_json: {},
    multiplier: 1,
    cost_per_1k_input: null,
    cost_per_1k_output: null,
    cost_per_1k_cache_write: null,
    cost_per_1k_cache_read: null,
  });
  const changes = {
    model: 'gpt-other',
    priority: -3,
    show_in_picker: false,
    tags: [' a', 'b', 'a'],
    when: { persona_id: 'pro', list: [1, { a: null }] },
    advanced_json: { seed: 1 },
    multiplier: 0.0000001,
    cost_per_1k_input: 0.000001,
    cost_per_1k_output: 999_999,
    cost_per_1k_cache_write: 0,
    cost_per_1k_cache_read: 1.25,
  };
  const changed = await patch(made.body.id, changes);
  expect([changed.status, changed.body]).toEqual([200, { ...made.body, ...changes, tags: ['a', 'b'] }]);
  const cleared = await patch(made.body.id, { when: null, advanced_json: null, cost_per_1k_input: null, tags: [] });
  expect(cleared.body).toMatchObject({ when: {}, advanced_json: {}, cost_per_1k_input: null, tags: [], cost_per_1k_cache_read: 1.25 });
  expect((await remove(made.body.id)).status).toBe(204);
  expect((await remove(made.body.id)).status).toBe(404);
  expect(await models()).toEqual([]);
});

test('model names are unique per provider, regardless of case', async () => {
  const add = await freshProvider();
  await add('GPT-Test');
  const { id } = await add('other');
  for (const answer of [await post({ model: 'gpt-test' }), await patch(id, { model: 'gpt-TEST' })])
    expect([answer.status, answer.body.details.reason]).toEqual([409, 'model_conflict']);
  expect((await patch(id, { model: 'OTHER' })).body.model).toBe('OTHER');
});

test.each([
  ['no model', {}, '/model'],
  ['a blank model', { model: ' ' }, '/model'],
  ['a long model', { model: 'x'.repeat(201) }, '/model'],
  ['a fraction as priority', { model: 'x', priority: 1.5 }, '/priority'],
  ['a huge priority', { model: 'x', priority: 2 ** 31 }, '/priority'],
  ['33 tags', { model: 'x', tags: Array(33).fill('t') }, '/tags'],
  ['a list of conditions', { model: 'x', when: [] }, '/when'],
  ['multiplier 0', { model: 'x', multiplier: 0 }, '/multiplier'],
  ['a negative price', { model: 'x', cost_per_1k_input: -1 }, '/cost_per_1k_input'],
  ['7 decimals', { model: 'x', cost_per_1k_output: 0.0000001 }, '/cost_per_1k_output'],
  ['a key the server writes', { model: 'x', advanced_json: { tools: [] } }, '/advanced_json/tools'],
])('%s is rejected', async (_, body, path) => {
  await freshProvider();
  const { status, body: problem } = await post(body);
  expect([status, problem.details.issues[0].path]).toEqual([400, path]);
  expect(await models()).toEqual([]);
});

test('the first model is the default, the flag can be moved, and falls to the model with the highest priority when it is cleared', async () => {
  const add = await freshProvider();
  const first = await add('first', { is_default: false });
  expect(first.is_default).toBe(true);
  expect((await patch(first.id, { is_default: false })).body.is_default).toBe(true);
  const best = await add('best', { priority: 9 });
  await add('old', { priority: 5 });
  await add('young', { priority: 5 });
  expect(best.is_default).toBe(false);
  expect(await defaults()).toEqual(['first']);
  expect((await add('moved', { is_default: true })).is_default).toBe(true);
  expect(await defaults()).toEqual(['moved']);
  expect((await patch(best.id, { is_default: true })).body.is_default).toBe(true);
  expect(await defaults()).toEqual(['best']);
  expect((await patch(best.id, { is_default: false })).body.is_default).toBe(false);
  expect(await defaults()).toEqual(['old']);
  const [old] = (await models()).filter(({ model }) => model === 'old');
  await remove(best.id);
  expect(await defaults()).toEqual(['old']);
  await remove(old!.id);
  expect(await defaults()).toEqual(['young']);
});

test('twenty parallel requests that set the default leave exactly one default', async () => {
  const add = await freshProvider();
  const made = [];
  for (let n = 0; n < 20; n++) made.push(await add(`model-${n}`));
  const answers = await Promise.all(made.map(({ id }) => patch(id, { is_default: true })));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(await defaults()).toHaveLength(1);
  const mixed = await Promise.all(made.map(({ id }, n) => (n % 2 ? remove(id) : patch(id, { is_default: n % 4 === 0 }))));
  expect(mixed.every(({ status }) => status < 300)).toBe(true);
  expect(await models()).toHaveLength(10);
  expect(await defaults()).toHaveLength(1);
});

test('first models created in parallel leave exactly one default', async () => {
  await freshProvider();
  await Promise.all(Array.from({ length: 10 }, (_, n) => post({ model: `model-${n % 5}` })));
  expect(await models()).toHaveLength(5);
  expect(await defaults()).toHaveLength(1);
});

test('a model of another provider or account returns 404', async () => {
  const add = await freshProvider();
  const mine = await add('mine');
  const other = await addProvider(app, owner, { name: 'Other' });
  const foreign = await addProvider(app, stranger);
  const wrong = [`/v1/llm-providers/${other.id}/models/${mine.id}`, `/v1/llm-providers/${foreign.id}/models/${mine.id}`];
  for (const path of [...wrong, at('00000000-0000-7000-8000-000000000000'), `${at(mine.id)}?scope=platform`])
    for (const [method, suffix] of [
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/test'],
    ] as const) {
      const [bare = '', query] = path.split('?');
      const url = `${bare}${suffix}${query ? `?${query}` : ''}`;
      expect(
        (await app.call(method, url, { token: owner.token, body: method === 'PATCH' ? { nonsense: 1 } : undefined })).status,
        url,
      ).toBe(404);
    }
  expect((await app.call('POST', at(), { token: stranger.token, body: { model: 'x' } })).status).toBe(404);
  await app.call('DELETE', `/v1/llm-providers/${other.id}`, { token: owner.token });
});

test('each change writes an audit entry with the changed field names', async () => {
  const add = await freshProvider();
  const { id } = await add('audited', { priority: 1, is_default: true });
  await patch(id, { tags: ['x'], is_default: true });
  await remove(id);
  const entries = await app.sql(
    'select action, target_type, account_id, metadata from audit_logs where target_id = $1 order by created_at, id',
    [id],
  );
  const common = { target_type: 'llm_provider_model', account_id: owner.accountId };
  expect(entries).toEqual([
    { action: 'llm_provider_model.create', ...common, metadata: { fields: ['is_default', 'model', 'priority'] } },
    { action: 'llm_provider_model.update', ...common, metadata: { fields: ['is_default', 'tags'] } },
    { action: 'llm_provider_model.delete', ...common, metadata: {} },
  ]);
});
