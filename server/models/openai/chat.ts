import type { Usage } from '../model.ts';
import { type AnswerPart, type AnswerReader, cutParts } from '../wire/answer.ts';
import { asAmount, asCount, asObject, asObjects, asText, type Json, parseObject, withoutUndefined } from '../wire/json.ts';
import { createLongText, type LongText } from '../wire/longText.ts';

/** In OpenAI's usage, `input_tokens` includes `cached_tokens`. */
function chatUsage(value: unknown): AnswerPart[] {
  const raw = asObject(value);
  const usage: Usage = withoutUndefined({
    input_tokens: asCount(raw.prompt_tokens),
    output_tokens: asCount(raw.completion_tokens),
    total_tokens: asCount(raw.total_tokens),
    cached_tokens: asCount(asObject(raw.prompt_tokens_details).cached_tokens),
  });
  const cost = asAmount(raw.cost);
  return [
    ...(Object.keys(usage).length > 0 ? [{ kind: 'usage' as const, usage }] : []),
    ...(cost === undefined ? [] : [{ kind: 'cost' as const, usd: cost }]),
  ];
}

/** Reads the chunks of `POST /chat/completions`, from OpenAI and compatible servers. */
export function createChatReader(): AnswerReader {
  const slots = createSlots();
  return (event) => {
    if (event === '[DONE]') return [{ kind: 'end', last: true }];
    if (event.error !== undefined && event.error !== null) return [{ kind: 'error', frame: event }];
    const choice = asObjects(event.choices)[0] ?? {};
    const delta = asObject(choice.delta);
    const pieces: AnswerPart[] = [
      { kind: 'thinking', text: asText(delta.reasoning_content) || asText(delta.reasoning) },
      { kind: 'text', text: asText(delta.content) },
      { kind: 'text', text: asText(delta.refusal) },
      ...asObjects(delta.tool_calls).map((call): AnswerPart => ({ kind: 'tool', ...slots(call) })),
      ...chatUsage(event.usage),
      ...cutParts(asText(choice.finish_reason)),
    ];
    // The answer is complete at the finish reason, but usage may follow.
    if (asText(choice.finish_reason)) pieces.push({ kind: 'end', last: false });
    return pieces.filter((piece) => !('text' in piece) || piece.text !== '');
  };
}

type Slot = { key: number; index: number | undefined; id: string; written: LongText; length: number };

/** Longer arguments are not read again with each delta. */
const maxReadChars = 16_384;
const isWhole = ({ written, length }: Slot) => length <= maxReadChars && parseObject(written.toString()) !== undefined;

/** Assigns deltas to parallel calls. Handles servers that repeat an index, omit it, or repeat the name in every delta. */
function createSlots() {
  const slots: Slot[] = [];

  function slotOf(index: number | undefined, id: string, name: string) {
    const slot =
      index === undefined && id
        ? slots.findLast((each) => each.id === id)
        : slots.findLast((each) => index === undefined || each.index === index);
    if (!slot || !name) return slot;
    const another = id ? slot.id !== '' && slot.id !== id : isWhole(slot);
    return another ? undefined : slot;
  }

  return (call: Json) => {
    const index = asCount(call.index);
    const id = asText(call.id);
    const { name, arguments: written } = asObject(call.function);
    const slot = slotOf(index, id, asText(name)) ?? { key: slots.length, index, id, written: createLongText(), length: 0 };
    if (slot.key === slots.length) slots.push(slot);
    const piece = typeof written === 'object' && written !== null ? JSON.stringify(written) : asText(written);
    slot.written.add(piece);
    slot.length += piece.length;
    return { key: slot.key, id: slot.id, name: asText(name), arguments: piece };
  };
}
