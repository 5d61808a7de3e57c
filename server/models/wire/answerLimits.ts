import { ModelError } from '../model.ts';
import type { ProviderDeps } from '../route.ts';

/** The limits of answers that the settings set. */
export const answerLimitsOf = (settings: {
  'llm.max_response_bytes': number;
  'llm.max_answer_bytes': number;
  'limit.tool_calls_per_turn': number;
}): Pick<ProviderDeps, 'maxErrorBytes' | 'maxAnswerBytes' | 'maxToolCalls'> => ({
  maxErrorBytes: settings['llm.max_response_bytes'],
  maxAnswerBytes: settings['llm.max_answer_bytes'],
  maxToolCalls: settings['limit.tool_calls_per_turn'],
});

const mebibyte = 2 ** 20;
const defaults = { maxAnswerBytes: 4 * mebibyte, maxToolCalls: 128 };
/** Of one piece of an answer. Some servers send the whole answer as one piece. */
const maxDeltaBytes = 2 * mebibyte;
/** Of an event that can contain an image in base64, in characters. */
const maxImageEventChars = 16 * mebibyte;

/** What an answer keeps in memory for each call, thought and image, in addition to its text. */
export const overheadBytes = 256;

export type AnswerLimits = {
  /** Characters of a line, and of the data of an event. */
  maxEventChars: number;
  /** Counts what is kept of the answer: the whole of `piece`, and `overhead` bytes. */
  take(piece: string, overhead?: number): void;
  /** Counts a tool call. */
  takeCall(): void;
};

/** The reasons of a `ModelError` for an answer above a limit. */
export const answerTooLong = 'answer_too_long';
const tooManyToolCalls = 'too_many_tool_calls';
export const isAboveLimit = ({ reason }: Record<string, unknown>): boolean => reason === answerTooLong || reason === tooManyToolCalls;

const aboveLimit = (reason: string, message: string, facts: Record<string, unknown>) =>
  new ModelError('provider.non_retryable', message, { details: { reason, ...facts } });

/** Bounds what a provider can make this process keep for one answer, whatever it costs. All functions throw a `ModelError` above a limit. */
export function createAnswerLimits(
  { maxAnswerBytes = defaults.maxAnswerBytes, maxToolCalls = defaults.maxToolCalls }: ProviderDeps,
  hasImages: boolean | undefined,
): AnswerLimits {
  let left = maxAnswerBytes;
  let calls = 0;
  return {
    maxEventChars: hasImages ? Math.max(maxImageEventChars, maxAnswerBytes) : maxAnswerBytes,
    take(piece, overhead = 0) {
      const bytes = Buffer.byteLength(piece);
      if (bytes > maxDeltaBytes)
        throw aboveLimit(answerTooLong, `A piece of the answer has more than ${maxDeltaBytes} bytes.`, { max_delta_bytes: maxDeltaBytes });
      left -= bytes + overhead;
      if (left < 0)
        throw aboveLimit(answerTooLong, `The answer has more than ${maxAnswerBytes} bytes.`, { max_answer_bytes: maxAnswerBytes });
    },
    takeCall() {
      if (++calls > maxToolCalls)
        throw aboveLimit(tooManyToolCalls, `The answer has more than ${maxToolCalls} tool calls.`, { max_tool_calls: maxToolCalls });
    },
  };
}
