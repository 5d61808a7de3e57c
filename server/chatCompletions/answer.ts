import type { ChatCompletion, ChatCompletionChunk, ChatUsage, FinishReason } from '../../contract/chatCompletions.ts';
import { openAiProblem, type Problem } from '../../contract/shared/errors.ts';
import { jsonLine } from '../../contract/shared/text.ts';
import { failureOf } from '../http/errors.ts';
import type { ModelEvent, Usage } from '../models/model.ts';
import { toFailure } from './failures.ts';

type Finish = Extract<ModelEvent, { type: 'finish' }>;
/** What all objects of an answer have in common. */
export type AnswerHead = { id: string; created: number; model: string };

/** Counts tokens in the style of OpenAI, whose prompt tokens include those of caches. */
function viewUsage(usage: Usage = {}): ChatUsage {
  const { cache_creation_input_tokens: written = 0, cache_read_input_tokens: read = 0, cached_tokens: cached = 0 } = usage;
  const prompt_tokens = (usage.input_tokens ?? 0) + written + read;
  const completion_tokens = usage.output_tokens ?? 0;
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: cached + read },
  };
}

const finishReasonOf = ({ cut, tool_calls: calls }: Finish): FinishReason => cut ?? (calls.length > 0 ? 'tool_calls' : 'stop');

export function viewAnswer(head: AnswerHead, finish: Finish): ChatCompletion {
  const { text, tool_calls: calls } = finish;
  const tool_calls = calls.map(({ id, name, arguments: written }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: written },
  }));
  const content = text === '' && calls.length > 0 ? null : text;
  return {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, ...(tool_calls.length > 0 && { tool_calls }) },
        finish_reason: finishReasonOf(finish),
        logprobs: null,
      },
    ],
    usage: viewUsage(finish.usage),
  };
}

type Delta = ChatCompletionChunk['choices'][number]['delta'];

/** The chunks of an answer: the role first, then its pieces, at the end the reason and, if requested, the usage. Reasoning is left out. */
export async function* viewChunks(
  head: AnswerHead,
  events: AsyncIterable<ModelEvent>,
  withUsage: boolean,
): AsyncGenerator<ChatCompletionChunk> {
  const chunk = (choices: ChatCompletionChunk['choices'], usage: ChatUsage | null = null): ChatCompletionChunk => ({
    ...head,
    object: 'chat.completion.chunk',
    choices,
    ...(withUsage && { usage }),
  });
  const piece = (delta: Delta, reason: FinishReason | null = null) => chunk([{ index: 0, delta, finish_reason: reason, logprobs: null }]);
  /** Lengths of the streamed arguments by call. */
  const lengths = new Map<number, number>();
  yield piece({ role: 'assistant', content: '' });
  for await (const event of events) {
    if (event.type === 'text' && !event.channel) yield piece({ content: event.text });
    else if (event.type === 'tool_delta') {
      const { index, tool_call_id: id, tool_name: name, arguments_delta: written } = event;
      const isFirst = !lengths.has(index);
      lengths.set(index, (lengths.get(index) ?? 0) + written.trim().length);
      const called = { ...(name !== undefined && { name }), arguments: written };
      yield piece({ tool_calls: [{ index, ...(isFirst && { id, type: 'function' as const }), function: called }] });
    } else if (event.type === 'finish') {
      // A call without arguments has the text `{}`, which clients parse.
      const bare = event.tool_calls.map((call, index) => ({ call, index })).filter(({ index }) => lengths.get(index) === 0);
      for (const { call, index } of bare) yield piece({ tool_calls: [{ index, function: { arguments: call.arguments } }] });
      yield piece({}, finishReasonOf(event));
      if (withUsage) yield chunk([], viewUsage(event.usage));
    }
  }
}

const encode = (value: object): Buffer => Buffer.from(`data: ${jsonLine(value)}\n\n`);
const done = Buffer.from('data: [DONE]\n\n');

/** Encodes chunks. A failure is the last event, in place of `[DONE]`, in the form that the clients of OpenAI throw as an error. */
export async function* encodeChunks(
  chunks: AsyncIterable<ChatCompletionChunk>,
  { traceId, onDefect }: { traceId: string; onDefect(error: unknown): void },
): AsyncGenerator<Buffer> {
  try {
    for await (const each of chunks) yield encode(each);
  } catch (error) {
    const { status, code, message, details } = failureOf(toFailure(error));
    if (status === 500) onDefect(error);
    const problem = { error: code, message, trace_id: traceId, details } as Problem;
    return yield encode({ error: openAiProblem(status, problem).error });
  }
  yield done;
}
