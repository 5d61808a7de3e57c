import { maxImageChars } from '../../../contract/attachments.ts';
import type { RunError, RunEventInput } from '../../../contract/events.ts';
import { isTransientDatabaseError } from '../../database/connection/connectionErrors.ts';
import type { ModelMessage } from '../../models/model.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { inSpan } from '../../platform/telemetry/spans.ts';
import { loadToolsName } from './availableTools.ts';
import type { CallReports } from './callReports.ts';
import { startCallTimer } from './callTimer.ts';
import { throttleProgress } from './progress.ts';
import { type ToolAnswer, type ToolContext, ToolFailure, type ToolOutput, type ToolQuestion } from './tool.ts';
import { truncateResult } from './truncateResult.ts';
import type { ValidatedCall } from './validateCalls.ts';

export type CallDeps = {
  run: ToolContext['run'];
  memory: Map<string, unknown>;
  /** The persona's limit for a call, in milliseconds. Overrides the limit of the tool, unless it limits itself. */
  timeoutMs: number | undefined;
  maxParallel: number;
  signal: AbortSignal;
  log: Log;
  reports: CallReports;
  /** Whether the server of a tool may ask the user. */
  canAsk: boolean;
  /** Rejects if the run may do nothing more on behalf of its author. */
  authorize(): Promise<void>;
  /** Returns a replacement for a result that must not reach the model, else undefined. */
  guard(toolName: string, result: Record<string, unknown>): ToolOutput | undefined;
};

type Runnable = Extract<ValidatedCall, { verdict: 'run' }>;

export type CallOutcome = Partial<ToolOutput> & { error?: RunError; durationMs: number };

export type PendingCall = { call: ValidatedCall; outcome(): Promise<CallOutcome> };

/**
 * Executes the calls of a turn: in parallel if all their tools allow it, else one after the other. Await the outcomes
 * in order. A failure does not affect parallel calls; in a sequence, the calls after it are skipped.
 */
export function startCalls(calls: readonly ValidatedCall[], deps: CallDeps): PendingCall[] {
  const runnable = calls.filter((call) => call.verdict === 'run');
  const execute = createExecution(deps);
  if (runnable.every(({ tool }) => tool.parallel)) {
    const started = startTogether(runnable, execute, deps.maxParallel);
    return calls.map((call) => ({ call, outcome: async () => started.get(call) ?? refusal(call) }));
  }
  let failed = false;
  return calls.map((call) => ({
    call,
    async outcome() {
      const outcome = call.verdict !== 'run' ? refusal(call) : failed ? skipped : await execute(call);
      failed ||= outcome.error !== undefined;
      return outcome;
    },
  }));
}

const refusal = (call: ValidatedCall): CallOutcome =>
  call.verdict === 'refuse' ? { error: call.error, durationMs: 0 } : { durationMs: 0 };

const skipped: CallOutcome = {
  error: { error_class: 'tool.skipped_after_failure', message: 'A call before this one failed, so it was not made.' },
  durationMs: 0,
};

/** Runs at most `maxParallel` calls at a time. Every call is executed even if others fail, because each result is useful to the model. */
function startTogether(calls: readonly Runnable[], execute: Execution, maxParallel: number): Map<ValidatedCall, Promise<CallOutcome>> {
  const ends = new Map(calls.map((call) => [call as ValidatedCall, Promise.withResolvers<CallOutcome>()]));
  const queue = [...calls];
  const work = async () => {
    for (let call = queue.shift(); call; call = queue.shift()) {
      const end = ends.get(call)!;
      await execute(call).then(end.resolve, end.reject);
    }
  };
  const fail = (error: unknown) => {
    for (const end of ends.values()) end.reject(error);
  };
  for (let lane = 0; lane < Math.min(maxParallel, calls.length); lane++) work().catch(fail);
  // The consumer may stop at the first rejection. Avoid unhandled rejections of the others.
  for (const { promise } of ends.values()) promise.catch(() => {});
  return new Map([...ends].map(([call, { promise }]) => [call, promise]));
}

type Execution = (call: Runnable) => Promise<CallOutcome>;

/** Executes the calls of a turn. The images of their results, which wait for the model together, are at most as large as those of one prompt. */
function createExecution(deps: CallDeps): Execution {
  let room = maxImageChars;
  return async (call) => {
    const outcome = await executeCall(call, deps);
    const images = outcome.images?.filter(({ data }) => {
      const fits = data.length <= room;
      if (fits) room -= data.length;
      return fits;
    });
    return images ? { ...outcome, images } : outcome;
  };
}

/** Executes one call in a span. Neither arguments nor results are recorded. */
const executeCall = (call: Runnable, deps: CallDeps): Promise<CallOutcome> =>
  inSpan(
    () => ({
      name: `execute_tool ${call.tool.name}`,
      kind: 'internal',
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': call.tool.name,
        'gen_ai.tool.call.id': call.callId,
        'gen_ai.tool.type': 'function',
      },
    }),
    () => runTool(call, deps),
    ({ error }) => ({ errorType: error?.error_class }),
  );

