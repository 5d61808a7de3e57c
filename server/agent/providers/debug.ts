import type { DebugEvent } from '../model.ts';
import type { HttpCall } from './exchange.ts';
import type { Redact } from './failures.ts';
import { defined, parseObject } from './json.ts';

const maxRawChars = 8_192;
const maxTextChars = 32_768;

/** Collects what goes over the line of one answer; a reader takes it out between its own events. */
export type Tap = { chunk(raw: string, statusCode?: number): void; take(): DebugEvent[] };

/** A tap that has seen the request already. Nothing it gives out holds what `redact` removes, nor the headers. */
export function openTap(call: HttpCall, facts: { provider_kind: string; api_mode: string }, redact: Redact): Tap {
  let seen: DebugEvent[] = [{ type: 'llm.request', ...facts, payload: payloadOf(call, redact) }];
  return {
    chunk(raw, statusCode) {
      const clean = redact(raw);
      const truncated = clean.length > maxRawChars;
      const json = truncated ? undefined : parseObject(clean);
      seen.push({ type: 'llm.response.chunk', raw: cut(clean, maxRawChars), ...defined({ json, status_code: statusCode }), truncated });
    },
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** The body as sent, but for secrets that somebody put into `advanced_json`, and the bytes of images. */
function payloadOf({ body }: HttpCall, redact: Redact): Record<string, unknown> {
  const shown = (key: string, value: unknown) => {
    if (typeof value !== 'string') return value;
    return secretName.test(key) ? '[redacted]' : shorten(redact(value), key === 'data' || value.startsWith('data:'));
  };
  return parseObject(JSON.stringify(parseObject(body), shown)) ?? {};
}

const secretName = /(^|[_-])(api[_-]?key|authorization|password|secret|token|credential)s?$/i;

const cut = (text: string, length: number) => text.slice(0, length).toWellFormed();

const shorten = (text: string, bytes: boolean) =>
  text.length > (bytes ? 256 : maxTextChars) ? `${cut(text, 64)}… [${text.length} characters]` : text;
