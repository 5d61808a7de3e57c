import { classifyRoute } from '../agent/executors/classifyRoute.ts';
import { RunFailure } from '../agent/failure.ts';
import type { Spent } from '../agent/loop.ts';
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
  spent: Spent;
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
  const plan = isPlain(persona) ? await classify(deps, planning, persona, first) : { persona, routed: first };
  await keepDecisions(deps.database, lease, planning.writer, plan.persona, plan.routed);
  return { ...plan, isPlain: isPlain(persona) };
}

const isPlain = (persona: Persona) => persona.executor_type === 'task.classify_route';

/** A hidden question chooses the prompt that the run goes on with, and perhaps another model. */
async function classify(deps: ExecuteDeps, { lease, writer, settings, history, spent, signal }: Planning, persona: Persona, first: Opened) {
  const asking = classifyRoute({
    model: first.model,
    persona,
    messages: history.messages,
    prices: first.prices,
    retry: { maxAttempts: settings['llm.retry.max_attempts'], baseDelayMs: settings['llm.retry.base_delay_ms'] },
    signal,
    spent,
  });
  for (;;) {
    const { done, value } = await asking.next();
    if (!done) {
      await writer.write(value);
      continue;
    }
    const { prompt, model } = value;
    const wishes = lease.run.requested_model || lease.run.route_id ? {} : { persona_model: model };
    const routed = model ? await chooseRoute(deps, settings, lease.run, persona, history.lastUserMessage, wishes) : first;
    return { persona: { ...persona, prompt }, routed };
  }
}
