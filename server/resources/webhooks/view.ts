import type { WebhookDelivery, WebhookDeliveryDetail, WebhookEndpoint, WebhookEndpointWithSecret } from '../../../contract/webhooks.ts';
import type { DeliveryRow, EndpointRow } from './queries.ts';
import type { WithSecret } from './service.ts';

/** An endpoint as published, without its secret. */
export const viewEndpoint = (row: EndpointRow): WebhookEndpoint => ({
  id: row.id,
  account_id: row.account_id,
  url: row.url,
  events: row.events,
  enabled: row.enabled,
  disabled_reason: row.disabled_reason,
  secret_prefix: row.secret_prefix,
  previous_secret_expires_at: row.previous_secret_expires_at,
  created_at: row.created_at,
});

/** The two answers that show the secret. */
export const viewWithSecret = ({ endpoint, secret }: WithSecret): WebhookEndpointWithSecret => ({
  ...viewEndpoint(endpoint),
  signing_secret: secret,
});

/** The name of a message on the wire: `webhook-id`. */
export const messageIdOf = (id: string): string => `msg_${id}`;

/** A delivery as a row of the list. */
export const viewDelivery = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  endpoint_id: row.endpoint_id,
  account_id: row.account_id,
  message_id: messageIdOf(row.message_id),
  event_type: row.event_type,
  status: row.status,
  attempts: row.attempts,
  last_attempt_at: row.last_attempt_at,
  next_attempt_at: row.next_attempt_at,
  response_status: row.response_status,
  response_body: row.response_body,
  error: row.error,
  redelivery_of: row.redelivery_of,
  created_at: row.created_at,
});

/** A delivery with what is sent. */
export const viewDeliveryDetail = (row: DeliveryRow, body: string): WebhookDeliveryDetail => ({
  ...viewDelivery(row),
  payload: JSON.parse(body),
});
