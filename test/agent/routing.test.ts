import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventData } from '../../contract/eventData.ts';
import type { RunFailure } from '../../server/agent/failure.ts';
import { openModel } from '../../server/agent/providers/open.ts';
import { type RoutedRun, reopenRoute, resolveRoute } from '../../server/agent/routing.ts';
import { addModel, addProvider, secretKey } from '../setup/providers.ts';
import { chat, startVendor, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld, testKeys, type World } from '../setup/world.ts';
import { ask, failureOf, outbound } from './support.ts';

let world: World;
let owner: Person;
let platform: Person;
let vendor: Vendor;

beforeAll(async () => {
  vendor = await startVendor();
  world = await startWorld({}, { worker: false });
  [owner, platform] = await Promise.all([world.signUp(), world.signUp()]);
  await world.promote(platform);
});
beforeEach(() => world.sql('delete from llm_providers'));
afterAll(() => vendor.close());

type Fields = Record<string, unknown>;
type Options = { byok?: boolean; config?: object; keys?: typeof testKeys };

/** Route a run of the owner's account. */
function route(wishes: Partial<RoutedRun> = {}, { byok = true, config = {}, keys = testKeys }: Options = {}) {
  const run: RoutedRun = {
    account_id: owner.accountId,
    thread_id: 't',
    route_id: null,
    model: null,
    persona_id: null,
    reasoning_mode: null,
    last_user_message: 'Hello',
    ...wishes,
  };
  return resolveRoute(world.database, { keys, config: { ...world.config, ...config }, settings: { 'feature.byok_enabled': byok } }, run);
}
const chosen = async (wishes: Partial<RoutedRun> = {}, options: Options = {}) => (await route(wishes, options)).event.route_id;
const refused = (wishes: Partial<RoutedRun>, options: Options = {}) =>
  route(wishes, options).then(
    () => expect.unreachable('the run was routed'),
    (error: RunFailure) => [error.errorClass, error.code],
  );

/** A provider with models, given as name and fields; answers the ids by name. */
async function provide(person: Person, fields: Fields, models: Record<string, Fields>) {
  const provider = await addProvider(world, person, fields);
  const ids: Record<string, string> = {};
  for (const [model, more] of Object.entries(models)) ids[model] = (await addModel(world, person, provider, { model, ...more })).id;
  return ids;
}
const ours = (fields: Fields, models: Record<string, Fields>) => provide(owner, fields, models);
const shared = (fields: Fields, models: Record<string, Fields>) => provide(platform, { scope: 'platform', ...fields }, models);

test('by itself a run goes to the default of the first provider, of the account before the platform', async () => {
  const low = await ours({ name: 'Low' }, { a: { priority: 1 }, b: { priority: 2, is_default: true } });
  const theirs = await shared({ name: 'Shared' }, { c: { priority: 99 } });
  expect(await chosen()).toBe(low.b);
  const high = await ours({ name: 'High' }, { d: {}, e: { priority: 3 } });
  expect(await chosen()).toBe(high.d);
  expect(await chosen({ account_id: platform.accountId })).toBe(theirs.c);
});

test('a model whose conditions are met comes before the default, the one with more of them first', async () => {
  const ids = await ours(
    {},
    {
      plain: { priority: 9 },
      one: { when: { persona_id: 'pro' } },
      two: { when: { persona_id: 'pro', reasoning_mode: 'high' } },
      other: { priority: 5, when: { persona_id: 'lite' } },
      unknown: { priority: 8, when: { persona_id: 'pro', weather: null } },
      fact: { priority: 1, when: { role: null, run_kind: 'root', last_user_message: 'deep', model: null } },
    },
  );
  expect(await chosen()).toBe(ids.plain);
  expect(await chosen({ persona_id: 'pro' })).toBe(ids.one);
  expect(await chosen({ persona_id: 'pro', reasoning_mode: 'high' })).toBe(ids.two);
  expect(await chosen({ persona_id: 'lite' })).toBe(ids.other);
  expect(await chosen({ last_user_message: 'deep' })).toBe(ids.fact);
  expect(await chosen({ last_user_message: 'deep', run_kind: 'subagent' })).toBe(ids.plain);
});

