import type { Usage } from '../model.ts';
import { type AnswerPart, type AnswerReader, cutParts } from '../wire/answer.ts';
import { asAmount, asCount, asObject, asObjects, asText, type Json, withoutUndefined } from '../wire/json.ts';
import { createLongText, type LongText } from '../wire/longText.ts';

function responsesUsage(value: unknown): AnswerPart[] {
  const raw = asObject(value);
  const usage: Usage = withoutUndefined({
    input_tokens: asCount(raw.input_tokens),
    output_tokens: asCount(raw.output_tokens),
    total_tokens: asCount(raw.total_tokens),
    cached_tokens: asCount(asObject(raw.input_tokens_details).cached_tokens),
  });
  const cost = asAmount(raw.cost);
  return [
    ...(Object.keys(usage).length > 0 ? [{ kind: 'usage' as const, usage }] : []),
    ...(cost === undefined ? [] : [{ kind: 'cost' as const, usd: cost }]),
  ];
}

const keyOf = (event: Json) => asCount(event.output_index) ?? (asText(event.item_id) || asText(asObject(event.item).id));

/** Reads the events of `POST /responses`. `imagePrice`: what an image costs apart from the usage. */
export function createResponsesReader(imagePrice: (item: Json) => number | undefined = () => undefined): AnswerReader {
  const written = new Map<string | number, LongText>();
  let spoke = false;
  let calls = 0;
  /** The items of images that were passed on. */
  const drawn = new Set<string | number>();

  function call(key: string | number, item: Json, pieceOf: (soFar: LongText) => string): AnswerPart[] {
    if (!written.has(key)) calls++;
    const soFar = written.get(key) ?? createLongText();
    const piece = pieceOf(soFar);
    soFar.add(piece);
    written.set(key, soFar);
    return [{ kind: 'tool', key, id: asText(item.call_id) || asText(item.id), name: asText(item.name), arguments: piece }];
  }

  /** The part of `whole` that was not streamed yet. */
  const restOf = (whole: string) => (soFar: LongText) => {
    const streamed = soFar.toString();
    return whole.startsWith(streamed) ? whole.slice(streamed.length) : '';
  };

  function say(kind: 'text' | 'thinking', said: string): AnswerPart[] {
    if (kind === 'text' && said) spoke = true;
    return said ? [{ kind, text: said }] : [];
  }

  /** The image of a tool of the vendor. Previews are separate events, and are ignored. */
  function draw(item: Json, key: string | number): AnswerPart[] {
    const data = asText(item.result);
    if (!data || drawn.has(key)) return [];
    drawn.add(key);
    return [{ kind: 'image', mime_type: `image/${asText(item.output_format) || 'png'}`, data, usd: imagePrice(item) }];
  }

  function done(item: Json, key: string | number): AnswerPart[] {
    if (item.type === 'function_call') return call(key, item, restOf(asText(item.arguments)));
    if (item.type === 'image_generation_call') return draw(item, key);
    if (item.type !== 'reasoning' || !asText(item.encrypted_content)) return [];
    const summary = asObjects(item.summary).map((part) => asText(part.text));
    const at = spoke || calls > 0 ? calls + 1 : 0;
    const part = { at, text: summary.join('\n\n'), id: asText(item.id), encrypted_content: asText(item.encrypted_content) };
    return [{ kind: 'reasoning', part }];
  }

  /** Some servers stream nothing and put the whole answer into the final event. */
  function end(response: Json): AnswerPart[] {
    const whole =
      spoke || calls > 0 || drawn.size > 0
        ? []
        : asObjects(response.output).flatMap((item, index) => [...wordsOf(item), ...done(item, index)]);
    const cut = cutParts(asText(asObject(response.incomplete_details).reason));
    return [...whole, ...responsesUsage(response.usage), ...cut, { kind: 'end', last: true }];
  }

  return (event) => {
    if (event === '[DONE]') return [];
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return say('text', asText(event.delta));
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return say('thinking', asText(event.delta));
      case 'response.reasoning_summary_part.added':
        return asCount(event.summary_index) ? say('thinking', '\n\n') : [];
      case 'response.output_item.added':
        return asObject(event.item).type === 'function_call' ? call(keyOf(event), asObject(event.item), () => '') : [];
      case 'response.function_call_arguments.delta':
        return call(keyOf(event), {}, () => asText(event.delta));
      case 'response.output_item.done':
        return done(asObject(event.item), keyOf(event));
      case 'response.completed':
      case 'response.incomplete':
        return end(asObject(event.response));
      case 'response.failed':
        return [...responsesUsage(asObject(event.response).usage), { kind: 'error', frame: event }];
      case 'error':
        return [{ kind: 'error', frame: event }];
      default:
        return event.error ? [{ kind: 'error', frame: event }] : [];
    }
  };
}

const wordsOf = (item: Json): AnswerPart[] =>
  item.type === 'message' ? asObjects(item.content).map((part) => ({ kind: 'text', text: asText(part.text) || asText(part.refusal) })) : [];
