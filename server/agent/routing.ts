import type { Sql } from '../kernel/sql.ts';
import { sealedFor } from '../resources/llmProviders/owner.ts';
import type { Settings } from '../resources/settings/settings.ts';
import { type Candidate, type Facts, readCandidates } from './routing/candidates.ts';
import { decide, type RouteWishes } from './routing/decide.ts';
import { eventOf, pricesOf, type UpstreamTarget } from './routing/event.ts';
import { type FallbackDeps, namedStaticRoute, withoutCandidate } from './routing/fallback.ts';
import { type Routed, type RouteSnapshot, reopenRoute } from './routing/snapshot.ts';

export { type Routed, RouteSnapshot, reopenRoute } from './routing/snapshot.ts';
export { readStaticRouting } from './routing/staticRoutes.ts';

/** What routing needs to know beside the database. */
export type RoutingDeps = FallbackDeps & { settings: Pick<Settings, 'feature.byok_enabled'> };

/** A run that asks where to go; `run_kind` is root unless it says otherwise. */
export type RoutedRun = RouteWishes &
  Pick<Facts, 'account_id' | 'thread_id' | 'persona_id' | 'reasoning_mode' | 'last_user_message'> & { run_kind?: Facts['run_kind'] };

/** Decide which model answers a run (specification, runs 11). Throws a RunFailure when none may. */
export async function resolveRoute(sql: Sql, deps: RoutingDeps, run: RoutedRun): Promise<Routed> {
  const snapshot = (run.route_id && namedStaticRoute(deps, run.route_id)) || (await snapshotFor(sql, deps, run));
  if (run.persona_model) snapshot.event.persona_model = run.persona_model;
  return reopenRoute(deps, snapshot);
}

async function snapshotFor(sql: Sql, deps: RoutingDeps, run: RoutedRun): Promise<RouteSnapshot> {
  const facts = factsOf(run);
  const candidates = await readCandidates(sql, run.account_id);
  const decided = decide(candidates, run, facts, deps.settings['feature.byok_enabled']);
  return decided ? ofCandidate(decided) : withoutCandidate(deps, facts);
}

const factsOf = ({ account_id, thread_id, persona_id, model, reasoning_mode, run_kind = 'root', last_user_message }: RoutedRun): Facts => ({
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
  const key = { sealed: candidate.api_key_sealed.toString('base64'), owner: sealedFor({ id: credential_id, account_id }) };
  const upstream = { model, base_url, advanced_json: { ...candidate.provider_advanced_json, ...candidate.model_advanced_json }, key };
  const target: UpstreamTarget =
    provider_kind === 'openai'
      ? { provider_kind, ...upstream, openai_api_mode: candidate.openai_api_mode }
      : { provider_kind, ...upstream };
  const owner_kind = account_id === null ? 'platform' : 'account';
  return {
    event: eventOf(target, { route_id, credential_id, credential_name, owner_kind }),
    target,
    prices: pricesOf(candidate),
    multiplier,
  };
}
