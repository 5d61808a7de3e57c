import type { ReasoningMode } from '../../contract/events.ts';
import { createContext } from '../agent/context/compact.ts';
import { readSummary, saveSummary } from '../agent/context/summaries.ts';
import { contextWindow } from '../agent/context/window.ts';
import { RunFailure } from '../agent/failure.ts';
import { guardInput, guardToolResult } from '../agent/injection.ts';
import { type Answer, type LoopInput, type Resume, runLoop, type Spent } from '../agent/loop.ts';
import type { ModelMessage } from '../agent/model.ts';
import type { Persona } from '../agent/personas.ts';
import { createOffer } from '../agent/tools/offer.ts';
import type { ToolContext } from '../agent/tools/tool.ts';
import { longestTimer } from '../kernel/timers.ts';
import { readEntitlements, type Settings } from '../resources/settings/settings.ts';
import { createDesk, type Desk } from './desk.ts';
import type { ExecuteDeps } from './executeRun.ts';
import { follow } from './follow.ts';
import type { Hold } from './hold.ts';
import { CancelRequested, type Lease, type LeasedRun } from './lease.ts';
import { addLostCall } from './lostCall.ts';
import { createMetering } from './meter.ts';
import { type Plan, planRun } from './plan.ts';
import { readHistory } from './prompt.ts';
import { executeRunTask } from './queue.ts';
import { checkQuotas } from './quotas.ts';
import { readLog } from './recovery.ts';
import { titleOf } from './routes.ts';
import type { Seat } from './slots.ts';
import type { EventWriter } from './writer.ts';

/** A run that ends its worker each time is not begun for ever. */
const mostAttempts = 25;

/** One try to execute a run. */
export type Attempt = {
  lease: Lease;
  hold: Hold;
  writer: EventWriter;
  seat: Seat;
  spent: Spent;
  jobId: string;
  /** Ends the run with an answer; false when it has to go on. */
  complete(answer: Answer, trail: readonly ModelMessage[]): Promise<boolean>;
};

/** The pipeline before the loop, then the loop, which completes the run; what fails on the way is thrown, and ends it. */
export async function attemptRun(deps: ExecuteDeps, attempt: Attempt): Promise<void> {
  const { lease, hold, writer, spent, jobId } = attempt;
  const { run } = lease;
  if (run.status === 'cancelling') {
    if (run.attempt > 1) Object.assign(spent, (await readEarlier(deps, run)).spent);
    throw new CancelRequested(run.id);
  }
  const settings = await readEntitlements(deps.database, run.account_id);
  const deadline = deadlineOf(run.age_ms, settings);
  try {
    const signal = AbortSignal.any([hold.signal, deadline.signal]);
    const received = { job_id: jobId, job_type: executeRunTask, account_id: run.account_id, attempt: run.attempt };
    await writer.write({ type: 'worker.job.received', data: received });
    const resume = await recover(deps, attempt);
    if (run.attempt > mostAttempts) throw new RunFailure('worker.timeout', 'The run was begun too often.');
    // Nothing is left to do but to end it, unless there is more to answer.
    if (resume.answer && (await attempt.complete(resume.answer, resume.trail))) return;
    await answer(deps, attempt, settings, resume, signal);
  } finally {
    deadline.stop();
  }
}

async function answer(
  deps: ExecuteDeps,
  attempt: Attempt,
  settings: Settings,
  resume: Resume & { isRouted: boolean },
  signal: AbortSignal,
) {
  const { lease, writer, spent } = attempt;
  const { run } = lease;
  const { database, storage } = deps;
  const [history, , supply, summary] = await inOrder(
    readHistory(database, storage, run),
    run.persona_snapshot ? undefined : checkQuotas(database, run, settings),
    deps.tools.supply(contextOf(run), signal),
    readSummary(database, run.account_id, run.thread_id, run.tail_message_number),
  );
  for (const step of supply.steps) await writer.write(step);
  // Before any model reads it, also the one that gives the title or chooses the route.
  if (resume.turns === 0) for (const step of guardInput(history.lastUserMessage, 'initial', settings)) await writer.write(step);
  const metering = createMetering({ database, lease, settings, spent });
  const plan = await planRun(deps, { lease, writer, settings, history, metering, signal, isRouted: resume.isRouted });
  const desk = createDesk({ database, bell: deps.bell, ...attempt }, signal);
  if (plan === 'done') return await endAtOnce(attempt, desk);
  const ends = AbortSignal.any([signal, deps.stopping]);
  const title = titleOf(deps, run, settings, plan.routed, history, ends);
  const offer = createOffer(plan.isPlain ? [] : supply.tools, plan.persona, resume.loaded);
  const model = metering(plan.routed);
  const input = { ...loopInput(deps, run, settings, plan, { model, signal, spent }), resume, offer };
  const context = createContext({
    model,
    window: contextWindow('advanced_json' in plan.routed.route ? plan.routed.route.advanced_json : null, settings),
    settings,
    summary,
    save: (made) => saveSummary(database, run, made),
    signal,
  });
  const port = { ...desk, complete: attempt.complete };
  const prompt: ModelMessage[] = [{ role: 'system', content: plan.persona.prompt }, ...history.messages];
  const steps = runLoop({ ...input, ...port, port, context, prompt });
  await follow(steps, writer, { idleMs: settings['limit.idle_heartbeat_interval_ms'], title, isWaiting: desk.isWaiting });
}

