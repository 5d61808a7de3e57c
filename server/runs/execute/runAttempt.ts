import type { ReasoningMode } from '../../../contract/events.ts';
import { contextWindow } from '../../agent/context/contextWindow.ts';
import { createPromptContext } from '../../agent/context/promptContext.ts';
import { readSummary, saveSummary } from '../../agent/context/summaries.ts';
import { guardInput, guardServerTools, guardToolResult } from '../../agent/injection.ts';
import { type LoopInput, runLoop, type RunState, type TurnAnswer, type UsageTotals } from '../../agent/loop/runLoop.ts';
import { searchToolName } from '../../agent/memory/memoryTools.ts';
import { readNewestMemories, recallMemories } from '../../agent/memory/recall.ts';
import { askUserTool } from '../../agent/tools/askUser.ts';
import { createAvailableTools, isToolAllowed } from '../../agent/tools/availableTools.ts';
import { createCallReports } from '../../agent/tools/callReports.ts';
import { loadSkillName, readSkills, skillsOf } from '../../agent/tools/skills.ts';
import { type ToolContext, ToolFailure } from '../../agent/tools/tool.ts';
import { isTransientDatabaseError } from '../../database/connection/connectionErrors.ts';
import { usdOfMicros } from '../../models/cost.ts';
import type { ModelMessage } from '../../models/model.ts';
import { providerNameOf, usageAttributes } from '../../models/modelMetrics.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { inSpan, type SpanStart } from '../../platform/telemetry/spans.ts';
import { maxTimerMs } from '../../platform/timers.ts';
import { findLostAuthority, type LostAuthority, lostAuthority } from '../../resources/accounts/authority.ts';
import type { Persona } from '../../resources/personas/persona.ts';
import { readEntitlements, type Settings } from '../../resources/settings/settings.ts';
import { addInterruptedCall } from '../credits/interruptedCall.ts';
import { createMetering } from '../credits/metering.ts';
import type { Heartbeat } from '../lease/heartbeat.ts';
import type { ConcurrencySlot } from '../lease/jobLimiter.ts';
import { CancelRequested, type Lease, type LeasedRun } from '../lease/lease.ts';
import type { EventWriter } from '../record/eventBuffer.ts';
import type { Completion } from '../record/finishRun.ts';
import { replayRun } from '../record/replay.ts';
import { createAgentTools } from '../subagents/agentTools.ts';
import { accountLimits, checkTreeBudgets, limitsOf, smallerLimit } from '../subagents/budgets.ts';
import { selectTree } from '../subagents/queries.ts';
import { createImageKeeper } from './answerImages.ts';
import type { ExecuteDeps } from './executeDeps.ts';
import { newestInWindow, readHistory } from './history.ts';
import { createTitle } from './openRoute.ts';
import { checkQuotas } from './quotas.ts';
import { readRunFacts } from './runFacts.ts';
import { readPlanFacts, resolveRunPlan, type RunPlan } from './runPlan.ts';
import { startStepWriter } from './stepWriter.ts';
import { createUserInput, type UserInput } from './userInput.ts';

/** Limits the attempts of a run that crashes its worker each time. */
const maxRunAttempts = 25;

/** After so many, the run itself is taken for the cause, such as one that fills the memory. */
const maxLostLeases = 3;

/** What earlier attempts have used, without their events. */
const storedSpending = ({ spent_cost_micros: micros, spent_output_tokens: tokens }: LeasedRun): UsageTotals => ({
  usage: tokens > 0 ? { output_tokens: tokens, estimated: true } : undefined,
  cost: usdOfMicros(micros).toString(),
});

export type RunAttempt = {
  lease: Lease;
  heartbeat: Heartbeat;
  writer: EventWriter;
  slot: ConcurrencySlot;
  usageTotals: UsageTotals;
};

/**
 * Prepares the run and executes it up to an answer, which it yields. If the run cannot end with the answer, because input has arrived, the
 * next step executes it up to the next answer. Throws what ends the run otherwise.
 */
