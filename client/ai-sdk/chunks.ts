import type { InferUIMessageChunk } from 'ai';
import type { AnswerImage, RunEvent, ToolResultEvent } from '../generated/types.ts';
import type { ArkloopMessage } from './messages.ts';

export type Chunk = InferUIMessageChunk<ArkloopMessage>;

/** The tool that asks a question. The question itself is shown instead of the call. */
const askUser = 'ask_user';

export type ChunkWriter = {
  /** The first chunks of a message. */
  start(): Chunk[];
  /** The chunks for one event. */
  write(event: RunEvent): Chunk[];
  /** The last chunks, if the run waits for the user. */
  pause(): Chunk[];
  /** Whether the run waits for the user after the last event. */
  readonly isWaiting: boolean;
};

type Options = {
  threadId: string;
  runId: string;
  /** The id of the message. */
  messageId: string;
  /** The user's answer that is already a message of the chat: its event is skipped. */
  answer?: string | undefined;
};

/** Translates the events of a run into the chunks of one assistant message. */
export function createChunkWriter({ threadId, runId, messageId, answer }: Options): ChunkWriter {
  let open: { type: 'text' | 'reasoning'; id: string } | undefined;
  let isWaiting = false;
  let skip = answer;
  /** Calls that the message contains: an output without a call is an error for the AI SDK. */
  const calls = new Set<string>();
  /** A step is one model turn with its calls. `firstDelta` is the `seq` of its first text. */
  const step = { isOver: false, firstDelta: undefined as number | undefined };
  /** By `seq`. They can be downloaded once the answer is stored, so they are shown at the end. */
  let images: { seq: number; attachment: AnswerImage }[] = [];

  const close = (): Chunk[] => {
    const closing: Chunk[] = open ? [{ type: `${open.type}-end`, id: open.id }] : [];
    open = undefined;
    return closing;
  };
  const beginStep = (): Chunk[] => {
    if (!step.isOver) return [];
    Object.assign(step, { isOver: false, firstDelta: undefined });
    return [...close(), { type: 'finish-step' }, { type: 'start-step' }];
  };
  const say = (seq: number, type: 'text' | 'reasoning', delta: string): Chunk[] => {
    const chunks = beginStep();
    step.firstDelta ??= seq;
    if (open?.type !== type) {
      chunks.push(...close());
      open = { type, id: String(seq) };
      chunks.push({ type: `${type}-start`, id: open.id });
    }
    return [...chunks, { type: `${type}-delta`, id: open.id, delta }];
  };
  const call = (toolCallId: string, toolName: string, input: unknown): Chunk[] => {
    step.isOver = true;
    if (calls.has(toolCallId)) return [];
    calls.add(toolCallId);
    return [...close(), { type: 'tool-input-available', toolCallId, toolName, input, dynamic: true, providerExecuted: true }];
  };
  const settle = ({ tool_call_id: toolCallId, tool_name, result, error }: ToolResultEvent['data']): Chunk[] => {
    const of = { toolCallId, dynamic: true, providerExecuted: true } as const;
    const output: Chunk = error
      ? { type: 'tool-output-error', errorText: error.message, ...of }
      : { type: 'tool-output-available', output: result ?? {}, ...of };
    return [...call(toolCallId, tool_name, {}), output];
  };
  const discard = (from: number | undefined): Chunk[] => {
    if (from !== undefined) images = images.filter(({ seq }) => seq < from);
    if (from === undefined || step.firstDelta === undefined || step.firstDelta < from) return [];
    open = undefined;
    step.firstDelta = undefined;
    return [{ type: 'reset-step' }];
  };
  const input = (content: string): Chunk[] => {
    // The question of an MCP server can be declined without a word.
    if (content === '') return [];
    if (content !== skip) return [...close(), { type: 'data-input', data: { content } }];
    skip = undefined;
    return [];
  };

  const translate = (event: RunEvent): Chunk[] => {
    switch (event.type) {
      case 'message.delta':
        return say(event.seq, event.data.channel ? 'reasoning' : 'text', event.data.content);
      case 'message.image':
        if (event.data.attachment) images.push({ seq: event.seq, attachment: event.data.attachment });
        return [];
      case 'llm.turn.completed':
        step.isOver = true;
        return close();
      case 'tool.call':
        return event.data.tool_name === askUser ? [] : call(event.data.tool_call_id, event.data.tool_name, event.data.arguments);
      case 'tool.result':
        return event.data.tool_name === askUser ? [] : settle(event.data);
      case 'run.llm.retry':
      case 'run.recovered':
        return discard(event.data.discard_from_seq);
      case 'run.input_provided':
      case 'run.steering_injected':
        isWaiting = false;
        return input(event.data.content);
      case 'run.waiting_for_input': {
        isWaiting = true;
        const { trace_id: _, ...data } = event.data;
        const chunks = close();
        if (data.message) chunks.push(...say(event.seq, 'text', data.message));
        step.isOver = true;
        return [...chunks, ...close(), { type: 'data-question', id: data.request_id, data }];
      }
      case 'run.resumed':
      case 'run.cancel_requested':
        isWaiting = false;
        return [];
      case 'todo.updated':
        return [{ type: 'data-todos', id: 'todos', data: event.data.todos }];
      case 'thread.title.updated':
        return [{ type: 'data-title', data: { threadId: event.data.thread_id, title: event.data.title }, transient: true }];
      case 'run.failed':
        return [...endOf(event.data, 'failed'), { type: 'error', errorText: event.data.message }];
      case 'run.cancelled':
        return [...endOf(event.data, 'stopped'), { type: 'abort', reason: event.data.reason }];
      case 'run.completed':
        return [...endOf(event.data, 'complete'), { type: 'finish-step' }, { type: 'finish', finishReason: 'stop' }];
      default:
        return [];
    }
  };

  type Ended = Extract<RunEvent, { type: 'run.completed' | 'run.failed' | 'run.cancelled' }>['data'];
  const endOf = (
    { message_id, usage, cost }: Pick<Ended, 'message_id' | 'usage' | 'cost'>,
    completion: 'complete' | 'stopped' | 'failed',
  ): Chunk[] => [
    ...close(),
    ...(message_id === undefined ? [] : images.map(({ attachment: data }): Chunk => ({ type: 'data-attachment', data }))),
    { type: 'message-metadata', messageMetadata: { threadId, runId, messageId: message_id, completion, usage, cost } },
  ];

  return {
    start: () => [{ type: 'start', messageId, messageMetadata: { threadId, runId } }, { type: 'start-step' }],
    write: translate,
    pause: () => [...close(), { type: 'finish-step' }, { type: 'finish', finishReason: 'stop' }],
    get isWaiting() {
      return isWaiting;
    },
  };
}
