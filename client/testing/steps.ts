import type { RunCancelledEvent, RunCompletedEvent, RunFailedEvent, RunWaitingForInputEvent } from '../generated/types.ts';
import type { RunStep } from './script.ts';

type DataOf<Event extends { data: object }> = Partial<Omit<Event['data'], 'trace_id'>>;
/** Global counter: ids of calls and questions are unique within a test file. */
let idCounter = 0;
const newId = (kind: string) => `${kind}_${++idCounter}`;

/** The model writes text, one delta per word. */
export const says = (text: string): RunStep[] => deltas(text);

/** The model writes thinking, one delta per word. */
export const thinks = (text: string): RunStep[] => deltas(text, { channel: 'thinking' });

const deltas = (text: string, more: { channel?: 'thinking' } = {}): RunStep[] =>
  (text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []).map((piece) => ({
    type: 'message.delta',
    data: { content: piece, content_delta: piece, role: 'assistant', ...more },
  }));

/** The model calls a tool, which returns `result`, or fails if `result` is an Error. */
export function usesTool(
  name: string,
  args: Record<string, unknown>,
  result: Record<string, unknown> | Error,
  callId: string = newId('call'),
): RunStep[] {
  const tool = { tool_call_id: callId, tool_name: name };
  const outcome = result instanceof Error ? { error: { error_class: 'tool.execution_failed', message: result.message } } : { result };
  return [
    { type: 'tool.call.delta', data: { tool_call_index: 0, arguments_delta: JSON.stringify(args), ...tool } },
    { type: 'tool.call', data: { ...tool, arguments: args } },
    { type: 'tool.result', data: { ...tool, ...outcome, duration_ms: 5 } },
  ];
}

/** The agent asks the user and waits. With a `reply` the run resumes. */
export function asks(message: string, reply?: string, more: DataOf<RunWaitingForInputEvent> = {}): RunStep[] {
  const request_id = more.request_id ?? newId('request');
  const waiting = {
    reason: 'ask_user',
    message,
    timeout_ms: 300_000,
    expires_at: '2026-01-01T00:05:00.000Z',
    ...more,
    request_id,
  } as const;
  return [
    { type: 'run.input_requested', data: { request_id, message } },
    { type: 'run.waiting_for_input', data: waiting },
    ...(reply === undefined
      ? []
      : ([
          { type: 'run.input_provided', data: { content: reply, request_id } },
          { type: 'run.resumed', data: { request_id, reason: 'user_input_received' } },
        ] satisfies RunStep[])),
  ];
}

export const completes = (data: DataOf<RunCompletedEvent> = {}): RunStep => ({ type: 'run.completed', data });

export const fails = (message: string, data: DataOf<RunFailedEvent> = {}): RunStep => ({
  type: 'run.failed',
  data: { error_class: 'internal.error', resumable: false, ...data, message },
});

/** The run is cancelled. */
export const cancels = (data: DataOf<RunCancelledEvent> = {}): RunStep => ({
  type: 'run.cancelled',
  data: { reason: 'cancel_signal', ...data },
});
