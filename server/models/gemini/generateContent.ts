import type { CutReason, Usage } from '../model.ts';
import type { AnswerPart, AnswerReader } from '../wire/answer.ts';
import { asCount, asObject, asObjects, asText, type Json, withoutUndefined } from '../wire/json.ts';

const sum = (...counts: (number | undefined)[]) =>
  counts.some((count) => count !== undefined) ? counts.reduce<number>((total, count) => total + (count ?? 0), 0) : undefined;

/** In Google's usage, the prompt includes cached tokens, as at OpenAI. Thinking is counted apart from the answer, and charged as output. */
function geminiUsage(value: unknown): AnswerPart[] {
  const raw = asObject(value);
  const usage: Usage = withoutUndefined({
    input_tokens: sum(asCount(raw.promptTokenCount), asCount(raw.toolUsePromptTokenCount)),
    output_tokens: sum(asCount(raw.candidatesTokenCount), asCount(raw.thoughtsTokenCount)),
    total_tokens: asCount(raw.totalTokenCount),
    cached_tokens: asCount(raw.cachedContentTokenCount),
  });
  return Object.keys(usage).length > 0 ? [{ kind: 'usage', usage }] : [];
}

/** `CONTINUATION`: the model has more to say than one request returns. */
const cuts: Readonly<Record<string, CutReason>> = {
  MAX_TOKENS: 'length',
  CONTINUATION: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
  IMAGE_PROHIBITED_CONTENT: 'content_filter',
  IMAGE_RECITATION: 'content_filter',
};

/** The model wrote something that the API cannot read, such as a call that is no JSON. Another attempt usually succeeds. */
const defects = new Set(['MALFORMED_FUNCTION_CALL', 'MALFORMED_RESPONSE', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS']);

function endOf(reason: string, message: string): AnswerPart[] {
  if (reason === '') return [];
  if (defects.has(reason)) {
    const said = message || `The model provider ended the answer: ${reason}.`;
    return [{ kind: 'error', frame: { error: { message: said, status: 'INTERNAL' } } }];
  }
  const cut = cuts[reason];
  // Usage may follow.
  return [...(cut ? [{ kind: 'cut' as const, reason: cut }] : []), { kind: 'end', last: false }];
}

/** Reads the events of `POST /models/{model}:streamGenerateContent`. */
export function createGeminiReader(): AnswerReader {
  let calls = 0;

  function partOf(part: Json): AnswerPart[] {
    const text = asText(part.text);
    const signature = asText(part.thoughtSignature);
    const signed = (at: number): AnswerPart[] =>
      signature ? [{ kind: 'reasoning', part: { at, text: '', thought_signature: signature } }] : [];
    if (typeof part.functionCall === 'object' && part.functionCall !== null) {
      const { id, name, args } = asObject(part.functionCall);
      calls++;
      const call = { key: calls, id: asText(id), name: asText(name), arguments: JSON.stringify(args ?? {}) };
      return [{ kind: 'tool', ...call }, ...signed(calls)];
    }
    if (part.thought === true) return text ? [{ kind: 'thinking', text }] : [];
    const { mimeType, data } = asObject(part.inlineData);
    if (asText(mimeType).startsWith('image/') && asText(data))
      return [{ kind: 'image', mime_type: asText(mimeType), data: asText(data) }, ...signed(0)];
    return [...(text ? [{ kind: 'text' as const, text }] : []), ...signed(0)];
  }

  return (event) => {
    if (event === '[DONE]') return [];
    if (event.error !== undefined && event.error !== null) return [{ kind: 'error', frame: event }];
    const candidate = asObjects(event.candidates)[0] ?? {};
    const blocked = asText(asObject(event.promptFeedback).blockReason);
    return [
      ...asObjects(asObject(candidate.content).parts).flatMap(partOf),
      ...geminiUsage(event.usageMetadata),
      ...endOf(asText(candidate.finishReason), asText(candidate.finishMessage)),
      // A rejected prompt has no answer.
      ...(blocked && blocked !== 'BLOCK_REASON_UNSPECIFIED'
        ? [
            { kind: 'cut' as const, reason: 'content_filter' as const },
            { kind: 'end' as const, last: false },
          ]
        : []),
    ];
  };
}
