import { Webhook } from 'standardwebhooks';

export type MessageToSign = { id: string; deliveryId: string; eventType: string; body: string };

/** The headers of one attempt, signed with each secret, the current one first (Standard Webhooks 1.0). */
export function headersOf(
  { id, deliveryId, eventType, body }: MessageToSign,
  secrets: readonly string[],
  at: Date,
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Arkloop-Webhooks/1',
    'accept-encoding': 'identity',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
    'x-arkloop-event': eventType,
    'x-arkloop-delivery': deliveryId,
  };
}
