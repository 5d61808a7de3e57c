import type { Usage } from '../model.ts';
import type { Piece, Reader } from './answer.ts';
import { count, defined, type Json, object, text } from './json.ts';

/** Usage as Anthropic counts it: `input_tokens` excludes what was written to or read from the cache. */
function messagesUsage(value: unknown): Piece[] {
  const raw = object(value);
  const usage: Usage = defined({
    input_tokens: count(raw.input_tokens),
    output_tokens: count(raw.output_tokens),
    cache_creation_input_tokens: count(raw.cache_creation_input_tokens),
    cache_read_input_tokens: count(raw.cache_read_input_tokens),
  });
  return Object.keys(usage).length > 0 ? [{ kind: 'usage', usage }] : [];
}

type Thinking = { at: number; text: string; signature: string };

/** Reads the events of `POST /v1/messages`. */
export function createMessagesReader(): Reader {
  const thinking = new Map<number, Thinking>();
  let spoke = false;
  let calls = 0;
  const here = () => (spoke || calls > 0 ? calls + 1 : 0);

  function start(index: number, block: Json): Piece[] {
    if (block.type === 'thinking') {
      thinking.set(index, { at: here(), text: text(block.thinking), signature: text(block.signature) });
      return [{ kind: 'thinking', text: text(block.thinking) }];
    }
    if (block.type === 'redacted_thinking') return [{ kind: 'reasoning', part: { at: here(), text: '', redacted: text(block.data) } }];
    if (block.type === 'text') return say(text(block.text));
    if (block.type !== 'tool_use') return [];
    calls++;
    const given = object(block.input);
    const written = Object.keys(given).length > 0 ? JSON.stringify(given) : '';
    return [{ kind: 'tool', key: index, id: text(block.id), name: text(block.name), arguments: written }];
  }

  function say(said: string): Piece[] {
    if (said) spoke = true;
    return said ? [{ kind: 'text', text: said }] : [];
  }

  function change(index: number, delta: Json): Piece[] {
    const block = thinking.get(index);
    if (delta.type === 'text_delta') return say(text(delta.text));
    if (delta.type === 'input_json_delta') return [{ kind: 'tool', key: index, arguments: text(delta.partial_json) }];
    if (!block) return [];
    if (delta.type === 'signature_delta') block.signature += text(delta.signature);
    if (delta.type !== 'thinking_delta') return [];
    block.text += text(delta.thinking);
    return [{ kind: 'thinking', text: text(delta.thinking) }];
  }

  function stop(index: number): Piece[] {
    const block = thinking.get(index);
    if (!block?.signature) return [];
    return [{ kind: 'reasoning', part: block }];
  }

  return (event) => {
    if (event === '[DONE]') return [];
    const index = count(event.index) ?? 0;
    switch (event.type) {
      case 'message_start':
        return messagesUsage(object(event.message).usage);
      case 'content_block_start':
        return start(index, object(event.content_block));
      case 'content_block_delta':
        return change(index, object(event.delta));
      case 'content_block_stop':
        return stop(index);
      case 'message_delta':
        return messagesUsage(event.usage);
      case 'message_stop':
        return [{ kind: 'end', last: true }];
      default:
        return event.type === 'error' || event.error ? [{ kind: 'error', frame: event }] : [];
    }
  };
}
