import type { Usage } from '../model.ts';
import { type AnswerPart, type AnswerReader, cutParts } from '../wire/answer.ts';
import { asCount, asObject, asText, type Json, withoutUndefined } from '../wire/json.ts';
import { createLongText, type LongText } from '../wire/longText.ts';

/** In Anthropic's usage, `input_tokens` excludes tokens written to or read from the cache. */
function messagesUsage(value: unknown): AnswerPart[] {
  const raw = asObject(value);
  const usage: Usage = withoutUndefined({
    input_tokens: asCount(raw.input_tokens),
    output_tokens: asCount(raw.output_tokens),
    cache_creation_input_tokens: asCount(raw.cache_creation_input_tokens),
    cache_read_input_tokens: asCount(raw.cache_read_input_tokens),
  });
  return Object.keys(usage).length > 0 ? [{ kind: 'usage', usage }] : [];
}

type Thinking = { at: number; text: LongText; signature: LongText };

/** Reads the events of `POST /v1/messages`. */
export function createMessagesReader(): AnswerReader {
  const thinking = new Map<number, Thinking>();
  let spoke = false;
  let calls = 0;
  const here = () => (spoke || calls > 0 ? calls + 1 : 0);

  function start(index: number, block: Json): AnswerPart[] {
    if (block.type === 'thinking') {
      const begun = { at: here(), text: createLongText(), signature: createLongText() };
      thinking.set(index, begun);
      return [{ kind: 'kept', text: '' }, ...think(begun, asText(block.thinking)), ...sign(begun, asText(block.signature))];
    }
    if (block.type === 'redacted_thinking') return [{ kind: 'reasoning', part: { at: here(), text: '', redacted: asText(block.data) } }];
    if (block.type === 'text') return say(asText(block.text));
    if (block.type !== 'tool_use') return [];
    calls++;
    const given = asObject(block.input);
    const written = Object.keys(given).length > 0 ? JSON.stringify(given) : '';
    return [{ kind: 'tool', key: index, id: asText(block.id), name: asText(block.name), arguments: written }];
  }

  function think(block: Thinking, text: string): AnswerPart[] {
    block.text.add(text);
    return [{ kind: 'thinking', text }];
  }

  function sign(block: Thinking, text: string): AnswerPart[] {
    block.signature.add(text);
    return [{ kind: 'kept', text }];
  }

  function say(said: string): AnswerPart[] {
    if (said) spoke = true;
    return said ? [{ kind: 'text', text: said }] : [];
  }

  function change(index: number, delta: Json): AnswerPart[] {
    const block = thinking.get(index);
    if (delta.type === 'text_delta') return say(asText(delta.text));
    if (delta.type === 'input_json_delta') return [{ kind: 'tool', key: index, arguments: asText(delta.partial_json) }];
    if (!block) return [];
    if (delta.type === 'signature_delta') return sign(block, asText(delta.signature));
    return delta.type === 'thinking_delta' ? think(block, asText(delta.thinking)) : [];
  }

  function stop(index: number): AnswerPart[] {
    const block = thinking.get(index);
    const signature = block?.signature.toString();
    return block && signature ? [{ kind: 'reasoning', part: { at: block.at, text: block.text.toString(), signature } }] : [];
  }

  return (event) => {
    if (event === '[DONE]') return [];
    const index = asCount(event.index) ?? 0;
    switch (event.type) {
      case 'message_start':
        return messagesUsage(asObject(event.message).usage);
      case 'content_block_start':
        return start(index, asObject(event.content_block));
      case 'content_block_delta':
        return change(index, asObject(event.delta));
      case 'content_block_stop':
        return stop(index);
      case 'message_delta':
        return [...messagesUsage(event.usage), ...cutParts(asText(asObject(event.delta).stop_reason))];
      case 'message_stop':
        return [{ kind: 'end', last: true }];
      default:
        return event.type === 'error' || event.error ? [{ kind: 'error', frame: event }] : [];
    }
  };
}
