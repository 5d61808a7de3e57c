import type { Cost, RunStep, Usage } from '../../contract/events.ts';
import type { Model } from '../agent/model.ts';
import type { Persona } from '../agent/personas.ts';
import { openModel } from '../agent/providers/open.ts';
import { type Routed, reopenRoute, resolveRoute } from '../agent/routing.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { Settings } from '../resources/settings/settings.ts';
import type { ExecuteDeps } from './executeRun.ts';
import type { Lease, LeasedRun } from './lease.ts';
import type { History } from './prompt.ts';
import { giveTitle, wantsTitle } from './title.ts';
import type { EventWriter } from './writer.ts';

const keepPlan = statement<never>(`
  update runs set route_snapshot = $3, model = $4, persona_id = $5, persona_snapshot = $6 where id = $1 and lease_token = $2`);

/** A route with the model at its end. */
export type Opened = Routed & { model: Model };

type RouteDeps = Pick<ExecuteDeps, 'database' | 'keys' | 'config' | 'outbound' | 'bell'>;
type Selector = { persona_model?: string | null | undefined };

/** Where a run's questions go. */
export function openRoute(deps: RouteDeps, settings: Settings, routed: Routed): Opened {
  const limits = { maxErrorBytes: settings['llm.max_response_bytes'], debugEvents: deps.config.llmDebugEvents };
  return { ...routed, model: openModel(routed.route, { outbound: deps.outbound, ...limits }) };
}

/** The route that was decided when the execution began. */
export const keptRoute = (deps: RouteDeps, settings: Settings, { route_snapshot: kept }: LeasedRun): Opened =>
  openRoute(deps, settings, reopenRoute(deps, kept));

/** Decide which model answers a run of a persona. */
export async function chooseRoute(
  deps: RouteDeps,
  settings: Settings,
  run: LeasedRun,
  persona: Persona,
  lastUserMessage: string,
  wishes: Selector = {},
): Promise<Opened> {
  const persona_facts = { persona_id: persona.key, persona_model: persona.model, preferred_credential: persona.preferred_credential };
  const asked = { ...askedOf(run), ...persona_facts, last_user_message: lastUserMessage, ...wishes };
  return openRoute(deps, settings, await resolveRoute(deps.database, { keys: deps.keys, config: deps.config, settings }, asked));
}

type Decided = { persona: Persona; routed: Routed };
type Used = { usage?: Usage; cost?: Cost };

/** The decisions of the first attempt stay for the whole run. `used` is what deciding cost. */
export async function keepDecisions(
  sql: Sql,
  { run, token }: Lease,
  writer: EventWriter,
  { persona, routed }: Decided,
  used: Used,
): Promise<void> {
  const { snapshot, event } = routed;
  await sql.run(keepPlan, [run.id, token, JSON.stringify(snapshot), event.model, persona.key, JSON.stringify(persona)]);
  await writer.write({ type: 'run.route.selected', data: { ...event, ...used } });
}

/** The automatic title is asked of the model that the platform names for it, or else of the run's own. */
export async function titleOf(
  deps: RouteDeps,
  run: LeasedRun,
  settings: Settings,
  { model, event }: Opened,
  history: Pick<History, 'titleText'>,
  signal: AbortSignal,
): Promise<RunStep | undefined> {
  const { database, bell } = deps;
  if (!(await wantsTitle(database, run))) return undefined;
  const named = settings['title_summarizer.model'];
  const chosen = named === null ? undefined : await modelNamed(deps, run, settings, named).catch(() => undefined);
  const own = event.provider_kind === 'stub' ? undefined : model;
  const step = await giveTitle(database, run, history.titleText(), chosen ?? own, signal);
  if (step) bell.ring(run.id);
  return step;
}

async function modelNamed(deps: RouteDeps, run: LeasedRun, settings: Settings, selector: string): Promise<Model> {
  const asked = { ...askedOf(run), model: selector, route_id: null, persona_id: null, last_user_message: '' };
  const { route } = await resolveRoute(deps.database, { keys: deps.keys, config: deps.config, settings }, asked);
  return openModel(route, { outbound: deps.outbound });
}

const askedOf = ({ account_id, thread_id, route_id, requested_model: model, reasoning_mode }: LeasedRun) => ({
  account_id,
  thread_id,
  route_id,
  model,
  reasoning_mode,
});
