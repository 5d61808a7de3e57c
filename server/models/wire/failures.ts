import { OutboundDenied } from '../../platform/outbound/outbound.ts';
import { ModelError } from '../model.ts';
import { asObject, asText, type Json, parseObject } from './json.ts';

export type Vendor = 'openai' | 'anthropic';

/** Removes secrets from a text, in particular the API key. */
export type Redact = (text: string) => string;

/** Masks the key everywhere, including a prefix of it (4 characters or more) at the end of a truncated text. */
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

/** Finds the error in a response: `{error: {…}}`, `{error: "…"}`, `{response: {error: {…}}}`, or top-level fields. */
function errorIn(frame: Json) {
  if (typeof frame.error === 'string') return { message: frame.error, type: '', code: '' };
  const nested = [frame.error, asObject(frame.response).error].map(asObject).find((error) => Object.keys(error).length > 0);
  const error = nested ?? frame;
  const code = typeof error.code === 'number' ? String(error.code) : asText(error.code);
  return { message: asText(error.message), type: !nested && error.type === 'error' ? '' : asText(error.type), code };
}

const shown = (message: string, redact: Redact) => redact(message).replace(/\s+/g, ' ').trim().slice(0, 500);

/** The vendor's error message as one line of at most 500 characters. Empty if there is none. */
export const vendorMessage = (body: string, redact: Redact): string => shown(errorIn(parseObject(body) ?? {}).message, redact);

function vendorDetails(vendor: Vendor, { type, code }: { type: string; code: string }, redact: Redact): Record<string, unknown> {
  if (vendor === 'anthropic') return type ? { anthropic_error_type: redact(type).slice(0, 100) } : {};
  return {
    ...(code && { openai_error_code: redact(code).slice(0, 100) }),
    ...(type && { openai_error_type: redact(type).slice(0, 100) }),
  };
}

/** Some model gateways answer a streaming call with an event even if they reject it by status. */
function firstEvent(body: string): Json | undefined {
  const lines = body.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => parseObject(line.slice('data:'.length))).find((event) => event !== undefined);
}

/** An error status before any answer. */
export function statusFailure(vendor: Vendor, status: number, body: string, retryAfterMs: number | undefined, redact: Redact) {
  const error = errorIn(parseObject(body) ?? firstEvent(body) ?? {});
  const limited = vendor === 'openai' && status === 400 && [error.code, error.type].includes('rate_limit_exceeded');
  const retryable = retryableStatus(status) || limited || (vendor === 'anthropic' && retryableAnthropic.test(error.type));
  const message = shown(error.message, redact) || `The model provider answered with status ${status}.`;
  const details = { status_code: status, ...vendorDetails(vendor, error, redact) };
  return new ModelError(retryable ? 'provider.retryable' : 'provider.non_retryable', message, { details, retryAfterMs });
}

/** An error in the middle of an answer. Retryable if it has no code and no type. */
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

/**
 * An exception of `fetch`. The message is the same for unreachable, filtered and unknown hosts, so that it does not
 * reveal the network.
 */
export function networkFailure(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof OutboundDenied)
    return new ModelError('provider.non_retryable', 'The base URL of the provider is not allowed.', {
      details: { reason: 'base_url_denied', outbound_reason: error.reason },
    });
  return new ModelError('provider.retryable', 'The connection to the model provider failed.');
}

/** Milliseconds from a `Retry-After` header: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterOf(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.round(Number(header) * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
