import type { RunCancelledEvent, RunCompletedEvent, RunFailedEvent, RunWaitingForInputEvent } from '../generated/types.ts';
import type { RunStep } from './script.ts';

type DataOf<Event extends { data: object }> = Partial<Omit<Event['data'], 'trace_id'>>;
/** So that no two calls or questions of a test are taken for one. */
let given = 0;
const newId = (kind: string) => `${kind}_${++given}`;

/** The model answers, a word at a time. */
export const says = (text: string): RunStep[] => deltas(text);

/** The model thinks, a word at a time. */
export const thinks = (text: string): RunStep[] => deltas(text, { channel: 'thinking' });

const deltas = (text: string, more: { channel?: 'thinking' } = {}): RunStep[] =>
  (text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []).map((piece) => ({
    type: 'message.delta',
    data: { content: piece, content_delta: piece, role: 'assistant', ...more },
  }));

/** The model writes a call, and the tool answers with `result`, or fails when that is an Error. */
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

/** The agent asks and waits; with a reply it is answered and goes on. */
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

/** The run ends well. */
export const completes = (data: DataOf<RunCompletedEvent> = {}): RunStep => ({ type: 'run.completed', data });

/** The run fails. */
export const fails = (message: string, data: DataOf<RunFailedEvent> = {}): RunStep => ({
  type: 'run.failed',
  data: { error_class: 'internal.error', resumable: false, ...data, message },
});

/** The run is stopped. */
export const cancels = (data: DataOf<RunCancelledEvent> = {}): RunStep => ({
  type: 'run.cancelled',
  data: { reason: 'cancel_signal', ...data },
});
