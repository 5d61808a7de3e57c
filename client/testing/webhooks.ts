import { importSecret, signedContent } from '../core/signing.ts';
import type { WebhookEvent } from '../generated/types.ts';

export type SignedHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };

export type TestWebhook = { headers: SignedHeaders & { 'content-type': string; 'x-arkloop-event': string }; body: string };

/** `id` is the `webhook-id`, `at` the signing time (default: now). */
export type TestWebhookOptions = { id?: string | undefined; at?: Date | undefined };

/** A secret in the format of `webhookEndpoints.create`: `whsec_` and 32 random bytes in base64. */
export const testWebhookSecret = (): string => `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;

/**
 * Signs an event like the server (Standard Webhooks 1.0), to test a receiver:
 * `fetch(url, { method: 'POST', ...(await signTestWebhook(event, secret)) })`. Rejects with a TypeError for an invalid secret.
 */
export async function signTestWebhook(
  event: WebhookEvent,
  secret: string,
  { id = `msg_${'run_id' in event.data ? event.data.run_id : crypto.randomUUID()}`, at = new Date() }: TestWebhookOptions = {},
): Promise<TestWebhook> {
  const key = await importSecret(secret, 'sign');
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
