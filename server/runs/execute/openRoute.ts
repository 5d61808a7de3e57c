import type { Cost, Usage } from '../../../contract/events.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Model } from '../../models/model.ts';
import { openModel } from '../../models/openModel.ts';
import type { Candidate } from '../../models/routing/candidates.ts';
import { answerLimitsOf } from '../../models/wire/answerLimits.ts';
import type { Persona } from '../../resources/personas/persona.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import type { Lease, LeasedRun } from '../lease/lease.ts';
import type { EventWriter } from '../record/eventBuffer.ts';
import type { ExecuteDeps } from './executeDeps.ts';
import { openSnapshot, resolveRoute, type RouteDecision } from './resolveRoute.ts';
import { generateTitle, type NewTitle, type TitleSource, type UntitledThread } from './title.ts';

const selectKeyModels = statement<{ accountId: string; apiKeyId: string }>()((db, $) =>
  db.selectFrom('api_keys').select('models').where('account_id', '=', $.accountId).where('id', '=', $.apiKeyId),
);

export type OpenedRoute = RouteDecision & { model: Model };

type RouteDeps = Pick<ExecuteDeps, 'database' | 'keys' | 'config' | 'outbound' | 'runNotifier'>;
type Selector = { persona_model?: string | null | undefined };

function openRoute(deps: RouteDeps, settings: Settings, routed: RouteDecision): OpenedRoute {
  const limits = { ...answerLimitsOf(settings), debugEvents: deps.config.llmDebugEvents };
  return { ...routed, model: openModel(routed.route, { outbound: deps.outbound, ...limits }) };
}

/** The route that was stored when execution began. */
export const storedRoute = (deps: RouteDeps, settings: Settings, { route_snapshot: kept }: LeasedRun): OpenedRoute =>
  openRoute(deps, settings, openSnapshot(deps, kept));

export async function chooseRoute(
  deps: RouteDeps,
  settings: Settings,
  run: LeasedRun,
  persona: Persona,
  lastUserMessage: string,
  wishes: Selector = {},
  candidates?: Promise<Candidate[]>,
): Promise<OpenedRoute> {
  const persona_facts = { persona_id: persona.key, persona_model: persona.model, preferred_credential: persona.preferred_credential };
  const allowed_models = await allowedModels(deps.database, run);
  const asked = { ...askedOf(run), ...persona_facts, last_user_message: lastUserMessage, allowed_models, ...wishes };
  return openRoute(
    deps,
    settings,
    await resolveRoute(deps.database, { keys: deps.keys, config: deps.config, settings }, asked, candidates),
  );
}

/** The models that the API key of a run may use; null for all. */
async function allowedModels(sql: Queryable, { account_id: accountId, api_key_id: apiKeyId }: LeasedRun) {
  return apiKeyId === null ? null : ((await sql.row(selectKeyModels, { accountId, apiKeyId }))?.models ?? null);
}

const texts = new WeakMap<Persona, string>();

/** The JSON of a persona. A built-in one is the same object in all runs. */
function textOf(persona: Persona): string {
  const text = texts.get(persona) ?? JSON.stringify(persona);
  texts.set(persona, text);
  return text;
}

type Decided = { persona: Persona; routed: RouteDecision };
type Used = { usage?: Usage; cost?: Cost };

/** Stores the decisions of the first attempt, which apply to all attempts. `used` is the usage of the decision itself. */
export async function storePlan({ run }: Lease, writer: EventWriter, { persona, routed }: Decided, used: Used): Promise<void> {
  const { snapshot, event, multiplier } = routed;
  run.multiplier = String(multiplier);
  run.unstored_plan = {
    route: JSON.stringify(snapshot),
    model: event.model,
    personaId: persona.key,
    persona: textOf(persona),
  };
  await writer.write({ type: 'run.route.selected', data: { ...event, ...used } });
}

/** Generates the automatic title with the model that the platform configures for titles, else with the run's own. */
export async function createTitle(
  deps: RouteDeps,
  run: LeasedRun,
  settings: Settings,
  { model, event }: OpenedRoute,
  history: TitleSource,
  signal: AbortSignal,
  untitled: UntitledThread | undefined,
): Promise<NewTitle | undefined> {
  if (!untitled) return undefined;
  const named = settings['title_summarizer.model'];
  const chosen = named === null ? undefined : await modelNamed(deps, run, settings, named).catch(() => undefined);
  const own = event.provider_kind === 'stub' ? undefined : model;
  return generateTitle(
    deps.database,
    run,
    { ...history, provisionalTitle: () => untitled.title ?? history.provisionalTitle() },
    chosen ?? own,
    signal,
  );
}

async function modelNamed(deps: RouteDeps, run: LeasedRun, settings: Settings, selector: string): Promise<Model> {
  const asked = { ...askedOf(run), model: selector, route_id: null, persona_id: null, last_user_message: '' };
  const { route } = await resolveRoute(deps.database, { keys: deps.keys, config: deps.config, settings }, asked);
  return openModel(route, { outbound: deps.outbound, ...answerLimitsOf(settings) });
}

const askedOf = ({ account_id, thread_id, parent_run_id, route_id, requested_model: model, reasoning_mode }: LeasedRun) => ({
  account_id,
  thread_id,
  route_id,
  model,
  reasoning_mode,
  run_kind: parent_run_id === null ? ('root' as const) : ('subagent' as const),
});
