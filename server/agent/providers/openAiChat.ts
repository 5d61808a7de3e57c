import type { Usage } from '../model.ts';
import type { Piece, Reader } from './answer.ts';
import { count, defined, type Json, object, objects, parseObject, text } from './json.ts';

/** Usage as OpenAI counts it: `cached_tokens` are part of `input_tokens`. */
export function chatUsage(value: unknown): Piece[] {
  const raw = object(value);
  const usage: Usage = defined({
    input_tokens: count(raw.prompt_tokens),
    output_tokens: count(raw.completion_tokens),
    total_tokens: count(raw.total_tokens),
    cached_tokens: count(object(raw.prompt_tokens_details).cached_tokens),
  });
  const cost = count(raw.cost);
  return [
    ...(Object.keys(usage).length > 0 ? [{ kind: 'usage' as const, usage }] : []),
    ...(cost === undefined ? [] : [{ kind: 'cost' as const, usd: cost }]),
  ];
}

/** Reads the chunks of `POST /chat/completions`, from OpenAI and from servers that resemble it. */
export function createChatReader(): Reader {
  const slots = createSlots();
  return (event) => {
    if (event === '[DONE]') return [{ kind: 'end', last: true }];
    if (event.error !== undefined && event.error !== null) return [{ kind: 'error', frame: event }];
    const choice = objects(event.choices)[0] ?? {};
    const delta = object(choice.delta);
    const pieces: Piece[] = [
      { kind: 'thinking', text: text(delta.reasoning_content) || text(delta.reasoning) },
      { kind: 'text', text: text(delta.content) },
      { kind: 'text', text: text(delta.refusal) },
      ...objects(delta.tool_calls).map((call): Piece => ({ kind: 'tool', ...slots(call) })),
      ...chatUsage(event.usage),
    ];
    // Usage follows the reason: the answer is whole from here on, but not yet over.
    if (text(choice.finish_reason)) pieces.push({ kind: 'end', last: false });
    return pieces.filter((piece) => !('text' in piece) || piece.text !== '');
  };
}

type Slot = { key: number; index: number | undefined; id: string; written: string };

/** Tell parallel calls apart, also where a server repeats an index, leaves it out, or names a call in every piece. */
function createSlots() {
  const slots: Slot[] = [];

  function slotOf(index: number | undefined, id: string, name: string) {
    const slot =
      index === undefined && id
        ? slots.findLast((each) => each.id === id)
        : slots.findLast((each) => index === undefined || each.index === index);
    if (!slot || !name) return slot;
    const another = id ? slot.id !== '' && slot.id !== id : parseObject(slot.written) !== undefined;
    return another ? undefined : slot;
  }

  return (call: Json) => {
    const index = count(call.index);
    const id = text(call.id);
    const { name, arguments: written } = object(call.function);
    const slot = slotOf(index, id, text(name)) ?? { key: slots.length, index, id, written: '' };
    if (slot.key === slots.length) slots.push(slot);
    const piece = typeof written === 'object' && written !== null ? JSON.stringify(written) : text(written);
    slot.written += piece;
    return { key: slot.key, id: slot.id, name: text(name), arguments: piece };
  };
}