/** Rejects only with the reason of the run's own signal: tool errors become an outcome. */
async function runTool({ tool, args, callId }: Runnable, deps: CallDeps): Promise<CallOutcome> {
  const began = performance.now();
  const limit = new AbortController();
  const personaMs = tool.limitsItself ? undefined : deps.timeoutMs;
  const expire = (ms: number) => limit.abort(new ToolFailure('tool.hard_timeout', `The tool took longer than ${ms} ms.`));
  const timer = startCallTimer(personaMs ?? tool.timeoutMs, personaMs ?? maxExtendedMs, expire);
  const named = { tool_call_id: callId, tool_name: tool.name };
  const progress = throttleProgress((data) => deps.reports.add({ step: { type: 'tool.progress', data: { ...named, ...data } } }));
  const signal = AbortSignal.any([deps.signal, limit.signal]);
  const durationMs = () => Math.round(performance.now() - began);
  try {
    signal.throwIfAborted();
    const context: ToolContext = {
      run: deps.run,
      callId,
      signal,
      memory: deps.memory,
      report(data) {
        timer.extend();
        progress.report(data);
      },
      ...(deps.canAsk && {
        ask: (question, during) => timer.whilePaused(() => askUser(deps.reports, callId, question, AbortSignal.any([signal, during]))),
      }),
    };
    await deps.authorize();
    const output = await untilAborted(async () => tool.run(args, context), signal);
    const { result, ...more } = (tool.name === loadToolsName ? undefined : deps.guard(tool.name, output.result)) ?? output;
    return { ...more, result: truncateResult(result), durationMs: durationMs() };
  } catch (error) {
    deps.signal.throwIfAborted();
    const cause: unknown = signal.aborted && !(error instanceof ToolFailure) ? signal.reason : error;
    if (!(cause instanceof ToolFailure)) deps.log.warn({ err: cause, run_id: deps.run.id, tool: tool.name }, 'a tool failed');
    return { ...guarded(errorOf(cause), tool.name, deps), durationMs: durationMs() };
  } finally {
    progress.stop();
    timer.stop();
  }
}

/** The longest time limit of a call that makes progress, in milliseconds: as long as the longest limit that can be configured. */
const maxExtendedMs = 600_000;

function askUser(reports: CallReports, callId: string, question: ToolQuestion, signal: AbortSignal): Promise<ToolAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ToolAnswer>();
  if (signal.aborted) return Promise.reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  reports.add({ asked: { callId, question, signal, answer: resolve } });
  return promise;
}

/** Stops waiting for a tool that ignores its signal. After a timeout, the tool has 50 ms to fail with its own error. */
function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
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

/** Error messages of a tool are scanned like its results. */
function guarded(error: RunError, toolName: string, { guard }: CallDeps): Omit<CallOutcome, 'durationMs'> {
  const withheld = guard(toolName, { message: error.message, ...(error.details && { details: error.details }) });
  if (!withheld) return { error };
  const { result, steps = [] } = withheld;
  return { result, steps, error: { error_class: error.error_class, message: 'The tool failed; what it said is withheld.' } };
}

/** Hides unexpected exceptions: they could contain data that the model must not read. */
/** A lost database cuts a call off like a crash: the model reads that it may repeat the call, and that it may have had an effect. */
function errorOf(cause: unknown): RunError {
  if (isTransientDatabaseError(cause))
    return {
      error_class: 'tool.interrupted',
      message: 'The database did not respond. The call may have had an effect, and can be repeated.',
    };
  if (!(cause instanceof ToolFailure)) return { error_class: 'tool.execution_failed', message: 'The tool failed.' };
  const { errorClass: error_class, message, details } = cause;
  return { error_class, message, ...(details && { details: truncateResult(details) }) };
}

/** The event that announces a call. */
export function toolCallStep({ callId, name, args, argsHash, tool, verdict }: ValidatedCall): RunEventInput {
  const side_effects = verdict === 'run' ? (tool.sideEffects ?? !tool.parallel) : undefined;
  const facts = { tool_call_id: callId, tool_name: name, arguments: args, args_hash: argsHash };
  return { type: 'tool.call', data: { ...facts, ...(side_effects !== undefined && { side_effects }) } };
}

/** Yields the events that report how a call ended, and returns the message for the model. */
export function* finishCall(call: ValidatedCall, outcome: CallOutcome): Generator<RunEventInput, ModelMessage> {
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

/** The tool message for the model. Identical for a live call and a replayed one, except that stored events hold no images. */
export function toolMessage(
  id: string,
  name: string,
  { result, error, images = [] }: Pick<CallOutcome, 'result' | 'error' | 'images'>,
): ModelMessage {
  const content = JSON.stringify(error ? { ...result, error } : (result ?? {}));
  const shown = images.length > 0 && { images: [...images] };
  return { role: 'tool', tool_call_id: id, tool_name: name, content, ...shown, is_error: error !== undefined };
}
