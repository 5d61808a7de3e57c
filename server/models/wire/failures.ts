import { databaseNow } from '../../platform/databaseClock.ts';
import { OutboundDenied } from '../../platform/outbound/outbound.ts';
import { ModelError } from '../model.ts';
import { asObject, asObjects, asText, type Json, parseObject } from './json.ts';

export type Vendor = 'openai' | 'anthropic' | 'gemini';

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
const retryableGemini = /^(RESOURCE_EXHAUSTED|UNAVAILABLE|INTERNAL|UNKNOWN|ABORTED|DEADLINE_EXCEEDED)$/;

/** Finds the error in a response: `{error: {…}}`, `{error: "…"}`, `{response: {error: {…}}}`, or top-level fields. */
function errorIn(frame: Json) {
  if (typeof frame.error === 'string') return { message: frame.error, type: '', code: '', status: '', facts: [] };
  const nested = [frame.error, asObject(frame.response).error].map(asObject).find((error) => Object.keys(error).length > 0);
  const error = nested ?? frame;
  const code = typeof error.code === 'number' ? String(error.code) : asText(error.code);
  const type = !nested && error.type === 'error' ? '' : asText(error.type);
  return { message: asText(error.message), type, code, status: asText(error.status), facts: asObjects(error.details) };
}

const shown = (message: string, redact: Redact) => redact(message).replace(/\s+/g, ' ').trim().slice(0, 500);

/** The vendor's error message as one line of at most 500 characters. Empty if there is none. */
export const vendorMessage = (body: string, redact: Redact): string => shown(errorIn(parseObject(body) ?? {}).message, redact);

type VendorError = ReturnType<typeof errorIn>;

function vendorDetails(vendor: Vendor, { type, code, status, facts }: VendorError, redact: Redact): Record<string, unknown> {
  if (vendor === 'anthropic') return type ? { anthropic_error_type: redact(type).slice(0, 100) } : {};
  if (vendor === 'gemini')
    return {
      ...(status && { gemini_error_status: redact(status).slice(0, 100) }),
      // Google rejects a wrong key with status 400.
      ...(facts.some(({ reason }) => reason === 'API_KEY_INVALID') && { reason: invalidKeyReason }),
    };
  return {
    ...(code && { openai_error_code: redact(code).slice(0, 100) }),
    ...(type && { openai_error_type: redact(type).slice(0, 100) }),
  };
}

/** The reason of a `ModelError` for a key that the provider does not accept, if the status does not tell it. */
const invalidKeyReason = 'api_key_invalid';

/** Whether the provider rejected its API key. */
export const isKeyRejected = ({ status_code: status, reason }: Record<string, unknown>): boolean =>
  status === 401 || status === 403 || reason === invalidKeyReason;

/** Milliseconds until Google's quota allows the next request. It sends no `Retry-After`. */
function geminiRetryMs({ facts }: VendorError): number | undefined {
  const delay = facts.map((fact) => asText(fact.retryDelay)).find(Boolean) ?? '';
  return /^\d{1,9}(?:\.\d{1,9})?s$/.test(delay) ? Math.round(Number(delay.slice(0, -1)) * 1000) : undefined;
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
  const retryMs = retryAfterMs ?? (vendor === 'gemini' ? geminiRetryMs(error) : undefined);
  return new ModelError(retryable ? 'provider.retryable' : 'provider.non_retryable', message, { details, retryAfterMs: retryMs });
}

const retryableWords: Record<Vendor, (error: VendorError) => boolean> = {
  openai: ({ code, type }) => retryableInStream.test(`${code} ${type}`),
  anthropic: ({ type }) => retryableAnthropic.test(type),
  gemini: ({ status }) => retryableGemini.test(status),
};

/** An error in the middle of an answer. Retryable if it has no code and no type. */
export function streamFailure(vendor: Vendor, frame: Json, redact: Redact) {
  const error = errorIn(frame);
  const status = /^[45]\d\d$/.test(error.code) ? Number(error.code) : undefined;
  const isNamed = [error.code, error.type, vendor === 'gemini' ? error.status : ''].some((word) => word !== '');
  const retryable = status !== undefined ? retryableStatus(status) : !isNamed || retryableWords[vendor](error);
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
export function retryAfterOf(header: string | null, now = databaseNow()): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Math.round(Number(header) * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