test('the default of the account comes before a condition of the platform', async () => {
  const mine = await ours({}, { plain: {} });
  const theirs = await shared({}, { pro: { when: { persona_id: 'pro' } } });
  expect(await chosen({ persona_id: 'pro' })).toBe(mine.plain);
  expect(await chosen({ persona_id: 'pro', account_id: platform.accountId })).toBe(theirs.pro);
});

test('conditions are compared deeply', async () => {
  const ids = await ours({}, { plain: {}, deep: { when: { last_user_message: { a: [1, { b: 2, c: null }] } } } });
  const fact = (value: unknown) => ({ last_user_message: value as string });
  expect(await chosen(fact({ a: [1, { c: null, b: 2 }] }))).toBe(ids.deep);
  for (const near of [{ a: [1, { b: 2 }] }, { a: [{ b: 2, c: null }, 1] }, '[object Object]'])
    expect(await chosen(fact(near))).toBe(ids.plain);
});

test('a route by id is taken whatever its conditions, if the run may see it', async () => {
  const ids = await ours({}, { plain: {}, picky: { when: { persona_id: 'x' } } });
  const theirs = await shared({}, { far: {} });
  expect(await chosen({ route_id: ids.picky! })).toBe(ids.picky);
  expect(await chosen({ route_id: ids.picky!.toUpperCase(), model: 'nonsense' })).toBe(ids.picky);
  expect(await chosen({ route_id: theirs.far! })).toBe(theirs.far);
  const denied = ['policy.denied', 'policy.route_not_found'];
  expect(await refused({ route_id: ids.plain!, account_id: platform.accountId })).toEqual(denied);
  expect(await refused({ route_id: 'normal' })).toEqual(denied);
});

test('a selector names provider and model; the provider as written first, the model in any case', async () => {
  const upper = await ours({ name: 'OpenAI' }, { 'GPT-Test': {}, 'a^b': {}, only: {} });
  const lower = await shared({ name: 'openai' }, { 'gpt-test': { priority: 9 }, other: {} });
  expect(await chosen({ model: 'OpenAI^gpt-TEST' })).toBe(upper['GPT-Test']);
  expect(await chosen({ model: 'openai^GPT-test' })).toBe(lower['gpt-test']);
  expect(await chosen({ model: 'OPENAI^gpt-test' })).toBe(upper['GPT-Test']);
  expect(await chosen({ model: 'openai^only' })).toBe(upper.only);
  expect(await chosen({ model: 'openai^a^B' })).toBe(upper['a^b']);
  expect(await chosen({ model: 'gpt-test' })).toBe(upper['GPT-Test']);
  expect(await chosen({ model: 'OTHER' })).toBe(lower.other);
  for (const model of ['openai^missing', 'missing', 'nobody^gpt-test', '^gpt-test', 'a^b'])
    expect(await refused({ model }), model).toEqual(['routing.not_found', 'routing.model_not_found']);
});

test('of models of one name the one whose conditions are met is taken, else the best', async () => {
  const picky = await ours({ name: 'A' }, { same: { priority: 9, when: { persona_id: 'pro' } } });
  const plain = await ours({ name: 'B' }, { same: { priority: 1 } });
  expect(await chosen({ model: 'same' })).toBe(plain.same);
  expect(await chosen({ model: 'same', persona_id: 'pro' })).toBe(picky.same);
  expect(await chosen({ model: 'A^same' })).toBe(picky.same);
});

test('a persona proposes: its model, then its provider, and neither has to exist', async () => {
  const first = await ours({ name: 'First' }, { a: { priority: 9 } });
  const second = await ours({ name: 'Second' }, { b: {}, c: { priority: 5 } });
  expect(await chosen({ persona_model: 'second^b' })).toBe(second.b);
  expect(await chosen({ persona_model: 'second^b', model: 'a' })).toBe(first.a);
  expect(await chosen({ persona_model: 'missing', preferred_credential: 'SECOND' })).toBe(second.c);
  expect(await chosen({ persona_model: 'missing', preferred_credential: 'missing' })).toBe(first.a);
  expect((await route({ persona_model: 'second^b' })).event.persona_model).toBe('second^b');
});