/** The results of what is done at once; of what fails, the first in order counts. */
async function inOrder<T extends readonly unknown[]>(...all: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  for (const each of all) Promise.resolve(each).catch(() => {});
  const results: unknown[] = [];
  for (const each of all) results.push(await each);
  return results as { [K in keyof T]: Awaited<T[K]> };
}

/** A run that does nothing hears what was sent to it, too. */
async function endAtOnce({ complete, writer }: Attempt, desk: Desk) {
  while (!(await complete(emptyAnswer, []))) {
    for (const content of await desk.pendingInput()) await writer.write({ type: 'run.steering_injected', data: { content } });
    await desk.stored();
  }
}

const emptyAnswer: Answer = { llmCallId: '', text: '', message: { role: 'assistant', content: [] } };

const contextOf = ({ id, account_id, thread_id, created_by_user_id, trace_id }: LeasedRun): ToolContext['run'] => ({
  id,
  account_id,
  thread_id,
  created_by_user_id,
  trace_id,
});

type Shared = Pick<LoopInput, 'model' | 'signal' | 'spent'>;

/** What persona and settings say of how a run is to be asked, and how far it may go. */
function loopInput(deps: ExecuteDeps, run: LeasedRun, settings: Settings, { persona, routed }: Plan, { model, signal, spent }: Shared) {
  const { budgets } = persona;
  const { every, waitMs } = checkInsOf(persona);
  return {
    model,
    request: requestOf(run, persona),
    providerKind: routed.event.provider_kind,
    streamThinking: persona.stream_thinking,
    retry: { maxAttempts: settings['llm.retry.max_attempts'], baseDelayMs: settings['llm.retry.base_delay_ms'] },
    maxTurns: smaller(budgets.reasoning_iterations, settings['limit.agent_reasoning_iterations']),
    limits: {
      costMicros: smaller(budgets.max_cost_micros, settings['budget.max_cost_micros']),
      outputTokens: smaller(budgets.max_total_output_tokens, settings['budget.max_total_output_tokens']),
    },
    waitMs: settings['limit.paused_input_timeout_ms'],
    checkIns: persona.executor_type === 'agent.interactive' ? { every, waitMs } : undefined,
    guardInput: (text: string, phase: Parameters<typeof guardInput>[1]) => guardInput(text, phase, settings),
    calls: {
      run: contextOf(run),
      memory: new Map<string, unknown>(),
      timeoutMs: budgets.tool_timeout_ms,
      maxParallel: settings['limit.max_parallel_tasks'],
      signal,
      log: deps.log,
      guard: settings['security.injection_scan.tool_output_scan_enabled'] ? guardToolResult : () => undefined,
    },
    signal,
    spent,
  };
}

/** The smaller of two limits, of which 0 and undefined are none. */
const smaller = (one: number | undefined, other: number) => (one && other ? Math.min(one, other) : one || other);

function checkInsOf({ executor_config: config }: Persona) {
  const number = (value: unknown, preset: number) => (typeof value === 'number' && value > 0 ? value : preset);
  return { every: number(config.check_in_every, 5), waitMs: number(config.max_wait_seconds, 300) * 1_000 };
}

function requestOf(run: LeasedRun, { reasoning_mode, prompt_cache_control, budgets }: Persona): LoopInput['request'] {
  const { temperature, top_p, max_output_tokens } = budgets;
  return {
    reasoning_mode: (run.reasoning_mode as ReasoningMode | null) ?? reasoning_mode,
    prompt_cache_control,
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(max_output_tokens !== undefined && { max_output_tokens }),
  };
}

/** Aborts at the wall-clock limit, counted from the first start over all attempts. */
function deadlineOf(ageMs: number, settings: Settings) {
  const timeout_ms = settings['limit.run_wall_clock_timeout_ms'];
  const abort = new AbortController();
  const failure = new RunFailure('run.deadline_exceeded', 'The run took too long.', { details: { timeout_ms } });
  const timer = setTimeout(() => abort.abort(failure), Math.min(Math.max(0, timeout_ms - ageMs), longestTimer));
  return { signal: abort.signal, stop: () => clearTimeout(timer) };
}

const fresh = () => ({ isRouted: false, trail: [], turns: 0, answer: undefined, pending: undefined, checkedIn: 0, loaded: [] });

/** The log of the attempts before this one, and what the call used in which the last of them stopped. */
async function readEarlier({ database }: ExecuteDeps, run: LeasedRun) {
  const log = await readLog(database, run.id);
  const lost = addLostCall(run, log);
  return { ...log, lost };
}

/** What an earlier attempt finished is used again; what it left half done is declared void. */
async function recover(deps: ExecuteDeps, { lease: { run }, writer, spent }: Attempt): Promise<Resume & { isRouted: boolean }> {
  if (run.attempt === 1 || run.next_seq <= 2) return fresh();
  const { lost, ...earlier } = await readEarlier(deps, run).catch((error) => {
    deps.log.error({ err: error, run_id: run.id }, 'the log of a run cannot be read');
    throw new RunFailure('worker.recovery_unavailable', 'The earlier part of the run cannot be read.');
  });
  Object.assign(spent, earlier.spent);
  for (const step of earlier.interrupted) await writer.write(step);
  await writer.write({ type: 'run.recovered', data: { attempt: run.attempt, discard_from_seq: earlier.resumeSeq, ...lost } });
  return earlier;
}
