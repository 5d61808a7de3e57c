import type { RunError, RunStep } from '../../../contract/events.ts';
import type { Log } from '../../kernel/log.ts';
import { longestTimer } from '../../kernel/timers.ts';
import type { ModelMessage } from '../model.ts';
import { loadToolsName } from './offer.ts';
import type { Judged } from './policy.ts';
import { cutResult } from './size.ts';
import { type ToolContext, ToolFailure, type ToolOutput } from './tool.ts';

/** What the calls of a run are made with. */
export type CallDeps = {
  run: ToolContext['run'];
  memory: Map<string, unknown>;
  /** Longest time of any call, in milliseconds, as the persona sets it. */
  timeoutMs: number | undefined;
  /** The most calls that run side by side. */
  maxParallel: number;
  signal: AbortSignal;
  log: Log;
  /** What takes the place of a result that must not reach the model; undefined for all others. */
  guard(toolName: string, result: Record<string, unknown>): ToolOutput | undefined;
};

type Runnable = Extract<Judged, { verdict: 'run' }>;

/** How a call ended. */
export type Outcome = Partial<ToolOutput> & { error?: RunError; durationMs: number };

/** A call with what becomes of it; it may have to be waited for. */
export type Underway = { call: Judged; outcome(): Promise<Outcome> };

/**
 * Make the calls of a turn: in parallel when all may, else one after the other. The outcomes are to be asked for in order.
 * A failure leaves parallel calls alone; in a sequence the calls after it are skipped.
 */
export function startCalls(calls: readonly Judged[], deps: CallDeps): Underway[] {
  const runnable = calls.filter((call) => call.verdict === 'run');
  if (runnable.every(({ tool }) => tool.parallel)) {
    const started = startTogether(runnable, deps);
    return calls.map((call) => ({ call, outcome: async () => started.get(call) ?? refusal(call) }));
  }
  let failed = false;
  return calls.map((call) => ({
    call,
    async outcome() {
      const outcome = call.verdict !== 'run' ? refusal(call) : failed ? skipped : await makeCall(call, deps);
      failed ||= outcome.error !== undefined;
      return outcome;
    },
  }));
}

const refusal = (call: Judged): Outcome => (call.verdict === 'refuse' ? { error: call.error, durationMs: 0 } : { durationMs: 0 });

const skipped: Outcome = {
  error: { error_class: 'tool.skipped_after_failure', message: 'A call before this one failed, so it was not made.' },
  durationMs: 0,
};

/** At most `maxParallel` at a time. Every call is made, whatever becomes of the others: each result is worth something to the model. */
function startTogether(calls: readonly Runnable[], deps: CallDeps): Map<Judged, Promise<Outcome>> {
  const ends = new Map(calls.map((call) => [call as Judged, Promise.withResolvers<Outcome>()]));
  const queue = [...calls];
  const work = async () => {
    for (let call = queue.shift(); call; call = queue.shift()) {
      const end = ends.get(call)!;
      await makeCall(call, deps).then(end.resolve, end.reject);
    }
  };
  const fail = (error: unknown) => {
    for (const end of ends.values()) end.reject(error);
  };
  for (let lane = 0; lane < Math.min(deps.maxParallel, calls.length); lane++) work().catch(fail);
  // The reader of the outcomes may stop at the first that rejects.
  for (const { promise } of ends.values()) promise.catch(() => {});
  return new Map([...ends].map(([call, { promise }]) => [call, promise]));
}

