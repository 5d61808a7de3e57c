import type { Queryable } from '../../database/sql.ts';
import { type Candidate, isAllowed, readCandidates, type RoutingFacts } from '../../models/routing/candidates.ts';
import { chooseCandidate, modelNotAllowed, type RoutePreferences } from '../../models/routing/chooseCandidate.ts';
import { type FallbackDeps, fallbackRoute, staticRouteById } from '../../models/routing/fallbackRoute.ts';
import { pricesOf, routeSelectedData, type UpstreamTarget } from '../../models/routing/routeEvent.ts';
import { openSnapshot, type RouteDecision, type RouteSnapshot } from '../../models/routing/routeSnapshot.ts';
import { sealContextOf } from '../../resources/llmProviders/owner.ts';
import type { Settings } from '../../resources/settings/settings.ts';

export { openSnapshot, type RouteDecision, RouteSnapshot } from '../../models/routing/routeSnapshot.ts';
export { readStaticRouting } from '../../models/routing/staticRoutes.ts';

export type RoutingDeps = FallbackDeps & { settings: Pick<Settings, 'feature.byok_enabled'> };

/** `run_kind` defaults to `root`. */
export type RouteRequest = RoutePreferences &
  Pick<RoutingFacts, 'account_id' | 'thread_id' | 'persona_id' | 'reasoning_mode' | 'last_user_message'> & {
    run_kind?: RoutingFacts['run_kind'];
  };

/** Decides which model answers a run. `known` are the candidates if they were read before. Throws a `RunFailure` if no model is available. */
export async function resolveRoute(
  sql: Queryable,
  deps: RoutingDeps,
  run: RouteRequest,
  known?: Promise<Candidate[]>,
): Promise<RouteDecision> {
  const snapshot = (run.route_id && staticRouteById(deps, run.route_id)) || (await snapshotFor(sql, deps, run, known));
  if (!isAllowed(run.allowed_models, snapshot.event)) throw modelNotAllowed(snapshot.event.model);
  if (run.persona_model) snapshot.event.persona_model = run.persona_model;
  return openSnapshot(deps, snapshot);
}

async function snapshotFor(
  sql: Queryable,
  deps: RoutingDeps,
  run: RouteRequest,
  known: Promise<Candidate[]> | undefined,
): Promise<RouteSnapshot> {
  const facts = factsOf(run);
  const candidates = await (known ?? readCandidates(sql, run.account_id));
  const decided = chooseCandidate(candidates, run, facts, deps.settings['feature.byok_enabled']);
  return decided ? ofCandidate(decided) : fallbackRoute(deps, facts);
}

const factsOf = ({
  account_id,
  thread_id,
  persona_id,
  model,
  reasoning_mode,
  run_kind = 'root',
  last_user_message,
}: RouteRequest): RoutingFacts => ({
  account_id,
  thread_id,
  persona_id,
  model,
  reasoning_mode,
  role: null,
  run_kind,
  last_user_message,
});

function ofCandidate(candidate: Candidate): RouteSnapshot {
  const { route_id, credential_id, credential_name, account_id, provider_kind, model, base_url, multiplier } = candidate;
  const key = { sealed: candidate.api_key_sealed.toString('base64'), owner: sealContextOf({ id: credential_id, account_id }) };
  const upstream = { model, base_url, advanced_json: { ...candidate.provider_advanced_json, ...candidate.model_advanced_json }, key };
  const target: UpstreamTarget =
    provider_kind === 'openai'
      ? { provider_kind, ...upstream, openai_api_mode: candidate.openai_api_mode }
      : { provider_kind, ...upstream };
  const owner_kind = account_id === null ? 'platform' : 'account';
  return {
    event: routeSelectedData(target, { route_id, credential_id, credential_name, owner_kind }),
    target,
    prices: pricesOf(candidate),
    multiplier,
  };
}