export async function* answersOf(deps: ExecuteDeps, attempt: RunAttempt): AsyncGenerator<Completion, void> {
  const { lease, heartbeat, usageTotals } = attempt;
  const { run } = lease;
  if (run.status === 'cancelling' || run.lost_authority) {
    if (run.attempt > 1) Object.assign(usageTotals, (await replayEarlierAttempts(deps, run)).usageTotals);
    throw run.status === 'cancelling' ? new CancelRequested(run.id) : accessEnded(run.lost_authority!);
  }
  // Before anything is read: that may be what ended the workers.
  if (run.lost_leases >= maxLostLeases) {
    Object.assign(usageTotals, storedSpending(run));
    throw new RunFailure('worker.lost', `The worker of the run was lost ${run.lost_leases} times while it executed the run.`, {
      reason: 'lost_leases',
    });
  }
  const settings = await readEntitlements(deps.database, run.account_id);
  const deadline = deadlineOf(run.age_ms, settings);
  try {
    const signal = AbortSignal.any([heartbeat.signal, deadline.signal]);
    const state = await resumeEarlierAttempts(deps, attempt);
    if (run.attempt > maxRunAttempts) throw new RunFailure('worker.timeout', 'The run was begun too often.');
    // Only the end of the run is missing, unless new input has arrived.
    if (state.answer) yield { type: 'completed', answer: state.answer, history: state.history, images: state.images };
    yield* runAgentLoop(deps, attempt, settings, state, signal);
  } finally {
    deadline.stop();
  }
}

async function* runAgentLoop(
  deps: ExecuteDeps,
  attempt: RunAttempt,
  settings: Settings,
  state: RunState & { isRouted: boolean },
  signal: AbortSignal,
): AsyncGenerator<Completion, void> {
  const { lease, writer, usageTotals } = attempt;
  const { run } = lease;
  const { database, storage } = deps;
  const owner = run.created_by_user_id === null ? undefined : { accountId: run.account_id, userId: run.created_by_user_id };
  const sql = database.together();
  const runFacts = readRunFacts(sql, run);
  const facts = run.persona_snapshot ? undefined : readPlanFacts(sql, run);
  const [history, , found, summary, activeSkills, newestMemories, untitled] = await awaitInOrder(
    readHistory(sql, storage, run, signal),
    run.persona_snapshot ? undefined : checkQuotas(sql, run, settings, runFacts),
    deps.tools.findTools(contextOf(run), signal, sql),
    runFacts.then((has) => (has.has_summaries ? readSummary(sql, run.account_id, run.thread_id, run.tail_message_number) : undefined)),
    runFacts.then((has) => (has.has_skills ? readSkills(sql, run.account_id) : [])),
    runFacts.then((has) => (has.has_memories && owner && usesMemories(settings) ? readNewestMemories(sql, owner) : [])),
    // The thread of a sub-agent is hidden.
    runFacts.then(({ untitled: thread }) => (run.parent_run_id === null ? thread : undefined)),
  );
  const isGuarded = settings['security.injection_scan.tool_output_scan_enabled'];
  const toolSet = isGuarded ? guardServerTools(found.tools) : { tools: found.tools, steps: [] };
  for (const step of [...found.steps, ...toolSet.steps]) await writer.write(step);
  // Before any model reads it, including the one that writes the title or chooses the route.
  if (state.turns === 0) for (const step of guardInput(history.lastUserMessage, 'initial', settings)) await writer.write(step);
  const metering = createMetering({ database, lease, settings, usageTotals, log: deps.log });
  const plan = await resolveRunPlan(deps, {
    lease,
    writer,
    settings,
    history,
    metering: metering.meter,
    signal,
    isRouted: state.isRouted,
    facts,
  });
  const keepImage = createImageKeeper(deps, run, state.images.length);
  const userInput = createUserInput({ database, runNotifier: deps.runNotifier, keepImage, ...attempt }, signal);
  if (plan === 'done') return yield* answerWithoutLoop(attempt, userInput);
  const ends = AbortSignal.any([signal, deps.stopping]);
  const title = createTitle(deps, run, settings, plan.routed, history, ends, untitled);
  const skills = plan.isPlain ? undefined : skillsOf(database, run.account_id, activeSkills, plan.persona);
  const agentTools = createAgentTools({ database, queue: deps.queue, runNotifier: deps.runNotifier, settings, metering, ...attempt });
  const tools = skills ? [...toolSet.tools, ...skills.tools, ...agentTools] : [];
  const availableTools = createAvailableTools(tools, plan.persona, state.loadedTools);
  const hasTree = run.root_run_id !== null || agentTools.some((tool) => isToolAllowed(tool, plan.persona));
  const model = metering.meter(plan.routed);
  const window = contextWindow(plan.routed.route, settings);
  const context = createPromptContext({
    model,
    window,
    settings,
    summary,
    save: (made) => saveSummary(database, run, made),
    signal,
  });
  const instructions = [plan.persona.prompt];
  if (skills && availableTools.find(loadSkillName)) instructions.push(skills.prompt);
  // The tool exists only in runs that may use the memories of their creator.
  if (owner && availableTools.admits(searchToolName)) {
    const { text, steps } = await recallMemories(database, owner, history.lastUserMessage, settings, newestMemories);
    for (const step of steps) await writer.write(step);
    if (text) instructions.push(text);
  }
  const prompt: ModelMessage[] = [{ role: 'system', content: instructions.join('\n\n') }, ...newestInWindow(history.messages, window)];
  // Somebody must be there: a parent run answers a sub-agent, and nobody a schedule. A persona that may not ask does not let its tools ask either.
  const canAsk = run.depth === 0 && run.source !== 'schedule' && owner !== undefined && availableTools.admits(askUserTool.name);
  const options = loopOptions(deps, run, settings, plan, { model, signal, usageTotals, canAsk });
  const input: LoopInput = {
    ...options,
    prompt,
    context,
    availableTools,
    port: userInput,
    state,
    checkTreeBudgets: hasTree ? () => checkBudgets(deps, attempt, settings) : async () => {},
  };
  const idleMs = settings['limit.idle_heartbeat_interval_ms'];
  const stepWriter = startStepWriter(writer, { idleMs, title, isWaiting: userInput.isWaiting });
  try {
    for (;;) {
      const answer = await inSpan(
        () => startOf(run, plan),
        () => stepWriter.writeAll(runLoop(input)),
        () => ({ attributes: usageAttributes(usageTotals.usage) }),
      );
      yield { type: 'completed', answer, history: state.history, images: state.images };
    }
  } finally {
    deps.tools.release(run.id);
    await stepWriter.stop();
  }
}

