import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import type { Database } from '../../../server/database/sql.ts';
import { openModel } from '../../../server/models/openModel.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { openSnapshot, resolveRoute, type RouteRequest } from '../../../server/runs/execute/resolveRoute.ts';
import { providerApiKey } from '../../support/agent/providers.ts';
import { freshDatabase, testKeys } from '../../support/app/testApp.ts';
import { callModel, outbound } from './support.ts';

let database: Database;
beforeAll(async () => {
  database = openDatabase(await freshDatabase(), { max: 1, log: pino({ level: 'silent' }), applicationName: 'arkloop test' });
});
afterAll(() => database.close());

const accountId = '00000000-0000-7000-8000-000000000001';
const nothing = { route_id: null, model: null, persona_id: null, reasoning_mode: null, last_user_message: null };

/** Routes a run in an installation without providers. */
const route = (wishes: Partial<RouteRequest> = {}, config: object = {}) =>
  resolveRoute(
    database,
    { keys: testKeys, config: { ...readConfig({}), ...config }, settings: { 'feature.byok_enabled': true } },
    { account_id: accountId, thread_id: 't', ...nothing, ...wishes },
  );

test('without providers the stub is used unless disabled', async () => {
  const config = { stubAgentDeltaCount: 2, stubAgentDeltaIntervalSeconds: 0 };
  const routed = await route({}, config);
  expect(routed.event).toEqual({
    route_id: 'stub',
    model: 'stub',
    credential_id: 'stub',
    credential_name: 'stub',
    owner_kind: 'static',
    provider_kind: 'stub',
  });
  expect(openSnapshot({ keys: testKeys }, JSON.parse(JSON.stringify(routed.snapshot))).route).toEqual(routed.route);
  expect((await callModel(openModel(routed.route, { outbound }))).pieces).toEqual(['stub delta 1', 'stub delta 2']);
  await expect(route({}, { stubAgentEnabled: false })).rejects.toMatchObject({
    errorClass: 'internal.error',
    code: 'internal.route_missing',
  });
});

const staticRouting = {
  default_route_id: 'main',
  credentials: [
    {
      id: 'one',
      name: 'One',
      provider_kind: 'openai',
      api_key: providerApiKey,
      base_url: 'https://example.com/v1/',
      advanced_json: { a: 1 },
    },
    { id: 'two', provider_kind: 'anthropic', api_key: providerApiKey },
    { id: 'three', provider_kind: 'stub' },
  ],
  routes: [
    { id: 'main', credential_id: 'one', model: 'm', advanced_json: { a: 2 }, cost_per_1k_input: 1 },
    { id: 'pro', credential_id: 'two', model: 'p', when: { persona_id: 'pro' } },
    { id: 'fake', credential_id: 'three', model: 'x', when: { persona_id: 'fake' } },
  ],
};

test('a static route given by id is used regardless of its conditions', async () => {
  const config = { providerRoutingJson: staticRouting };
  expect((await route({ route_id: 'pro' }, config)).event).toMatchObject({ route_id: 'pro', owner_kind: 'static', model: 'p' });
  await expect(route({ route_id: 'Pro' }, config)).rejects.toMatchObject({ code: 'policy.route_not_found' });
});

test('static routes are used if no other route matches', async () => {
  const config = { providerRoutingJson: staticRouting };
  const { event, route: to, snapshot, prices } = await route({}, config);
  expect(event).toMatchObject({
    route_id: 'main',
    credential_name: 'One',
    owner_kind: 'static',
    base_url: 'https://example.com/v1',
    openai_api_mode: 'auto',
  });
  expect(to).toMatchObject({ api_key: providerApiKey, advanced_json: { a: 2 } });
  expect(prices).toMatchObject({ cost_per_1k_input: 1, cost_per_1k_output: null });
  expect(JSON.stringify(snapshot)).not.toContain(providerApiKey);
  expect((await route({ persona_id: 'pro' }, config)).route).toMatchObject({ provider_kind: 'anthropic', model: 'p' });
  expect((await route({ persona_id: 'fake' }, config)).event).toMatchObject({
    route_id: 'fake',
    credential_id: 'three',
    provider_kind: 'stub',
  });
});

test.each([
  ['a list', [], 'the document'],
  ['no credentials', { ...staticRouting, credentials: undefined }, 'credentials'],
  ['an unknown credential', { ...staticRouting, credentials: staticRouting.credentials.slice(1) }, 'routes.0.credential_id'],
  ['an unknown default', { ...staticRouting, default_route_id: 'x' }, 'default_route_id'],
  ['an unknown key', { ...staticRouting, extra: providerApiKey }, 'the document'],
])('static routing with %s is an error that names the path without the values', async (_, providerRoutingJson, place) => {
  const problem = await route({}, { providerRoutingJson }).catch((error: Error) => error);
  expect(problem).toMatchObject({ name: 'OperatorError', message: expect.stringContaining(`ARKLOOP_PROVIDER_ROUTING_JSON: ${place}: `) });
  expect(String(problem)).not.toContain(providerApiKey);
});
