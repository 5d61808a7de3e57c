import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventData } from '../../../contract/eventData.ts';
import { openModel } from '../../../server/models/openModel.ts';
import type { RunFailure } from '../../../server/models/runFailure.ts';
import { keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { openSnapshot, resolveRoute, type RouteRequest } from '../../../server/runs/execute/resolveRoute.ts';
import { addModel, addProvider, providerApiKey } from '../../support/agent/providers.ts';
import { chat, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { type Person, startTestApp, type TestApp, testKeys } from '../../support/app/testApp.ts';
import { callModel, failureOf, outbound } from './support.ts';

let app: TestApp;
let owner: Person;
let platform: Person;
let vendor: Vendor;

beforeAll(async () => {
  vendor = await startVendor();
  app = await startTestApp({}, { worker: false });
  [owner, platform] = await Promise.all([app.signUp(), app.signUp()]);
  await app.promote(platform);
});
beforeEach(() => app.sql('delete from llm_providers'));
afterAll(() => vendor.close());

type Fields = Record<string, unknown>;
type Options = { byok?: boolean; config?: object; keys?: typeof testKeys };

/** Routes a run of the owner's account. */
function route(wishes: Partial<RouteRequest> = {}, { byok = true, config = {}, keys = testKeys }: Options = {}) {
  const run: RouteRequest = {
    account_id: owner.accountId,
    thread_id: 't',
    route_id: null,
    model: null,
    persona_id: null,
    reasoning_mode: null,
    last_user_message: 'Hello',
    ...wishes,
  };
  return resolveRoute(app.database, { keys, config: { ...app.config, ...config }, settings: { 'feature.byok_enabled': byok } }, run);
}
const chosenRoute = async (wishes: Partial<RouteRequest> = {}, options: Options = {}) => (await route(wishes, options)).event.route_id;
const routingError = (wishes: Partial<RouteRequest>, options: Options = {}) =>
  route(wishes, options).then(
    () => expect.unreachable('the run was routed'),
    (error: RunFailure) => [error.errorClass, error.code],
  );

/** Creates a provider with `models` (fields by name). Returns their ids by name. */
async function provide(person: Person, fields: Fields, models: Record<string, Fields>) {
  const provider = await addProvider(app, person, fields);
  const ids: Record<string, string> = {};
  for (const [model, more] of Object.entries(models)) ids[model] = (await addModel(app, person, provider, { model, ...more })).id;
  return ids;
}
const addAccountProvider = (fields: Fields, models: Record<string, Fields>) => provide(owner, fields, models);
const addPlatformProvider = (fields: Fields, models: Record<string, Fields>) => provide(platform, { scope: 'platform', ...fields }, models);

test('the default is that of the first provider; providers of the account precede those of the platform', async () => {
  const low = await addAccountProvider({ name: 'Low' }, { a: { priority: 1 }, b: { priority: 2, is_default: true } });
  const theirs = await addPlatformProvider({ name: 'Shared' }, { c: { priority: 99 } });
  expect(await chosenRoute()).toBe(low.b);
  const high = await addAccountProvider({ name: 'High' }, { d: {}, e: { priority: 3 } });
  expect(await chosenRoute()).toBe(high.d);
  expect(await chosenRoute({ account_id: platform.accountId })).toBe(theirs.c);
});

test('a model with matching conditions precedes the default; more conditions take precedence', async () => {
  const ids = await addAccountProvider(
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
  expect(await chosenRoute()).toBe(ids.plain);
  expect(await chosenRoute({ persona_id: 'pro' })).toBe(ids.one);
  expect(await chosenRoute({ persona_id: 'pro', reasoning_mode: 'high' })).toBe(ids.two);
  expect(await chosenRoute({ persona_id: 'lite' })).toBe(ids.other);
  expect(await chosenRoute({ last_user_message: 'deep' })).toBe(ids.fact);
  expect(await chosenRoute({ last_user_message: 'deep', run_kind: 'subagent' })).toBe(ids.plain);
});

test('the default of the account precedes a matching condition of the platform', async () => {
  const mine = await addAccountProvider({}, { plain: {} });
  const theirs = await addPlatformProvider({}, { pro: { when: { persona_id: 'pro' } } });
  expect(await chosenRoute({ persona_id: 'pro' })).toBe(mine.plain);
  expect(await chosenRoute({ persona_id: 'pro', account_id: platform.accountId })).toBe(theirs.pro);
});

test('conditions are compared deeply', async () => {
  const ids = await addAccountProvider({}, { plain: {}, deep: { when: { last_user_message: { a: [1, { b: 2, c: null }] } } } });
  const fact = (value: unknown) => ({ last_user_message: value as string });
  expect(await chosenRoute(fact({ a: [1, { c: null, b: 2 }] }))).toBe(ids.deep);
  for (const near of [{ a: [1, { b: 2 }] }, { a: [{ b: 2, c: null }, 1] }, '[object Object]'])
    expect(await chosenRoute(fact(near))).toBe(ids.plain);
});

test('a route given by id is used regardless of its conditions, if visible to the account', async () => {
  const ids = await addAccountProvider({}, { plain: {}, picky: { when: { persona_id: 'x' } } });
  const theirs = await addPlatformProvider({}, { far: {} });
  expect(await chosenRoute({ route_id: ids.picky! })).toBe(ids.picky);
  expect(await chosenRoute({ route_id: ids.picky!.toUpperCase(), model: 'nonsense' })).toBe(ids.picky);
  expect(await chosenRoute({ route_id: theirs.far! })).toBe(theirs.far);
  const denied = ['policy.denied', 'policy.route_not_found'];
  expect(await routingError({ route_id: ids.plain!, account_id: platform.accountId })).toEqual(denied);
  expect(await routingError({ route_id: 'normal' })).toEqual(denied);
});

test('a selector matches the provider by exact case first and the model in any case', async () => {
  const upper = await addAccountProvider({ name: 'OpenAI' }, { 'GPT-Test': {}, 'a^b': {}, only: {} });
  const lower = await addPlatformProvider({ name: 'openai' }, { 'gpt-test': { priority: 9 }, other: {} });
  expect(await chosenRoute({ model: 'OpenAI^gpt-TEST' })).toBe(upper['GPT-Test']);
  expect(await chosenRoute({ model: 'openai^GPT-test' })).toBe(lower['gpt-test']);
  expect(await chosenRoute({ model: 'OPENAI^gpt-test' })).toBe(upper['GPT-Test']);
  expect(await chosenRoute({ model: 'openai^only' })).toBe(upper.only);
  expect(await chosenRoute({ model: 'openai^a^B' })).toBe(upper['a^b']);
  expect(await chosenRoute({ model: 'gpt-test' })).toBe(upper['GPT-Test']);
  expect(await chosenRoute({ model: 'OTHER' })).toBe(lower.other);
  for (const model of ['openai^missing', 'missing', 'nobody^gpt-test', '^gpt-test', 'a^b'])
    expect(await routingError({ model }), model).toEqual(['routing.not_found', 'routing.model_not_found']);
});

test('of models with the same name one with matching conditions is used, else the best', async () => {
  const picky = await addAccountProvider({ name: 'A' }, { same: { priority: 9, when: { persona_id: 'pro' } } });
  const plain = await addAccountProvider({ name: 'B' }, { same: { priority: 1 } });
  expect(await chosenRoute({ model: 'same' })).toBe(plain.same);
  expect(await chosenRoute({ model: 'same', persona_id: 'pro' })).toBe(picky.same);
  expect(await chosenRoute({ model: 'A^same' })).toBe(picky.same);
});

test('the model and then the provider of a persona are preferred, and missing ones are ignored', async () => {
  const first = await addAccountProvider({ name: 'First' }, { a: { priority: 9 } });
  const second = await addAccountProvider({ name: 'Second' }, { b: {}, c: { priority: 5 } });
  expect(await chosenRoute({ persona_model: 'second^b' })).toBe(second.b);
  expect(await chosenRoute({ persona_model: 'second^b', model: 'a' })).toBe(first.a);
  expect(await chosenRoute({ persona_model: 'missing', preferred_credential: 'SECOND' })).toBe(second.c);
  expect(await chosenRoute({ persona_model: 'missing', preferred_credential: 'missing' })).toBe(first.a);
  expect((await route({ persona_model: 'second^b' })).event.persona_model).toBe('second^b');
});

test('with BYOK disabled an account route fails if requested, and is skipped otherwise', async () => {
  const mine = await addAccountProvider({ name: 'Mine' }, { a: {}, mine: {} });
  const off = { byok: false };
  expect(await chosenRoute({}, off)).toBe('stub');
  const theirs = await addPlatformProvider({ name: 'Shared' }, { a: { priority: -1 } });
  const denied = ['runtime_policy.denied', 'policy.byok_disabled'];
  for (const wishes of [{ route_id: mine.a! }, { model: 'mine' }, { model: 'Mine^a' }])
    expect(await routingError(wishes, off)).toEqual(denied);
  for (const wishes of [{}, { persona_model: 'Mine^a' }, { preferred_credential: 'Mine' }, { model: 'Shared^a' }])
    expect(await chosenRoute(wishes, off)).toBe(theirs.a);
  expect(await chosenRoute({})).toBe(mine.a);
});

test('the event describes the route, and the route is restored from a snapshot without the key', async () => {
  const advanced = { provider: { seed: 1, top_k: { deep: 1 } }, model: { top_k: { other: 2 }, user: 'u' } };
  const base_url = `${vendor.origin}/v1`;
  const fields = { name: 'Full', base_url, openai_api_mode: 'chat_completions', advanced_json: advanced.provider };
  const prices = {
    cost_per_1k_input: 0.000001,
    cost_per_1k_output: 999_998.999999,
    cost_per_1k_cache_write: null,
    cost_per_1k_cache_read: 0,
  };
  const { 'gpt-test': id } = await addAccountProvider(fields, {
    'gpt-test': { advanced_json: advanced.model, multiplier: 1.5, ...prices },
  });
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
  expect(routed.route).toMatchObject({ api_key: providerApiKey, advanced_json: { seed: 1, top_k: { other: 2 }, user: 'u' } });
  expect([routed.prices.cost_per_1k_input, routed.prices.cost_per_1k_output, routed.multiplier]).toEqual([
    '0.000001',
    '999998.999999',
    '1.5',
  ]);
  await app.sql('delete from llm_providers');
  const kept = JSON.stringify(routed.snapshot);
  expect(kept).not.toContain(providerApiKey);
  expect(openSnapshot({ keys: testKeys }, JSON.parse(kept))).toEqual(routed);
  vendor.respondWith(chat.answer('Hi'));
  expect((await callModel(openModel(routed.route, { outbound }))).visible).toBe('Hi');
  expect(vendor.requests.at(-1)?.headers.authorization).toBe(`Bearer ${providerApiKey}`);
});

test('the stored route of a run is sealed with the newest key, whatever key its provider is sealed with', async () => {
  await addPlatformProvider({ provider: 'anthropic' }, { a: {} });
  const older = testKeys.encryptionKeys.keys[0].secret;
  const encryptionKeys = keyringOf([Buffer.alloc(32, 9), older], { namesKeys: true });
  const { snapshot } = await route({}, { keys: { ...testKeys, encryptionKeys } });
  const newest = { encryptionKeys: keyringOf([Buffer.alloc(32, 9)]) };
  expect(openSnapshot({ keys: newest }, snapshot).route).toMatchObject({ api_key: providerApiKey });
});

test('a key that cannot be decrypted fails the run without key data in the error', async () => {
  await addPlatformProvider({ provider: 'anthropic' }, { a: {} });
  const { snapshot, event } = await route();
  expect(event).not.toHaveProperty('openai_api_mode');
  const keys = { ...testKeys, encryptionKeys: keyringOf([Buffer.alloc(32, 9)]) };
  expect(await routingError({}, { keys })).toEqual(['config.invalid', undefined]);
  for (const kept of [snapshot, {}, null])
    expect(() => openSnapshot({ keys }, kept)).toThrow(
      expect.objectContaining({ errorClass: 'config.invalid', message: expect.not.stringContaining('sk-') }),
    );
});

test('a private address is rejected on the request, not on routing', async () => {
  await addAccountProvider({ base_url: 'https://127.0.0.1/v1', openai_api_mode: 'responses' }, { a: {} });
  const { error } = await failureOf(openModel((await route()).route, { outbound }));
  expect([error.errorClass, error.details.reason]).toEqual(['provider.non_retryable', 'base_url_denied']);
});
