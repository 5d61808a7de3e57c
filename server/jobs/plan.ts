import { classifyRoute } from '../agent/executors/classifyRoute.ts';
import { RunFailure } from '../agent/failure.ts';
import type { Model } from '../agent/model.ts';
import type { Persona } from '../agent/personas.ts';
import { resolvePersona } from '../resources/personas/resolve.ts';
import type { Settings } from '../resources/settings/settings.ts';
import type { ExecuteDeps } from './executeRun.ts';
import type { Lease } from './lease.ts';
import type { History } from './prompt.ts';
import { chooseRoute, keepDecisions, keptRoute, type Opened } from './routes.ts';
import type { EventWriter } from './writer.ts';

/** Who answers a run and with which model; a plain run calls no tools. */
export type Plan = { persona: Persona; routed: Opened; isPlain: boolean };

type Planning = {
  lease: Lease;
  writer: EventWriter;
  settings: Settings;
  history: History;
  /** Meters the model at the end of a route. */
  metering(opened: Opened): Model;
  signal: AbortSignal;
  isRouted: boolean;
};

const executors = ['agent.simple', 'native_v1', 'agent.interactive', 'task.classify_route'];

/** Decide how a run is executed, or read what was decided when it began; 'done' when there is nothing to execute. */
export async function planRun(deps: ExecuteDeps, planning: Planning): Promise<Plan | 'done'> {
  const { lease, settings } = planning;
  const { run } = lease;
  if (run.persona_snapshot) {
    // Written by this program, from what it had checked.
    const persona = run.persona_snapshot as Persona;
    const routed = keptRoute(deps, settings, run);
    if (!planning.isRouted) await planning.writer.write({ type: 'run.route.selected', data: routed.event });
    return { persona, routed, isPlain: isPlain(persona) };
  }
  const persona = await resolvePersona(deps.database, run.account_id, run.requested_persona_id);
  if (persona.executor_type === 'noop') return 'done';
  if (!executors.includes(persona.executor_type))
    throw new RunFailure('internal.error', `Nothing executes ${persona.executor_type}.`, { code: 'internal.executor_unknown' });
  const first = await chooseRoute(deps, settings, run, persona, planning.history.lastUserMessage);
  const { used, ...plan } = isPlain(persona) ? await classify(deps, planning, persona, first) : { persona, routed: first, used: {} };
  await keepDecisions(deps.database, lease, planning.writer, plan, used);
  return { ...plan, isPlain: isPlain(plan.persona) };
}

const isPlain = (persona: Persona) => persona.executor_type === 'task.classify_route';

/** A hidden model call chooses the persona or the prompt that the run continues with, and perhaps another model. */
async function classify(
  deps: ExecuteDeps,
  { lease, writer, settings, history, metering, signal }: Planning,
  persona: Persona,
  first: Opened,
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

/** The persona that a run continues as. Throws `config.invalid` if it runs no agent loop itself. */
async function chosenPersona({ database }: ExecuteDeps, { run }: Lease, personaId: string): Promise<Persona> {
  const persona = await resolvePersona(database, run.account_id, personaId);
  if (!executors.includes(persona.executor_type) || isPlain(persona))
    throw new RunFailure('config.invalid', `The persona ${personaId} cannot be the end of a route.`, {
      details: { persona_id: personaId },
    });
  return persona;
}
