import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, Ok, Time, TraceId } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

export const WebhookEventType = z.enum(['run.completed', 'run.failed', 'run.cancelled']).meta({ id: 'WebhookEventType' });
export type WebhookEventType = z.infer<typeof WebhookEventType>;

/** A run that has ended, without the content of its messages. */
export const WebhookRun = z
  .object({
    run_id: Id,
    account_id: Id,
    thread_id: Id,
    status: z.enum(['completed', 'failed', 'cancelled']),
    created_at: Time,
    completed_at: Time.nullable(),
    failed_at: Time.nullable(),
    cancelled_at: Time.nullable(),
    model: z.string().nullable(),
    total_input_tokens: z.int().nullable(),
    total_output_tokens: z.int().nullable(),
    total_cost_usd: z.number().nullable(),
    credits_used: z.int(),
    error_class: z.string().nullable(),
    resumable: z.boolean().nullable().meta({ description: 'Whether the run can be continued; null unless it failed.' }),
    trace_id: TraceId,
  })
  .meta({ id: 'WebhookRun' });

const eventOf = <const Type extends WebhookEventType>(type: Type, id: string) =>
  z.object({ type: z.literal(type), timestamp: Time.meta({ description: 'When the event occurred.' }), data: WebhookRun }).meta({ id });

/** The body of a webhook. Future types may have other data; receivers must ignore unknown types. */
export const WebhookEvent = z
  .discriminatedUnion('type', [
    eventOf('run.completed', 'RunCompletedWebhook'),
    eventOf('run.failed', 'RunFailedWebhook'),
    eventOf('run.cancelled', 'RunCancelledWebhook'),
  ])
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof WebhookEvent>;

/** A URL of an account to which events are sent. */
export const WebhookEndpoint = z
  .object({
    id: Id,
    account_id: Id,
    url: z.string(),
    events: z.array(WebhookEventType),
    enabled: z.boolean(),
    disabled_reason: z.enum(['manual', 'consecutive_failures', 'gone']).nullable().meta({
      description: 'Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410.',
    }),
    secret_prefix: z.string().meta({ description: 'First 10 characters of the signing secret.' }),
    previous_secret_expires_at: Time.nullable().meta({
      description: 'Until this instant, messages are also signed with the previous secret.',
    }),
    created_at: Time,
  })
  .meta({ id: 'WebhookEndpoint' });
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

export const WebhookEndpointWithSecret = WebhookEndpoint.extend({
  signing_secret: z
    .string()
    .regex(/^whsec_[0-9A-Za-z+/]{43}=$/)
    .meta({ description: 'The secret for verifying signatures. Returned only in this response.' }),
}).meta({ id: 'WebhookEndpointWithSecret' });
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

const url = z.string().max(2048).meta({ description: 'An https URL of a public host, without user info or fragment.' });
const events = z
  .array(WebhookEventType)
  .min(1)
  .max(100)
  .meta({ description: 'Event types to send to the endpoint; duplicates are merged.' });

export const NewWebhookEndpoint = z.strictObject({ url, events }).meta({ id: 'NewWebhookEndpoint' });
export type NewWebhookEndpoint = z.infer<typeof NewWebhookEndpoint>;

export const WebhookEndpointChanges = changes({
  url: url.optional(),
  events: events.optional(),
  enabled: z.boolean().optional().meta({ description: 'True also resets the failure count.' }),
}).meta({ id: 'WebhookEndpointChanges' });
export type WebhookEndpointChanges = z.infer<typeof WebhookEndpointChanges>;

export const SecretRotation = z
  .strictObject({
    grace_period_seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(86_400)
      .meta({ description: 'How long the previous secret continues to sign in addition to the new one.' }),
  })
  .meta({ id: 'SecretRotation' });
export type SecretRotation = z.infer<typeof SecretRotation>;

export const WebhookDeliveryStatus = z.enum(['pending', 'delivered', 'failed']).meta({ id: 'WebhookDeliveryStatus' });
export type WebhookDeliveryStatus = z.infer<typeof WebhookDeliveryStatus>;

export const WebhookError = z
  .enum(['http_status', 'redirect', 'timeout', 'connection_failed', 'url_denied', 'secret_unreadable', 'endpoint_disabled'])
  .meta({ id: 'WebhookError', description: 'Why the last attempt failed, or why no attempt was made.' });
export type WebhookError = z.infer<typeof WebhookError>;

/** The delivery of one event to one endpoint. */
export const WebhookDelivery = z
  .object({
    id: Id,
    endpoint_id: Id,
    account_id: Id,
    message_id: z.string().meta({ description: 'The `webhook-id` of every attempt; the same for all endpoints and redeliveries.' }),
    event_type: WebhookEventType,
    status: WebhookDeliveryStatus,
    attempts: z.int(),
    last_attempt_at: Time.nullable(),
    next_attempt_at: Time.nullable().meta({ description: 'Null once the status is final.' }),
    response_status: z.int().nullable(),
    response_body: z.string().nullable().meta({ description: 'The first 4,096 bytes of the last response, as text.' }),
    error: WebhookError.nullable(),
    redelivery_of: Id.nullable(),
    created_at: Time,
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookDeliveryDetail = WebhookDelivery.extend({ payload: WebhookEvent }).meta({ id: 'WebhookDeliveryDetail' });
export type WebhookDeliveryDetail = z.infer<typeof WebhookDeliveryDetail>;

export const DeliveryQuery = pageQuery().extend({
  status: WebhookDeliveryStatus.optional(),
  event_type: WebhookEventType.optional(),
});
export type DeliveryQuery = z.infer<typeof DeliveryQuery>;

const manage = 'data.webhooks.manage';

export const webhookEndpoints = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/webhook-endpoints',
    summary: 'Create a webhook endpoint',
    body: NewWebhookEndpoint,
    responses: { 201: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', permission: manage, quota: 'webhook_endpoints', audit: ['webhook_endpoint.create', 'webhook_endpoint'] },
  },
  list: {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    summary: 'List webhook endpoints, newest first',
    query: pageQuery(),
    responses: { 200: z.array(WebhookEndpoint) },
    metadata: { auth: 'user+key', read: manage, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Retrieve a webhook endpoint',
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage },
  },
  update: {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Update a webhook endpoint',
    description: 'While an endpoint is disabled, no events are stored for it, and pending deliveries fail.',
    body: WebhookEndpointChanges,
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.update', 'webhook_endpoint'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Delete a webhook endpoint and its deliveries',
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.delete', 'webhook_endpoint'] },
  },
  rotateSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/rotate-secret',
    summary: 'Rotate the signing secret',
    description: 'A secret that is still signing because of an earlier rotation is dropped immediately.',
    body: SecretRotation,
    responses: { 200: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.rotate_secret', 'webhook_endpoint'] },
  },
} as const satisfies Resource);

/** Deliveries are kept for 30 days. */
export const webhookDeliveries = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries',
    summary: 'List deliveries, newest first',
    query: DeliveryQuery,
    responses: { 200: z.array(WebhookDelivery) },
    metadata: { auth: 'user+key', read: manage, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}',
    summary: 'Retrieve a delivery with its payload',
    responses: { 200: WebhookDeliveryDetail },
    metadata: { auth: 'user+key', read: manage },
  },
  redeliver: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver',
    summary: 'Redeliver a message',
    body: null,
    responses: { 202: WebhookDelivery },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.redeliver', 'webhook_endpoint'] },
  },
} as const satisfies Resource);