test('without own keys an account route fails when asked for, and is passed over otherwise', async () => {
  const mine = await ours({ name: 'Mine' }, { a: {}, mine: {} });
  const off = { byok: false };
  expect(await chosen({}, off)).toBe('stub');
  const theirs = await shared({ name: 'Shared' }, { a: { priority: -1 } });
  const denied = ['runtime_policy.denied', 'policy.byok_disabled'];
  for (const wishes of [{ route_id: mine.a! }, { model: 'mine' }, { model: 'Mine^a' }]) expect(await refused(wishes, off)).toEqual(denied);
  for (const wishes of [{}, { persona_model: 'Mine^a' }, { preferred_credential: 'Mine' }, { model: 'Shared^a' }])
    expect(await chosen(wishes, off)).toBe(theirs.a);
  expect(await chosen({})).toBe(mine.a);
});

test('the decision tells what it is made of, and comes back from its snapshot without the key', async () => {
  const advanced = { provider: { seed: 1, top_k: { deep: 1 } }, model: { top_k: { other: 2 }, user: 'u' } };
  const base_url = `${vendor.origin}/v1`;
  const fields = { name: 'Full', base_url, openai_api_mode: 'chat_completions', advanced_json: advanced.provider };
  const prices = {
    cost_per_1k_input: 0.000001,
    cost_per_1k_output: 999_998.999999,
    cost_per_1k_cache_write: null,
    cost_per_1k_cache_read: 0,
  };
  const { 'gpt-test': id } = await ours(fields, { 'gpt-test': { advanced_json: advanced.model, multiplier: 1.5, ...prices } });
  const routed = await route();
  expect(eventData['run.route.selected'].strict().parse(routed.event)).toEqual({
    route_id: id,
    model: 'gpt-test',
    credential_id: expect.any(String),
    credential_name: 'Full',
    owner_kind: 'account',
    provider_kind: 'openai',
    base_url,
    openai_api_mode: 'chat_completions',
    advanced_json_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(routed.route).toMatchObject({ api_key: secretKey, advanced_json: { seed: 1, top_k: { other: 2 }, user: 'u' } });
  expect([routed.prices.cost_per_1k_input, routed.prices.cost_per_1k_output, routed.multiplier]).toEqual([
    '0.000001',
    '999998.999999',
    '1.5',
  ]);
  await world.sql('delete from llm_providers');
  const kept = JSON.stringify(routed.snapshot);
  expect(kept).not.toContain(secretKey);
  expect(reopenRoute({ keys: testKeys }, JSON.parse(kept))).toEqual(routed);
  vendor.answers(chat.answer('Hi'));
  expect((await ask(openModel(routed.route, { outbound }))).visible).toBe('Hi');
  expect(vendor.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secretKey}`);
});

test('a key that does not open ends the run without a word about it', async () => {
  await shared({ provider: 'anthropic' }, { a: {} });
  const { snapshot, event } = await route();
  expect(event).not.toHaveProperty('openai_api_mode');
  const keys = { ...testKeys, encryptionKey: Buffer.alloc(32, 9) };
  expect(await refused({}, { keys })).toEqual(['config.invalid', undefined]);
  for (const kept of [snapshot, {}, null])
    expect(() => reopenRoute({ keys }, kept)).toThrow(
      expect.objectContaining({ errorClass: 'config.invalid', message: expect.not.stringContaining('sk-') }),
    );
});

test('an address inside is refused when it is asked, not when it is chosen', async () => {
  await ours({ base_url: 'https://127.0.0.1/v1', openai_api_mode: 'responses' }, { a: {} });
  const { error } = await failureOf(openModel((await route()).route, { outbound }));
  expect([error.errorClass, error.details.reason]).toEqual(['provider.non_retryable', 'base_url_denied']);
});