const usesMemories = (settings: Settings) => settings['feature.memory_enabled'] && settings['memory.prompt_tokens'] > 0;

/** The span of the agent loop. */
const startOf = ({ id, thread_id, attempt }: LeasedRun, { persona, routed }: RunPlan): SpanStart => ({
  name: `invoke_agent ${persona.key}`,
  kind: 'internal',
  attributes: {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': persona.key,
    'gen_ai.conversation.id': thread_id,
    'gen_ai.provider.name': providerNameOf(routed.event.provider_kind),
    'gen_ai.request.model': routed.route.model,
    'arkloop.run.id': id,
    'arkloop.run.attempt': attempt,
  },
});

/** Checks the budgets of the run and of those above it, which also cover its sub-agents. */
async function checkBudgets({ database }: ExecuteDeps, { lease: { run }, writer }: RunAttempt, settings: Settings): Promise<void> {
  // What the run has spent is stored with its events.
  await writer.flush();
  const tree = await database.rows(selectTree, { accountId: run.account_id, rootRunId: run.root_run_id ?? run.id });
  checkTreeBudgets(tree, run.id, accountLimits(settings));
}

/** Awaits concurrent promises. If several reject, throws the error of the first in order. */
async function awaitInOrder<T extends readonly unknown[]>(...all: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  for (const each of all) Promise.resolve(each).catch(() => {});
  const results: unknown[] = [];
  for (const each of all) results.push(await each);
  return results as { [K in keyof T]: Awaited<T[K]> };
}

/** Input sent to a run without a loop must be taken up too. */
async function* answerWithoutLoop({ writer }: RunAttempt, userInput: UserInput): AsyncGenerator<Completion, never> {
  for (;;) {
    yield { type: 'completed', answer: emptyAnswer, history: [], images: [] };
    for (const content of await userInput.pendingInput()) await writer.write({ type: 'run.steering_injected', data: { content } });
    await userInput.flush();
  }
}

const emptyAnswer: TurnAnswer = { llmCallId: '', text: '', message: { role: 'assistant', content: [] } };

const contextOf = ({ id, account_id, thread_id, created_by_user_id, trace_id }: LeasedRun): ToolContext['run'] => ({
  id,
  account_id,
  thread_id,
  created_by_user_id,
  trace_id,
});

const accessEnded = (lost: LostAuthority) => new RunFailure('run.access_ended', lostAuthority[lost], { details: { reason: lost } });

