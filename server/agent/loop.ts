import type { RunStep } from '../../contract/events.ts';
import type { Context } from './context/compact.ts';
import { RunFailure } from './failure.ts';
import { type AskDeps, askQuestion, checkIn } from './loop/asking.ts';
import type { Resume } from './loop/port.ts';
import { checkSpending, type SpendingLimits } from './loop/spending.ts';
import { type Turn, type TurnInput, takeTurn } from './loop/turn.ts';
import type { ModelMessage } from './model.ts';
import { announce, type CallDeps, conclude, startCalls } from './tools/calls.ts';
import type { Offer } from './tools/offer.ts';
import { judgeCalls } from './tools/policy.ts';

export type { Resume, RunPort } from './loop/port.ts';
export type { Spent } from './loop/spending.ts';
export type { Answer } from './loop/turn.ts';

export type LoopInput = TurnInput &
  AskDeps & {
    /** The system prompt and the conversation before the run. */
    prompt: readonly ModelMessage[];
    resume: Resume;
    offer: Offer;
    calls: CallDeps;
    context: Context;
    /** The most turns there may be; 0 is without limit. */
    maxTurns: number;
    limits: SpendingLimits;
    /** After how many turns the user may say something, and how long that waits in milliseconds; undefined where the run does not ask. */
    checkIns: { every: number; waitMs: number } | undefined;
  };

/** Ask the model, turn by turn, until it answers without asking for a tool. What it yields is what happens, in order. */
export async function* runLoop(input: LoopInput): AsyncGenerator<RunStep, void> {
  const { port, signal, spent, resume } = input;
  const { trail } = resume;
  let { answer } = resume;
  yield* finishPending(input);
  for (let turn = resume.turns + 1; ; turn++) {
    if (answer) {
      if (await port.complete(answer, trail)) return;
      trail.push({ role: 'assistant', content: answer.text });
    }
    signal.throwIfAborted();
    if (input.maxTurns > 0 && turn > input.maxTurns)
      throw new RunFailure('agent.reasoning_iterations_exceeded', `The run needed more than ${input.maxTurns} turns.`);
    if (!answer) yield* checkInIfDue(input, turn - 1);
    yield* injectInput(input);
    const taken = yield* ask(input, turn);
    checkSpending(spent, input.limits);
    answer = taken.calls.length === 0 ? taken : undefined;
    if (!answer) yield* makeCalls(input, taken);
  }
}

/** Take a turn with the prompt as it fits into the model's window; one that the provider finds too long is shortened and sent once more. */
async function* ask(input: LoopInput, turn: number): AsyncGenerator<RunStep, Turn> {
  const all = [...input.prompt, ...input.resume.trail];
  const tools = input.offer.listed().map(({ name, description, parameters }) => ({ name, description, parameters }));
  const messages = yield* input.context.prepare(all, turn, tools);
  try {
    return yield* takeTurn(input, turn, { messages, tools });
  } catch (error) {
    input.signal.throwIfAborted();
    const shorter = yield* input.context.overflow(all, error, turn, tools);
    return yield* takeTurn(input, turn, { messages: shorter, tools });
  }
}

/** Tell of all calls, make them, and tell how each ended; a question to the user comes last. */
async function* makeCalls(input: LoopInput, { text, calls, opaque }: Turn): AsyncGenerator<RunStep, void> {
  const { trail } = input.resume;
  const judged = judgeCalls(calls, input.offer);
  for (const call of judged) yield announce(call);
  // A call that is not in the log could be made once more after a crash.
  await input.port.stored();
  // Added with the first result: a prompt never holds a call without one.
  trail.push({ role: 'assistant', content: text, tool_calls: calls, opaque });
  const others = judged.filter(({ verdict }) => verdict !== 'ask');
  for (const { call, outcome } of startCalls(others, input.calls)) trail.push(yield* conclude(call, await outcome()));
  for (const call of judged) if (call.verdict === 'ask') trail.push(yield* conclude(call, yield* askQuestion(input, call)));
}

/** A question that an earlier attempt left open is waited for until its own deadline. */
async function* finishPending(input: LoopInput): AsyncGenerator<RunStep, void> {
  const { pending, trail, turns } = input.resume;
  if (pending?.reason === 'ask_user') {
    const [call] = judgeCalls([pending.call], input.offer);
    // The tools of the run may be others by now.
    if (call?.verdict === 'ask') trail.push(yield* conclude(call, yield* askQuestion(input, call, pending)));
    else if (call?.verdict === 'refuse') trail.push(yield* conclude(call, { error: call.error, durationMs: 0 }));
  }
  if (pending?.reason === 'check_in') yield* takeCheckIn(input, turns, pending);
}

async function* checkInIfDue(input: LoopInput, turnsTaken: number): AsyncGenerator<RunStep, void> {
  const { checkIns, resume } = input;
  if (!checkIns || turnsTaken === 0 || turnsTaken % checkIns.every !== 0 || resume.checkedIn >= turnsTaken) return;
  yield* takeCheckIn(input, turnsTaken);
}

async function* takeCheckIn(input: LoopInput, turnsTaken: number, pending?: Resume['pending']): AsyncGenerator<RunStep, void> {
  const { resume, checkIns } = input;
  resume.checkedIn = turnsTaken;
  const said = yield* checkIn(input, turnsTaken, checkIns?.waitMs ?? input.waitMs, pending);
  if (said) resume.trail.push(said);
}

/** What was sent to the run since the last turn is said before the next one. */
async function* injectInput(input: LoopInput): AsyncGenerator<RunStep, void> {
  await input.port.stored();
  for (const content of await input.port.pendingInput()) {
    yield { type: 'run.steering_injected', data: { content } };
    yield* input.guardInput(content, 'steering_input');
    input.resume.trail.push({ role: 'user', content });
  }
}
