import { maxImageChars } from '../../../contract/attachments.ts';
import type { RunEventInput } from '../../../contract/events.ts';
import type { ModelMessage, ModelTool } from '../../models/model.ts';
import { RunFailure } from '../../models/runFailure.ts';
import { fitImages } from '../context/images.ts';
import type { PromptContext } from '../context/promptContext.ts';
import type { AvailableTools } from '../tools/availableTools.ts';
import { type CallDeps, type CallOutcome, finishCall, startCalls, toolCallStep } from '../tools/executeCalls.ts';
import type { Tool } from '../tools/tool.ts';
import { validateCalls } from '../tools/validateCalls.ts';
import type { RunState, TurnAnswer } from './runPort.ts';
import { runTurn, type Turn, type TurnInput } from './turn.ts';
import { checkSpendingLimits, type SpendingLimits } from './usageTotals.ts';
import { askForServer, askQuestion, checkIn, type UserRequestDeps } from './userRequests.ts';

export type { AnswerImage, RunPort, RunState, TurnAnswer, UserReply } from './runPort.ts';
export type { UsageTotals } from './usageTotals.ts';

export type LoopInput = TurnInput &
  UserRequestDeps & {
    /** The system prompt and the conversation before the run. */
    prompt: readonly ModelMessage[];
    state: RunState;
    availableTools: AvailableTools;
    callDeps: CallDeps;
    context: PromptContext;
    /** 0 means no limit. */
    maxTurns: number;
    maxToolCalls: number;
    limits: SpendingLimits;
    /** Rejects if the run and its sub-agents have used more than a run above them may. */
    checkTreeBudgets(): Promise<void>;
    /** Every how many turns the run waits for user input, and how long, in milliseconds. Undefined disables check-ins. */
    checkIns: { every: number; waitMs: number } | undefined;
  };

/**
 * Calls the model turn by turn until it answers without a tool call. Yields the events of the run in order and returns the answer. Can be
 * called again with the same state, if input has arrived since: the answer becomes part of the history.
 */
export async function* runLoop(input: LoopInput): AsyncGenerator<RunEventInput, TurnAnswer> {
  const { signal, usageTotals, state } = input;
  let calls = toolCallsIn(state.history);
  yield* repeatUnfinished(input);
  yield* finishPendingRequest(input);
  if (state.answer) state.history.push({ role: 'assistant', content: state.answer.text });
  for (;;) {
    signal.throwIfAborted();
    const turn = state.turns + 1;
    if (input.maxTurns > 0 && turn > input.maxTurns)
      throw new RunFailure('agent.reasoning_iterations_exceeded', `The run needed more than ${input.maxTurns} turns.`);
    if (!state.answer) yield* checkInIfDue(input);
    yield* injectInput(input);
    const taken = yield* runFittedTurn(input, turn);
    state.turns = turn;
    state.images.push(...taken.images);
    checkSpendingLimits(usageTotals, input.limits);
    await input.checkTreeBudgets();
    state.answer = taken.calls.length === 0 ? taken : undefined;
    if (state.answer) return state.answer;
    calls += taken.calls.length;
    if (calls > input.maxToolCalls)
      throw new RunFailure('agent.tool_calls_exceeded', `The run made more than ${input.maxToolCalls} tool calls.`);
    yield* executeCalls(input, taken);
  }
}

const toolCallsIn = (history: readonly ModelMessage[]) =>
  history.reduce((sum, message) => sum + (message.role === 'assistant' ? (message.tool_calls?.length ?? 0) : 0), 0);

/**
 * Takes one turn with the prompt fitted to the model's window. If the provider rejects the prompt as too long, shortens
 * it and retries once.
 */
async function* runFittedTurn(input: LoopInput, turn: number): AsyncGenerator<RunEventInput, Turn> {
  const all = [...input.prompt, ...input.state.history];
  const tools = input.availableTools.listed().map(modelToolOf);
  const messages = yield* input.context.prepare(all, turn, tools);
  try {
    return yield* runTurn(input, turn, { messages, tools });
  } catch (error) {
    input.signal.throwIfAborted();
    const shorter = yield* input.context.overflow(all, error, turn, tools);
    return yield* runTurn(input, turn, { messages: shorter, tools });
  }
}

const modelTools = new WeakMap<object, ModelTool>();

