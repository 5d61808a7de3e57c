import type { RunEventInput } from '../../../contract/events.ts';
import type { Message } from '../../../contract/messages.ts';
import type { MockUsage } from '../credits/ledger.ts';

/** An event, a pause in milliseconds, or what the run has consumed. */
export type ScriptStep = RunEventInput | { pause: number } | { usage: MockUsage };

/** The input of a script. */
export type Talk = {
  /** The newest message of the thread. */
  message: string;
  /** The messages of the thread including the newest one, oldest first. */
  transcript: readonly Message[];
  /** An id that is unique within the run. */
  newId(): string;
  /** Aborts when the run is cancelled. */
  signal: AbortSignal;
  /** Waits for the user's answer to the last question: the `content` of the input. */
  answer(): Promise<string>;
};

/** The steps of a run. Unless a step ends the run, it ends with `run.completed` and its text as the answer. */
export type Script = (talk: Talk) => Iterable<ScriptStep> | AsyncIterable<ScriptStep>;

const delta = (content: string, channel?: 'thinking'): RunEventInput => ({
  type: 'message.delta',
  data: { content, content_delta: content, role: 'assistant', ...(channel && { channel }) },
});

/** Streams text, one delta per word. */
export function* say(text: string): Generator<RunEventInput> {
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) yield delta(word);
}

/** Streams thinking, one delta per word. It is not part of the answer. */
export function* think(text: string): Generator<RunEventInput> {
  yield {
    type: 'run.segment.start',
    data: { segment_id: 'thinking', kind: 'thinking', display: { mode: 'collapsed', label: 'Thinking' } },
  };
  for (const word of text.trimEnd().match(/\s*\S+|\s+$/g) ?? []) yield delta(word, 'thinking');
  yield { type: 'run.segment.end', data: { segment_id: 'thinking' } };
}

/** Calls a tool that returns `result`. */
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

const inputTimeoutMs = 300_000;

/** Asks the user a question with one field, `answer`. Returns the `content` of the input: a text, or a form as JSON text. */
export async function* ask(talk: Talk, message: string): AsyncGenerator<ScriptStep, string, undefined> {
  const [tool_call_id, request_id] = [talk.newId(), talk.newId()];
  const tool_name = 'ask_user';
  const requestedSchema = { properties: { answer: { type: 'string' } }, required: ['answer'], _fieldOrder: ['answer'] };
  yield {
    type: 'tool.call',
    data: { tool_call_id, tool_name, arguments: { message, fields: [{ key: 'answer', type: 'string', required: true }] } },
  };
  yield { type: 'run.input_requested', data: { request_id, message, requestedSchema } };
  // `expires_at` is set when the event is written.
  const wait = { timeout_ms: inputTimeoutMs, expires_at: '' };
  yield { type: 'run.waiting_for_input', data: { request_id, reason: 'ask_user', message, requestedSchema, ...wait } };
  const answer = await talk.answer();
  yield { type: 'tool.result', data: { tool_call_id, tool_name, result: { user_response: readAnswer(answer) }, duration_ms: 1 } };
  return answer;
}

/** The values of a form, or the text. */
function readAnswer(content: string): unknown {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // A text.
  }
  return content;
}

/** Calls a tool of an MCP server, which reports progress, and asks the user before it answers. */
export async function* callServer(talk: Talk, message: string): AsyncGenerator<ScriptStep> {
  const [tool_call_id, request_id, serverId] = [talk.newId(), talk.newId(), talk.newId()];
  const named = { tool_call_id, tool_name: 'mcp__trains__book' };
  const mcp_server = { id: serverId, name: 'trains' };
  const seats = { type: 'integer', title: 'Seats', minimum: 1, maximum: 4 };
  const requestedSchema = { type: 'object', properties: { seats }, required: ['seats'], _fieldOrder: ['seats'] };
  yield { type: 'tool.call', data: { ...named, arguments: {} } };
  yield { type: 'tool.progress', data: { ...named, progress: 1, total: 2, message: 'Looking for seats' } };
  const asked = { request_id, message, requestedSchema, mcp_server, tool_call_id };
  yield { type: 'run.input_requested', data: asked };
  yield { type: 'run.waiting_for_input', data: { ...asked, reason: 'elicitation', timeout_ms: inputTimeoutMs, expires_at: '' } };
  const text = (await talk.answer()) || 'declined';
  yield { type: 'tool.result', data: { ...named, result: { content: [{ type: 'text', text }] }, duration_ms: 1 } };
}

export function* fail(error_class = 'provider.upstream_error', message = 'The model could not answer.'): Generator<RunEventInput> {
  yield { type: 'run.failed', data: { error_class, message, resumable: true } };
}

/** Consumes tokens, and credits for them. Without it, a run consumes 2,000 input tokens and an output token per word. */
export function* spend(usage: MockUsage): Generator<ScriptStep> {
  yield { usage };
}

/** Waits until the run is cancelled. */
export const untilCancelled = ({ signal }: Talk) =>
  new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/**
 * The default script: repeats the message. Messages that begin with `/think`, `/tool`, `/ask`, `/server`, `/spend`, `/fail` or `/wait` demonstrate the other
 * features; `/spend 50000` consumes that many tokens, and `/wait` runs until it is cancelled.
 */
export async function* standardScript(talk: Talk): AsyncGenerator<ScriptStep> {
  const [, command, rest = ''] = /^\/(think|tool|ask|server|spend|fail|wait)\b\s*(.*)$/s.exec(talk.message) ?? [];
  if (command === 'think') yield* think('Let me think about that for a moment.');
  if (command === 'tool')
    yield* callTool(talk, 'web_search', { query: rest }, { results: [{ title: 'A page', url: 'https://example.com' }] });
  if (command === 'spend') yield* spend({ input_tokens: Number(/^\d{1,12}/.exec(rest)?.[0] ?? 0), output_tokens: 0 });
  if (command === 'fail') return yield* fail();
  if (command === 'wait') yield* say('I am working on it ');
  if (command === 'wait') await untilCancelled(talk);
  if (command === 'server') yield* callServer(talk, rest || 'How many seats?');
  if (command === 'ask') return yield* say(`You said: ${yield* ask(talk, rest || 'Which colour?')}`);
  yield* say(command ? rest || 'Done.' : `You said: ${talk.message}`);
}