/** Throws `tool.access_ended` if the run may do nothing more on behalf of its author. */
async function requireAuthority(
  { database }: ExecuteDeps,
  { account_id: accountId, created_by_user_id: userId, api_key_id: apiKeyId }: LeasedRun,
): Promise<void> {
  const lost = await findLostAuthority(database, { accountId, userId, apiKeyId });
  if (lost) throw new ToolFailure('tool.access_ended', lostAuthority[lost], { reason: lost });
}

type Shared = Pick<LoopInput, 'model' | 'signal' | 'usageTotals'> & { canAsk: boolean };

/** The loop's options from persona and settings. */
function loopOptions(
  deps: ExecuteDeps,
  run: LeasedRun,
  settings: Settings,
  { persona, routed }: RunPlan,
  { model, signal, usageTotals, canAsk }: Shared,
) {
  const { budgets } = persona;
  const { every, waitMs } = checkInsOf(persona);
  return {
    model,
    request: requestOf(run, persona),
    providerKind: routed.event.provider_kind,
    streamThinking: persona.stream_thinking,
    retry: { maxAttempts: settings['llm.retry.max_attempts'], baseDelayMs: settings['llm.retry.base_delay_ms'] },
    maxTurns: smallerLimit(budgets.reasoning_iterations, settings['limit.agent_reasoning_iterations']),
    maxToolCalls: settings['limit.tool_calls_per_run'],
    limits: limitsOf(budgets, accountLimits(settings)),
    answerTimeoutMs: settings['limit.paused_input_timeout_ms'],
    checkIns: persona.executor_type === 'agent.interactive' ? { every, waitMs } : undefined,
    guardInput: (text: string, phase: Parameters<typeof guardInput>[1]) => guardInput(text, phase, settings),
    callDeps: {
      run: contextOf(run),
      memory: new Map<string, unknown>(),
      timeoutMs: budgets.tool_timeout_ms,
      maxParallel: settings['limit.max_parallel_tasks'],
      signal,
      log: deps.log,
      reports: createCallReports(),
      canAsk,
      authorize: () => requireAuthority(deps, run),
      guard: settings['security.injection_scan.tool_output_scan_enabled'] ? guardToolResult : () => undefined,
    },
    signal,
    usageTotals,
  };
}

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

/** Aborts at the wall-clock limit, counted over all attempts since the first start. */
function deadlineOf(ageMs: number, settings: Settings) {
  const timeout_ms = settings['limit.run_wall_clock_timeout_ms'];
  const abort = new AbortController();
  const exceed = () => abort.abort(new RunFailure('run.deadline_exceeded', 'The run took too long.', { details: { timeout_ms } }));
  const timer = setTimeout(exceed, Math.min(Math.max(0, timeout_ms - ageMs), maxTimerMs));
  return { signal: abort.signal, stop: () => clearTimeout(timer) };
}

const fresh = () => ({
  isRouted: false,
  history: [],
  turns: 0,
  answer: undefined,
  pending: undefined,
  unfinished: [],
  lastCheckInTurn: 0,
  loadedTools: [],
  images: [],
});

/** The replayed run, and the usage of the call during which the last attempt stopped. */
async function replayEarlierAttempts({ database }: ExecuteDeps, run: LeasedRun) {
  const replayed = await replayRun(database, run.id);
  const lost = addInterruptedCall(run, replayed);
  return { ...replayed, lost };
}

/** Reuses what an earlier attempt finished, and discards what it left unfinished. */
async function resumeEarlierAttempts(
  deps: ExecuteDeps,
  { lease, writer, usageTotals }: RunAttempt,
): Promise<RunState & { isRouted: boolean }> {
  const { run } = lease;
  if (run.attempt === 1 || run.next_seq <= 2) return fresh();
  const { lost, ...earlier } = await replayEarlierAttempts(deps, run).catch((error) => {
    if (isTransientDatabaseError(error)) throw error;
    deps.log.error({ err: error, run_id: run.id }, 'the events of a run cannot be replayed');
    throw new RunFailure('worker.recovery_unavailable', 'The earlier part of the run cannot be read.');
  });
  Object.assign(usageTotals, earlier.usageTotals);
  if (earlier.openElicitation) await lease.endWait(earlier.openElicitation, 'question_withdrawn');
  for (const step of earlier.missingSteps) await writer.write(step);
  await writer.write({ type: 'run.recovered', data: { attempt: run.attempt, discard_from_seq: earlier.resumeSeq, ...lost } });
  return earlier;
}