/** The tool as a model sees it: the same object in all turns and runs, because its estimated size is cached per object. */
function modelToolOf({ name, description, parameters }: Tool): ModelTool {
  const known = modelTools.get(parameters);
  if (known?.name === name && known.description === description) return known;
  const made = { name, description, parameters };
  modelTools.set(parameters, made);
  return made;
}

/** Announces all calls, executes them, and yields how each ended. A question to the user comes last. */
async function* executeCalls(input: LoopInput, { text, calls, opaque }: Turn): AsyncGenerator<RunEventInput, void> {
  const { history } = input.state;
  const judged = validateCalls(calls, input.availableTools);
  for (const call of judged) yield toolCallStep(call);
  // A call must be stored before it is executed: an unstored call could be repeated after a crash (see `missingSteps` in replay.ts).
  await input.port.flush();
  // Added together with the first result: a prompt never contains a call without its result.
  history.push({ role: 'assistant', content: text, tool_calls: calls, opaque });
  const others = judged.filter(({ verdict }) => verdict !== 'ask');
  for (const { call, outcome } of startCalls(others, input.callDeps)) {
    history.push(yield* finishCall(call, yield* whileRunning(input, outcome())));
    limitImages(history);
  }
  for (const call of judged) if (call.verdict === 'ask') history.push(yield* finishCall(call, yield* askQuestion(input, call)));
}

/** A prompt shows no more images than this. The tools can return any number of them. */
function limitImages(history: ModelMessage[]): void {
  const { messages, dropped } = fitImages(history, maxImageChars);
  if (dropped > 0) history.splice(0, history.length, ...messages);
}

/** Executes the calls again that an earlier attempt left without a result. */
async function* repeatUnfinished(input: LoopInput): AsyncGenerator<RunEventInput, void> {
  const { unfinished, history } = input.state;
  input.state.unfinished = [];
  for (const { call, outcome } of startCalls(validateCalls(unfinished, input.availableTools), input.callDeps))
    history.push(yield* finishCall(call, yield* whileRunning(input, outcome())));
}

/** Yields what calls in progress report until one has ended. */
async function* whileRunning(input: LoopInput, outcome: Promise<CallOutcome>): AsyncGenerator<RunEventInput, CallOutcome> {
  for (;;) {
    const report = await input.callDeps.reports.next(outcome);
    if (!report) return outcome;
    if ('step' in report) yield report.step;
    else yield* askForServer(input, report.asked);
  }
}

/** Waits for a question that an earlier attempt left open, until its original deadline. */
async function* finishPendingRequest(input: LoopInput): AsyncGenerator<RunEventInput, void> {
  const { pending, history } = input.state;
  input.state.pending = undefined;
  if (pending?.reason === 'ask_user') {
    const [call] = validateCalls([pending.call], input.availableTools);
    // The tools of the run may have changed since.
    if (call?.verdict === 'ask') history.push(yield* finishCall(call, yield* askQuestion(input, call, pending)));
    else if (call?.verdict === 'refuse') history.push(yield* finishCall(call, { error: call.error, durationMs: 0 }));
  }
  if (pending?.reason === 'check_in') yield* takeCheckIn(input, pending);
}

async function* checkInIfDue(input: LoopInput): AsyncGenerator<RunEventInput, void> {
  const { turns, lastCheckInTurn } = input.state;
  if (!input.checkIns || turns === 0 || turns % input.checkIns.every !== 0 || lastCheckInTurn >= turns) return;
  yield* takeCheckIn(input);
}

async function* takeCheckIn(input: LoopInput, pending?: RunState['pending']): AsyncGenerator<RunEventInput, void> {
  const { state, checkIns } = input;
  state.lastCheckInTurn = state.turns;
  const said = yield* checkIn(input, state.turns, checkIns?.waitMs ?? input.answerTimeoutMs, pending);
  if (said) state.history.push(said);
}

/** Adds input that was sent to the run since the last turn. */
async function* injectInput(input: LoopInput): AsyncGenerator<RunEventInput, void> {
  // Before the first turn, nothing has happened that must not be repeated.
  if (input.state.turns > 0 || input.state.history.length > 0) await input.port.flush();
  for (const content of await input.port.pendingInput()) {
    yield { type: 'run.steering_injected', data: { content } };
    yield* input.guardInput(content, 'steering_input');
    input.state.history.push({ role: 'user', content });
  }
}
