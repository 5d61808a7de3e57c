import type { DebugEvent } from '../model.ts';
import type { Redact } from './failures.ts';
import { parseObject, withoutUndefined } from './json.ts';

const maxRawChars = 8_192;
const maxTextChars = 32_768;

export type HttpCall = { url: string; headers: Record<string, string>; body: string };

/** Records the HTTP traffic of one answer. `drain` returns and clears the recorded events. */
export type DebugRecorder = { chunk(raw: string, statusCode?: number): void; drain(): DebugEvent[] };

/** Creates a tap that has recorded the request. Its events contain no headers, and nothing that `redact` removes. */
export function createDebugRecorder(call: HttpCall, facts: { provider_kind: string; api_mode: string }, redact: Redact): DebugRecorder {
  let seen: DebugEvent[] = [{ type: 'llm.request', ...facts, payload: payloadOf(call, redact) }];
  return {
    chunk(raw, statusCode) {
      const clean = redact(raw);
      const truncated = clean.length > maxRawChars;
      const json = truncated ? undefined : parseObject(clean);
      seen.push({
        type: 'llm.response.chunk',
        raw: cut(clean, maxRawChars),
        ...withoutUndefined({ json, status_code: statusCode }),
        truncated,
      });
    },
    drain() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** The request body without secrets from `advanced_json` and without image data. */
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
