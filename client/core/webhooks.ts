import type { WebhookEvent } from '../generated/types.ts';
import { fromBase64, importSecret, signedContent } from './signing.ts';

/** Why the verification failed. */
export type WebhookErrorReason =
  | 'missing_header'
  | 'invalid_timestamp'
  | 'too_old'
  | 'too_new'
  | 'invalid_secret'
  | 'invalid_signature'
  | 'invalid_body';

const messages: Record<WebhookErrorReason, string> = {
  missing_header: 'One of webhook-id, webhook-timestamp and webhook-signature is missing.',
  invalid_timestamp: 'The timestamp is no number of seconds.',
  too_old: 'The webhook was signed too long ago.',
  too_new: 'The webhook was signed in the future.',
  invalid_secret: 'The secret is not whsec_ and base64.',
  invalid_signature: 'No signature is of this body and secret.',
  invalid_body: 'The body is no event.',
};

/** The request does not come from the server, or its timestamp is too old or too new. Respond with 400. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
  readonly reason: WebhookErrorReason;

  constructor(reason: WebhookErrorReason) {
    super(messages[reason]);
    this.reason = reason;
  }
}

/** `Headers`, or the header object of Node. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** `now`: current time in milliseconds, for tests. */
export type UnwrapOptions = { now?: number };

/** Maximum difference between the timestamp and the current time, in seconds. */
const tolerance = 300;

/**
 * Verifies a webhook and returns its event. `body` is the raw request body; a body that was parsed and serialized again does not verify.
 * Events are delivered at least once: deduplicate them by `webhook-id`. Rejects with `WebhookVerificationError`.
 */
export async function unwrap(
  headers: WebhookHeaders,
  body: string | Uint8Array<ArrayBuffer>,
  secret: string,
  { now = Date.now() }: UnwrapOptions = {},
): Promise<WebhookEvent> {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headerOf(headers, name));
  if (!id || !timestamp || !signatures) throw new WebhookVerificationError('missing_header');
  checkTime(timestamp, now);
  const raw = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const key = await importSecret(secret, 'verify');
  if (!key) throw new WebhookVerificationError('invalid_secret');
  if (!(await hasValidSignature(signedContent(id, timestamp, raw), signatures, key)))
    throw new WebhookVerificationError('invalid_signature');
  return parse(raw);
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

function checkTime(timestamp: string, now: number) {
  if (!/^\d{1,15}$/.test(timestamp)) throw new WebhookVerificationError('invalid_timestamp');
  const age = Math.floor(now / 1_000) - Number(timestamp);
  if (age > tolerance) throw new WebhookVerificationError('too_old');
  if (age < -tolerance) throw new WebhookVerificationError('too_new');
}

/** Whether one of the signatures matches. Web Crypto compares in constant time. */
async function hasValidSignature(signed: Uint8Array<ArrayBuffer>, signatures: string, key: CryptoKey): Promise<boolean> {
  for (const each of signatures.split(' ')) {
    const signature = each.startsWith('v1,') ? fromBase64(each.slice(3)) : undefined;
    if (signature && (await crypto.subtle.verify('HMAC', key, signature, signed))) return true;
  }
  return false;
}

function parse(raw: Uint8Array): WebhookEvent {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
    if (typeof event?.type === 'string') return event;
  } catch {
    // Reported below.
  }
  throw new WebhookVerificationError('invalid_body');
}
