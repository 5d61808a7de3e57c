import type { RunStep } from '../../contract/events.ts';
import type { Message } from '../../contract/messages.ts';

/** What a scripted run does next: an event, or nothing for so many milliseconds. */
export type ScriptStep = RunStep | { pause: number };

/** What a script knows of its run. */
export type Talk = {
  /** The newest message of the thread. */
  message: string;
  /** The thread up to there, oldest first. */
  transcript: readonly Message[];
  /** An id that this run has not used yet. */
  newId(): string;
  /** Aborts when the run is cancelled. */
  signal: AbortSignal;
  /** What the user answers to the question that was asked last. */
  answer(): Promise<string>;
};

/** A run, step by step. It ends with `run.failed` if a step says so, and otherwise with `run.completed` and what was said as the answer. */
export type Script = (talk: Talk) => Iterable<ScriptStep> | AsyncIterable<ScriptStep>;

const delta = (content: string, channel?: 'thinking'): RunStep => ({
  type: 'message.delta',
  data: { content, content_delta: content, role: 'assistant', ...(channel && { channel }) },
});

/** Says a text word by word. */
export function* say(text: string): Generator<RunStep> {
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) yield delta(word);
}

/** Thinks a text word by word; it is no part of the answer. */
export function* think(text: string): Generator<RunStep> {
  yield {
    type: 'run.segment.start',
    data: { segment_id: 'thinking', kind: 'thinking', display: { mode: 'collapsed', label: 'Thinking' } },
  };
  for (const word of text.trimEnd().match(/\s*\S+|\s+$/g) ?? []) yield delta(word, 'thinking');
  yield { type: 'run.segment.end', data: { segment_id: 'thinking' } };
}

/** Calls a tool, which takes a moment. */
export function* callTool(
  talk: Talk,
  tool_name: string,
  args: Record<string, unknown>,
  result: Record<string, unknown>,
): Generator<ScriptStep> {
  const tool_call_id = talk.newId();
  yield { type: 'tool.call', data: { tool_call_id, tool_name, arguments: args } };
  yield { type: 'tool.result', data: { tool_call_id, tool_name, result, duration_ms: 12 } };
}

const patienceMs = 300_000;

/** Asks the user one thing and waits for the answer, which it returns. */
export async function* ask(talk: Talk, message: string): AsyncGenerator<ScriptStep, string, undefined> {
  const [tool_call_id, request_id] = [talk.newId(), talk.newId()];
  const tool_name = 'ask_user';
  const requestedSchema = { properties: { answer: { type: 'string' } }, required: ['answer'], _fieldOrder: ['answer'] };
  yield {
    type: 'tool.call',
    data: { tool_call_id, tool_name, arguments: { message, fields: [{ key: 'answer', type: 'string', required: true }] } },
  };
  yield { type: 'run.input_requested', data: { request_id, message, requestedSchema } };
  // The time is set when the event is written.
  const wait = { timeout_ms: patienceMs, expires_at: '' };
  yield { type: 'run.waiting_for_input', data: { request_id, reason: 'ask_user', message, requestedSchema, ...wait } };
  const answer = await talk.answer();
  yield { type: 'tool.result', data: { tool_call_id, tool_name, result: { user_response: answer }, duration_ms: 1 } };
  return answer;
}

/** Fails the run. */
export function* fail(error_class = 'provider.upstream_error', message = 'The model could not answer.'): Generator<RunStep> {
  yield { type: 'run.failed', data: { error_class, message, resumable: true } };
}

/** Goes on without a word until somebody cancels the run. */
export const untilCancelled = ({ signal }: Talk) =>
  new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/**
 * What a run does unless a script was given for it: it repeats the message. Messages that begin with `/think`, `/tool`, `/ask`, `/fail` or
 * `/wait` show what else a run can do; `/wait` goes on until it is cancelled.
 */
export async function* standardScript(talk: Talk): AsyncGenerator<ScriptStep> {
  const [, command, rest = ''] = /^\/(think|tool|ask|fail|wait)\b\s*(.*)$/s.exec(talk.message) ?? [];
  if (command === 'think') yield* think('Let me think about that for a moment.');
  if (command === 'tool')
    yield* callTool(talk, 'web_search', { query: rest }, { results: [{ title: 'A page', url: 'https://example.com' }] });
  if (command === 'fail') return yield* fail();
  if (command === 'wait') yield* say('I am working on it ');
  if (command === 'wait') await untilCancelled(talk);
  if (command === 'ask') return yield* say(`You said: ${yield* ask(talk, rest || 'Which colour?')}`);
  yield* say(command ? rest || 'Done.' : `You said: ${talk.message}`);
}
