import type { WebhookEvent } from '../generated/types.ts';
import { keyOf, signedContent } from '../signing.ts';

/** The headers of a webhook by which it is verified. */
export type SignedHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };

/** What a receiver of webhooks gets. */
export type TestWebhook = { headers: SignedHeaders & { 'content-type': string; 'x-arkloop-event': string }; body: string };

/** `id` names the event, `at` is when it is signed: now unless given. */
export type TestWebhookOptions = { id?: string | undefined; at?: Date | undefined };

/** A secret as `webhookEndpoints.create` gives it: `whsec_` and 32 random bytes. */
export const testWebhookSecret = (): string => `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;

/**
 * Signs an event as the server does, to try a receiver without one (Standard Webhooks 1.0).
 * `fetch(url, { method: 'POST', ...(await signTestWebhook(event, secret)) })`. Rejects with a TypeError when the secret is none.
 */
export async function signTestWebhook(
  event: WebhookEvent,
  secret: string,
  { id = `msg_${event.data.run_id}`, at = new Date() }: TestWebhookOptions = {},
): Promise<TestWebhook> {
  const key = await keyOf(secret, 'sign');
  if (!key) throw new TypeError('A secret is whsec_ and base64.');
  const body = JSON.stringify(event);
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const mac = await crypto.subtle.sign('HMAC', key, signedContent(id, timestamp, new TextEncoder().encode(body)));
  return {
    headers: {
      'content-type': 'application/json',
      'x-arkloop-event': event.type,
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`,
    },
    body,
  };
}
