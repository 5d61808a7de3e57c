import { trimEnd } from '../../../contract/shared/text.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { RunFailure } from '../runFailure.ts';
import { isConditional, isMet, type RoutingFacts } from './candidates.ts';
import { pricesOf, routeSelectedData, type UpstreamTarget } from './routeEvent.ts';
import type { RouteSnapshot } from './routeSnapshot.ts';
import { readStaticRouting, type StaticCredential, type StaticRoute, type StaticRouting } from './staticRoutes.ts';

export type FallbackDeps = {
  keys: Pick<Keys, 'encryptionKeys'>;
  config: Pick<Config, 'providerRoutingJson' | 'stubAgentEnabled' | 'stubAgentDeltaCount' | 'stubAgentDeltaIntervalSeconds'>;
};

/** The route of a run without a candidate: a static route, else the stub model. Throws a `RunFailure` if there is neither. */
export function fallbackRoute(deps: FallbackDeps, facts: RoutingFacts): RouteSnapshot {
  const routing = readStaticRouting(deps.config);
  if (routing) return ofStatic(routing, deps, facts);
  if (deps.config.stubAgentEnabled) return ofStub(deps, { id: 'stub', credential: { id: 'stub' } });
  throw new RunFailure('internal.error', 'No model is configured.', { code: 'internal.route_missing' });
}

/** The static route with this id, if it exists. */
export function staticRouteById(deps: FallbackDeps, routeId: string): RouteSnapshot | undefined {
  const routing = readStaticRouting(deps.config);
  const route = routing?.routes.find(({ id }) => id === routeId);
  return routing && route && snapshotOf(route, routing, deps);
}

function ofStatic(routing: StaticRouting, deps: FallbackDeps, facts: RoutingFacts): RouteSnapshot {
  const { default_route_id: fallback, routes } = routing;
  return snapshotOf(
    routes.find((each) => isConditional(each) && isMet(each, facts)) ?? routes.find(({ id }) => id === fallback),
    routing,
    deps,
  );
}

function snapshotOf(route: StaticRoute | undefined, { credentials }: StaticRouting, deps: FallbackDeps): RouteSnapshot {
  const credential = credentials.find(({ id }) => id === route?.credential_id);
  if (!route || !credential) throw new RunFailure('internal.error', 'No model is configured.', { code: 'internal.route_missing' });
  if (credential.provider_kind === 'stub') return ofStub(deps, { id: route.id, credential });
  const target = targetOf(route, credential, deps.keys.encryptionKeys);
  const names = { route_id: route.id, credential_id: credential.id, credential_name: credential.name ?? credential.id };
  return {
    event: routeSelectedData(target, { ...names, owner_kind: 'static' }),
    target,
    prices: pricesOf(route),
    multiplier: route.multiplier,
  };
}

function targetOf(
  { model, advanced_json }: StaticRoute,
  credential: Exclude<StaticCredential, { provider_kind: 'stub' }>,
  encryptionKeys: Keyring,
): UpstreamTarget {
  const owner = `static_route:${credential.id}`;
  const key = { sealed: seal(encryptionKeys, credential.api_key, owner).toString('base64'), owner };
  const base_url = credential.base_url == null ? null : trimEnd(credential.base_url, '/');
  const upstream = { model, base_url, advanced_json: { ...credential.advanced_json, ...advanced_json }, key };
  return credential.provider_kind === 'openai'
    ? { provider_kind: 'openai', ...upstream, openai_api_mode: credential.openai_api_mode }
    : { provider_kind: credential.provider_kind, ...upstream };
}

function ofStub(
  { config }: FallbackDeps,
  { id, credential }: { id: string; credential: { id: string; name?: string | undefined } },
): RouteSnapshot {
  const { stubAgentDeltaCount: deltaCount, stubAgentDeltaIntervalSeconds: deltaIntervalSeconds } = config;
  const names = { route_id: id, credential_id: credential.id, credential_name: credential.name ?? credential.id };
  return {
    event: { ...names, owner_kind: 'static', model: 'stub', provider_kind: 'stub' },
    target: { provider_kind: 'stub', deltaCount, deltaIntervalSeconds },
    prices: { cost_per_1k_input: null, cost_per_1k_output: null, cost_per_1k_cache_write: null, cost_per_1k_cache_read: null },
    multiplier: 1,
  };
}
