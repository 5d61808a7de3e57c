import { classifyRoute } from '../../agent/classifyRoute.ts';
import { deniedBelow } from '../../agent/tools/availableTools.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Model } from '../../models/model.ts';
import { type Candidate, readCandidates } from '../../models/routing/candidates.ts';
import { RunFailure } from '../../models/runFailure.ts';
import type { Persona } from '../../resources/personas/persona.ts';
import { resolvePersona } from '../../resources/personas/resolve.ts';
import type { Settings } from '../../resources/settings/settings.ts';
import type { Lease, LeasedRun } from '../lease/lease.ts';
import type { EventWriter } from '../record/eventBuffer.ts';
import { selectPersona } from '../subagents/queries.ts';
import type { ExecuteDeps } from './executeDeps.ts';
import type { History } from './history.ts';
import { chooseRoute, type OpenedRoute, storedRoute, storePlan } from './openRoute.ts';

/** The persona and model that answer a run. A plain run calls no tools. */
export type RunPlan = { persona: Persona; routed: OpenedRoute; isPlain: boolean };

type RunPlanInput = {
  lease: Lease;
  writer: EventWriter;
  settings: Settings;
  history: History;
  metering(opened: OpenedRoute): Model;
  signal: AbortSignal;
  isRouted: boolean;
  /** Undefined if an earlier attempt has stored the plan. */
  facts: PlanFacts | undefined;
};

/** What the decisions of a plan need. Read early, and awaited where they are made. */
type PlanFacts = { persona: Promise<Persona>; candidates: Promise<Candidate[]> };

export function readPlanFacts(sql: Queryable, run: LeasedRun): PlanFacts {
  const persona = resolvePersona(sql, run.account_id, run.requested_persona_id);
  const candidates = readCandidates(sql, run.account_id);
  for (const each of [persona, candidates]) each.catch(() => {});
  return { persona, candidates };
}

const executors = ['agent.simple', 'native_v1', 'agent.interactive', 'task.classify_route'];

/** Decides how a run is executed, or reads the stored decision. Returns 'done' if there is nothing to execute. */
export async function resolveRunPlan(deps: ExecuteDeps, planning: RunPlanInput): Promise<RunPlan | 'done'> {
  const { lease, settings, facts } = planning;
  const { run } = lease;
  if (!facts) {
    // Not validated: this program wrote it from a validated persona.
    const persona = run.persona_snapshot as Persona;
    const routed = storedRoute(deps, settings, run);
    if (!planning.isRouted) await planning.writer.write({ type: 'run.route.selected', data: routed.event });
    return { persona, routed, isPlain: isPlain(persona) };
  }
  const persona = await facts.persona;
  if (persona.executor_type === 'noop') return 'done';
  if (!executors.includes(persona.executor_type))
    throw new RunFailure('internal.error', `Nothing executes ${persona.executor_type}.`, { code: 'internal.executor_unknown' });
  const first = await chooseRoute(deps, settings, run, persona, planning.history.lastUserMessage, {}, facts.candidates);
  const { used, ...chosen } = isPlain(persona) ? await classify(deps, planning, persona, first) : { persona, routed: first, used: {} };
  const plan = { ...chosen, persona: await limitToParent(deps, run, chosen.persona) };
  await storePlan(lease, planning.writer, plan, used);
  return { ...plan, isPlain: isPlain(plan.persona) };
}

/** The parent is executing tools, so its persona is stored, with the limits of the runs above it. */
async function limitToParent({ database }: ExecuteDeps, run: LeasedRun, persona: Persona): Promise<Persona> {
  if (run.parent_run_id === null) return persona;
  const parent = await database.row(selectPersona, { accountId: run.account_id, id: run.parent_run_id });
  if (!parent?.persona) throw new RunFailure('internal.error', 'The persona of the parent run is unknown.');
  return { ...persona, tool_denylist: deniedBelow(persona, parent.persona as Persona) };
}

const isPlain = (persona: Persona) => persona.executor_type === 'task.classify_route';

/** A hidden model call chooses the persona or prompt with which the run continues, and optionally another model. */
async function classify(
  deps: ExecuteDeps,
  { lease, writer, settings, history, metering, signal }: RunPlanInput,
  persona: Persona,
  first: OpenedRoute,
) {
  const asking = classifyRoute({
    model: metering(first),
    persona,
    messages: history.messages,
    retry: { maxAttempts: settings['llm.retry.max_attempts'], baseDelayMs: settings['llm.retry.base_delay_ms'] },
    signal,
  });
  for (;;) {
    const { done, value } = await asking.next();
    if (!done) {
      await writer.write(value);
      continue;
    }
    const { personaId, prompt = persona.prompt, model, used } = value;
    const chosen = personaId ? await chosenPersona(deps, lease, personaId) : { ...persona, prompt };
    const { run } = lease;
    const wishes = !model || run.requested_model || run.route_id ? {} : { persona_model: model };
    const routed = personaId || model ? await chooseRoute(deps, settings, run, chosen, history.lastUserMessage, wishes) : first;
    return { persona: chosen, routed, used };
  }
}

/** The persona with which a run continues. Throws `config.invalid` if its executor runs no agent loop. */
async function chosenPersona({ database }: ExecuteDeps, { run }: Lease, personaId: string): Promise<Persona> {
  const persona = await resolvePersona(database, run.account_id, personaId);
  if (!executors.includes(persona.executor_type) || isPlain(persona))
    throw new RunFailure('config.invalid', `The persona ${personaId} cannot be the end of a route.`, {
      details: { persona_id: personaId },
    });
  return persona;
}
