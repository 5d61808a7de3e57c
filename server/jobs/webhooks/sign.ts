import { Webhook } from 'standardwebhooks';

/** What is sent beside the body. */
export type Message = { id: string; deliveryId: string; eventType: string; body: string };

/** The headers of one attempt at a time: signed with every secret, the current one first (Standard Webhooks 1.0). */
export function headersOf({ id, deliveryId, eventType, body }: Message, secrets: readonly string[], at: Date): Record<string, string> {
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
