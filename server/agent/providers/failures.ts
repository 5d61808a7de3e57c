import { OutboundDenied } from '../../kernel/outbound.ts';
import { ModelError } from '../model.ts';
import { type Json, object, parseObject, text } from './json.ts';

/** Whose words an error is written in. */
export type Vendor = 'openai' | 'anthropic';

/** Removes what must not be repeated, the API key before all. */
export type Redact = (text: string) => string;

/** Blank out every occurrence of the key, also one that the end of a cut text has shortened. */
export function redactKey(key: string): Redact {
  if (!key) return (source) => source;
  return (source) => {
    const blanked = source.replaceAll(key, '[redacted]');
    for (let length = key.length - 1; length >= 4; length--)
      if (blanked.endsWith(key.slice(0, length))) return `${blanked.slice(0, -length)}[redacted]`;
    return blanked;
  };
}

const retryableStatus = (status: number) => [408, 425, 429].includes(status) || (status >= 500 && status < 600);
const retryableAnthropic = /^(overloaded|rate_limit|timeout|api)_error$/;
const retryableInStream = /rate_limit|overloaded|timeout|server_error|internal|unavailable/i;

/** The error inside an answer: `{error: {…}}`, `{error: "…"}`, `{response: {error: {…}}}`, or the fields themselves. */
function errorIn(frame: Json) {
  if (typeof frame.error === 'string') return { message: frame.error, type: '', code: '' };
  const nested = [frame.error, object(frame.response).error].map(object).find((error) => Object.keys(error).length > 0);
  const error = nested ?? frame;
  const code = typeof error.code === 'number' ? String(error.code) : text(error.code);
  return { message: text(error.message), type: !nested && error.type === 'error' ? '' : text(error.type), code };
}

const shown = (message: string, redact: Redact) => redact(message).replace(/\s+/g, ' ').trim().slice(0, 500);

/** What a vendor says in the error object of its answer, in one line of at most 500 characters; empty when it says nothing. */
export const vendorMessage = (body: string, redact: Redact): string => shown(errorIn(parseObject(body) ?? {}).message, redact);

function vendorDetails(vendor: Vendor, { type, code }: { type: string; code: string }, redact: Redact): Record<string, unknown> {
  if (vendor === 'anthropic') return type ? { anthropic_error_type: redact(type).slice(0, 100) } : {};
  return {
    ...(code && { openai_error_code: redact(code).slice(0, 100) }),
    ...(type && { openai_error_type: redact(type).slice(0, 100) }),
  };
}

/** Gateways to models answer a streaming call with an event also when they refuse it by status. */
function firstEvent(body: string): Json | undefined {
  const lines = body.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => parseObject(line.slice('data:'.length))).find((event) => event !== undefined);
}

/** A refusal by status, before any answer (specification, runs 11). */
export function statusFailure(vendor: Vendor, status: number, body: string, retryAfterMs: number | undefined, redact: Redact) {
  const error = errorIn(parseObject(body) ?? firstEvent(body) ?? {});
  const limited = vendor === 'openai' && status === 400 && [error.code, error.type].includes('rate_limit_exceeded');
  const retryable = retryableStatus(status) || limited || (vendor === 'anthropic' && retryableAnthropic.test(error.type));
  const message = shown(error.message, redact) || `The model provider answered with status ${status}.`;
  const details = { status_code: status, ...vendorDetails(vendor, error, redact) };
  return new ModelError(retryable ? 'provider.retryable' : 'provider.non_retryable', message, { details, retryAfterMs });
}

/** An error in the midst of an answer; one that does not say what it is may pass. */
export function streamFailure(vendor: Vendor, frame: Json, redact: Redact) {
  const error = errorIn(frame);
  const status = /^[45]\d\d$/.test(error.code) ? Number(error.code) : undefined;
  const words = `${error.code} ${error.type}`.trim();
  const retryable =
    status !== undefined
      ? retryableStatus(status)
      : words === '' || (vendor === 'anthropic' ? retryableAnthropic.test(error.type) : retryableInStream.test(words));
  const message = shown(error.message, redact) || 'The model provider broke off its answer.';
  const details = { ...(status !== undefined && { status_code: status }), ...vendorDetails(vendor, error, redact) };
  return new ModelError(retryable ? 'provider.retryable' : 'provider.non_retryable', message, { details });
}

/** What `fetch` threw. The text is the same for refused, filtered and unknown hosts, so that it does not map a network. */
export function networkFailure(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof OutboundDenied)
    return new ModelError('provider.non_retryable', 'The base URL of the provider is not allowed.', {
      details: { reason: 'base_url_denied', outbound_reason: error.reason },
    });
  return new ModelError('provider.retryable', 'The connection to the model provider failed.');
}

/** `Retry-After` in milliseconds, from seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterOf(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.round(Number(header) * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