/** Make one call. Rejects only with the reason of the run's own signal: what the tool throws is for the model. */
async function makeCall({ tool, args, callId }: Runnable, deps: CallDeps): Promise<Outcome> {
  const began = performance.now();
  const limit = new AbortController();
  const timeoutMs = deps.timeoutMs ?? tool.timeoutMs;
  const expire = () => limit.abort(new ToolFailure('tool.hard_timeout', `The tool took longer than ${timeoutMs} ms.`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, Math.min(timeoutMs, longestTimer));
  const signal = AbortSignal.any([deps.signal, limit.signal]);
  const durationMs = () => Math.round(performance.now() - began);
  try {
    signal.throwIfAborted();
    const context: ToolContext = { run: deps.run, callId, signal, memory: deps.memory };
    const output = await abandonable(async () => tool.run(args, context), signal);
    const { result, ...more } = (tool.name === loadToolsName ? undefined : deps.guard(tool.name, output.result)) ?? output;
    return { ...more, result: cutResult(result), durationMs: durationMs() };
  } catch (error) {
    deps.signal.throwIfAborted();
    const cause: unknown = signal.aborted && !(error instanceof ToolFailure) ? signal.reason : error;
    if (!(cause instanceof ToolFailure)) deps.log.warn({ err: cause, run_id: deps.run.id, tool: tool.name }, 'a tool failed');
    return { ...guarded(errorOf(cause), tool.name, deps), durationMs: durationMs() };
  } finally {
    clearTimeout(timer);
  }
}

/** A tool that does not hear that it is to stop is left alone with what it does; one whose time is over may still say so in its own words. */
function abandonable<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = () => {
    const reason: unknown = signal.reason;
    if (reason instanceof ToolFailure && reason.errorClass === 'tool.hard_timeout') setTimeout(reject, lastWordsMs, reason);
    else reject(reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  work()
    .then(resolve, reject)
    .finally(() => signal.removeEventListener('abort', stop));
  return promise;
}

const lastWordsMs = 50;

/** The words of a failure are a tool's, too. */
function guarded(error: RunError, toolName: string, { guard }: CallDeps): Omit<Outcome, 'durationMs'> {
  const withheld = guard(toolName, { message: error.message, ...(error.details && { details: error.details }) });
  if (!withheld) return { error };
  const { result, steps = [] } = withheld;
  return { result, steps, error: { error_class: error.error_class, message: 'The tool failed; what it said is withheld.' } };
}

/** An exception nobody foresaw says nothing about itself: it may hold what a model should not read. */
function errorOf(cause: unknown): RunError {
  if (!(cause instanceof ToolFailure)) return { error_class: 'tool.execution_failed', message: 'The tool failed.' };
  const { errorClass: error_class, message, details } = cause;
  return { error_class, message, ...(details && { details: cutResult(details) }) };
}

/** The events that tell of a call. */
export function announce({ callId, name, args, argsHash, tool, verdict }: Judged): RunStep {
  const side_effects = verdict === 'run' ? (tool.sideEffects ?? !tool.parallel) : undefined;
  const facts = { tool_call_id: callId, tool_name: name, arguments: args, args_hash: argsHash };
  return { type: 'tool.call', data: { ...facts, ...(side_effects !== undefined && { side_effects }) } };
}

/** The events that tell how a call ended, and the message to the model. */
export function* conclude(call: Judged, outcome: Outcome): Generator<RunStep, ModelMessage> {
  const { result, error, steps = [], durationMs } = outcome;
  const named = { tool_call_id: call.callId, tool_name: call.name };
  if (call.verdict === 'refuse' && call.denied) {
    const { denied: deny_reason, argsHash: args_hash } = call;
    yield { type: 'tool.denied', data: { ...named, code: 'policy.denied', message: call.error.message, deny_reason, args_hash } };
  }
  yield* steps;
  yield { type: 'tool.result', data: { ...named, ...(result && { result }), ...(error && { error }), duration_ms: durationMs } };
  return toolMessage(call.callId, call.name, outcome);
}

/** What a model reads of the end of a call: the same when it happens and when it is read from the log, which holds no images. */
export function toolMessage(
  id: string,
  name: string,
  { result, error, images = [] }: Pick<Outcome, 'result' | 'error' | 'images'>,
): ModelMessage {
  const content = JSON.stringify(error ? { ...result, error } : (result ?? {}));
  const shown = images.length > 0 && { images: [...images] };
  return { role: 'tool', tool_call_id: id, tool_name: name, content, ...shown, is_error: error !== undefined };
}
