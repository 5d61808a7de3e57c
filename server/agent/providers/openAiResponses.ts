import type { Usage } from '../model.ts';
import type { Piece, Reader } from './answer.ts';
import { count, defined, type Json, object, objects, text } from './json.ts';

function responsesUsage(value: unknown): Piece[] {
  const raw = object(value);
  const usage: Usage = defined({
    input_tokens: count(raw.input_tokens),
    output_tokens: count(raw.output_tokens),
    total_tokens: count(raw.total_tokens),
    cached_tokens: count(object(raw.input_tokens_details).cached_tokens),
  });
  const cost = count(raw.cost);
  return [
    ...(Object.keys(usage).length > 0 ? [{ kind: 'usage' as const, usage }] : []),
    ...(cost === undefined ? [] : [{ kind: 'cost' as const, usd: cost }]),
  ];
}

const keyOf = (event: Json) => count(event.output_index) ?? (text(event.item_id) || text(object(event.item).id));

/** Reads the events of `POST /responses`. */
export function createResponsesReader(): Reader {
  const written = new Map<string | number, string>();
  let spoke = false;
  let calls = 0;

  function call(key: string | number, item: Json, pieceOf: (soFar: string) => string): Piece[] {
    if (!written.has(key)) calls++;
    const soFar = written.get(key) ?? '';
    const piece = pieceOf(soFar);
    written.set(key, soFar + piece);
    return [{ kind: 'tool', key, id: text(item.call_id) || text(item.id), name: text(item.name), arguments: piece }];
  }

  /** The whole of something of which parts may have come: what is missing. */
  const restOf = (whole: string) => (soFar: string) => (whole.startsWith(soFar) ? whole.slice(soFar.length) : '');

  function say(kind: 'text' | 'thinking', said: string): Piece[] {
    if (kind === 'text' && said) spoke = true;
    return said ? [{ kind, text: said }] : [];
  }

  function done(item: Json, key: string | number): Piece[] {
    if (item.type === 'function_call') return call(key, item, restOf(text(item.arguments)));
    if (item.type !== 'reasoning' || !text(item.encrypted_content)) return [];
    const summary = objects(item.summary).map((part) => text(part.text));
    const at = spoke || calls > 0 ? calls + 1 : 0;
    const part = { at, text: summary.join('\n\n'), id: text(item.id), encrypted_content: text(item.encrypted_content) };
    return [{ kind: 'reasoning', part }];
  }

  /** The end, and what a server that streams nothing else says only here. */
  function end(response: Json): Piece[] {
    const whole = spoke || calls > 0 ? [] : objects(response.output).flatMap((item, index) => [...wordsOf(item), ...done(item, index)]);
    return [...whole, ...responsesUsage(response.usage), { kind: 'end', last: true }];
  }

  return (event) => {
    if (event === '[DONE]') return [];
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return say('text', text(event.delta));
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return say('thinking', text(event.delta));
      case 'response.reasoning_summary_part.added':
        return count(event.summary_index) ? say('thinking', '\n\n') : [];
      case 'response.output_item.added':
        return object(event.item).type === 'function_call' ? call(keyOf(event), object(event.item), () => '') : [];
      case 'response.function_call_arguments.delta':
        return call(keyOf(event), {}, () => text(event.delta));
      case 'response.output_item.done':
        return done(object(event.item), keyOf(event));
      case 'response.completed':
      case 'response.incomplete':
        return end(object(event.response));
      case 'response.failed':
        return [...responsesUsage(object(event.response).usage), { kind: 'error', frame: event }];
      case 'error':
        return [{ kind: 'error', frame: event }];
      default:
        return event.error ? [{ kind: 'error', frame: event }] : [];
    }
  };
}

const wordsOf = (item: Json): Piece[] =>
  item.type === 'message' ? objects(item.content).map((part) => ({ kind: 'text', text: text(part.text) || text(part.refusal) })) : [];
