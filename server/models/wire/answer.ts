import Big from 'big.js';
import { type CutReason, ModelError, type ModelEvent, type ModelRequest, type Usage } from '../model.ts';
import { overheadBytes } from './answerLimits.ts';
import { streamFailure } from './failures.ts';
import { type Json, parseObject, withoutUndefined } from './json.ts';
import { createLongText } from './longText.ts';
import type { Dialect, ReasoningPart } from './prompt.ts';
import type { SendOptions } from './sendRequest.ts';
import { createTextFilter, type Span } from './textFilter.ts';
import { createToolCalls, type ToolPiece } from './toolCalls.ts';
import type { ToolNames } from './toolNames.ts';

/**
 * The vendor-independent content of a stream event. `end` is the vendor's end mark; `last` means that nothing relevant follows. `cut`: the
 * answer is incomplete. `kept`: what the reader keeps for a later part.
 */
export type AnswerPart =
  | { kind: 'text' | 'thinking'; text: string }
  | { kind: 'image'; mime_type: string; data: string; usd?: number | undefined }
  | ({ kind: 'tool' } & ToolPiece)
  | { kind: 'usage'; usage: Usage }
  | { kind: 'cost'; usd: number }
  | { kind: 'reasoning'; part: ReasoningPart }
  | { kind: 'kept'; text: string }
  | { kind: 'end'; last: boolean }
  | { kind: 'cut'; reason: CutReason }
  | { kind: 'error'; frame: Json };

/** Reads the events of one answer, given as JSON objects or the string `[DONE]`. */
export type AnswerReader = (event: Json | '[DONE]') => AnswerPart[];

export type ReadAnswerOptions = { dialect: Dialect; reader: AnswerReader; names: ToolNames; request: ModelRequest; line: SendOptions };

/** Converts a vendor's events to model events: deltas as they arrive, then one `finish`. */
export async function* readAnswer(data: AsyncIterable<string>, reading: ReadAnswerOptions): AsyncGenerator<ModelEvent> {
  const answer = createAnswer(reading);
  const heard = () => reading.line.tap?.drain() ?? [];
  try {
    yield* heard();
    for await (const event of data) {
      yield* heard();
      const pieces = reading.reader(parseEvent(event));
      for (const piece of pieces) yield* answer.take(piece);
      if (pieces.some((piece) => piece.kind === 'end' && piece.last)) break;
    }
    yield* answer.finish();
  } catch (error) {
    yield* heard();
    if (error instanceof ModelError) error.usage ??= answer.usage();
    throw error;
  }
}

function parseEvent(event: string): Json | '[DONE]' {
  const value = event.trim() === '[DONE]' ? '[DONE]' : parseObject(event);
  if (value) return value;
  throw new ModelError('provider.retryable', 'The answer of the model provider could not be read.', {
    details: { reason: 'malformed_event' },
  });
}

function createAnswer({ dialect, names, request, line }: ReadAnswerOptions) {
  const filter = createTextFilter({ thinkTags: dialect === 'openai_chat' });
  const { limits } = line;
  const calls = createToolCalls(names, callIdsIn(request), limits);
  const parts: ReasoningPart[] = [];
  const text = createLongText();
  let usage: Usage | undefined;
  let cost: string | undefined;
  let cut: CutReason | undefined;
  let ended = false;

  const say = (spans: Span[]): ModelEvent[] =>
    spans.map((span) => {
      if (!span.channel) text.add(span.text);
      return { type: 'text', ...span };
    });

  return {
    usage: () => usage,
    take(piece: AnswerPart): ModelEvent[] {
      if ('text' in piece) limits.take(piece.text);
      if (piece.kind === 'text') return say(filter.push(storable(piece.text)));
      if (piece.kind === 'thinking') return say(piece.text === '' ? [] : [{ text: piece.text, channel: 'thinking' }]);
      if (piece.kind === 'image') {
        limits.take('', overheadBytes);
        return [{ type: 'image', mime_type: piece.mime_type, data: piece.data, ...(piece.usd !== undefined && { usd: piece.usd }) }];
      }
      if (piece.kind === 'tool') return calls.take(piece);
      if (piece.kind === 'usage') {
        usage = { ...usage, ...piece.usage };
        line.observer?.onUsage(piece.usage);
      } else if (piece.kind === 'cost') cost = new Big(piece.usd).toFixed();
      else if (piece.kind === 'reasoning') {
        limits.take(sealedPartOf(piece.part), overheadBytes);
        parts.push(piece.part);
      } else if (piece.kind === 'cut') cut = piece.reason;
      else if (piece.kind === 'end') ended = true;
      else if (piece.kind === 'error') throw streamFailure(line.vendor, piece.frame, line.redact);
      return [];
    },
    finish(): ModelEvent[] {
      if (!ended)
        throw new ModelError('provider.retryable', 'The answer of the model provider ended early.', {
          details: { reason: 'incomplete_stream' },
        });
      const rest = say(filter.flush());
      const opaque = parts.length > 0 ? { dialect, parts } : undefined;
      return [
        ...rest,
        { type: 'finish', text: text.toString(), tool_calls: calls.all(), ...withoutUndefined({ usage, cost_usd: cost, opaque, cut }) },
      ];
    },
  };
}

/** What only the provider can read. Its text, or its signature, has arrived before. */
function sealedPartOf(part: ReasoningPart): string {
  if ('redacted' in part) return part.redacted;
  if ('encrypted_content' in part) return part.encrypted_content;
  return 'thought_signature' in part ? part.thought_signature : '';
}

/** PostgreSQL does not store U+0000. Remove it here, so that streamed and stored text are equal. */
const storable = (text: string) => text.replaceAll('\0', '');

/** The words of vendors for an incomplete answer. */
const cutReasons: Readonly<Record<string, CutReason>> = {
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  model_context_window_exceeded: 'length',
  content_filter: 'content_filter',
  refusal: 'content_filter',
};

/** A part for the reason why a vendor ended an answer, if that means that it is incomplete. */
export const cutParts = (why: string): AnswerPart[] => (Object.hasOwn(cutReasons, why) ? [{ kind: 'cut', reason: cutReasons[why]! }] : []);

function* callIdsIn({ messages }: ModelRequest) {
  for (const message of messages) if (message.role === 'assistant') for (const { id } of message.tool_calls ?? []) yield id;
}
