import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Ok, oneOrMore, someField, Time, TraceId } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

export const WebhookEventType = z.enum(['run.completed', 'run.failed', 'run.cancelled']).meta({ id: 'WebhookEventType' });
export type WebhookEventType = z.infer<typeof WebhookEventType>;

/** A run that has ended, without anything that was said in it. */
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
  z.object({ type: z.literal(type), timestamp: Time.meta({ description: 'When it happened.' }), data: WebhookRun }).meta({ id });

/** The body of a webhook. Types to come will have other data: ignore those you do not know. */
export const WebhookEvent = z
  .discriminatedUnion('type', [
    eventOf('run.completed', 'RunCompletedWebhook'),
    eventOf('run.failed', 'RunFailedWebhook'),
    eventOf('run.cancelled', 'RunCancelledWebhook'),
  ])
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof WebhookEvent>;

/** An address of the account that is told of events. */
export const WebhookEndpoint = z
  .object({
    id: Id,
    account_id: Id,
    url: z.string(),
    events: z.array(WebhookEventType),
    enabled: z.boolean(),
    disabled_reason: z
      .enum(['manual', 'consecutive_failures', 'gone'])
      .nullable()
      .meta({ description: 'Switched off by somebody, after 20 failed deliveries in a row, or because the receiver answered 410.' }),
    secret_prefix: z.string().meta({ description: 'The first 10 characters of the secret.' }),
    previous_secret_expires_at: Time.nullable().meta({ description: 'Until then the secret before the last rotation signs too.' }),
    created_at: Time,
  })
  .meta({ id: 'WebhookEndpoint' });
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

export const WebhookEndpointWithSecret = WebhookEndpoint.extend({
  signing_secret: z
    .string()
    .regex(/^whsec_[0-9A-Za-z+/]{43}=$/)
    .meta({ description: 'The key of the signatures; shown only here.' }),
}).meta({ id: 'WebhookEndpointWithSecret' });
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

const url = z.string().max(2048).meta({ description: 'An https URL of a public host, without user, password and fragment.' });
const events = z.array(WebhookEventType).min(1).max(100).meta({ description: 'What the endpoint is told of; duplicates are merged.' });

export const NewWebhookEndpoint = z.strictObject({ url, events }).meta({ id: 'NewWebhookEndpoint' });
export type NewWebhookEndpoint = z.infer<typeof NewWebhookEndpoint>;

export const WebhookEndpointChanges = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    enabled: z.boolean().optional().meta({ description: 'true also forgets the failures so far.' }),
  })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'WebhookEndpointChanges' });
export type WebhookEndpointChanges = z.infer<typeof WebhookEndpointChanges>;

export const SecretRotation = z
  .strictObject({
    grace_period_seconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(86_400)
      .meta({ description: 'How long the secret there was signs beside the new one.' }),
  })
  .meta({ id: 'SecretRotation' });
export type SecretRotation = z.infer<typeof SecretRotation>;

export const WebhookDeliveryStatus = z.enum(['pending', 'delivered', 'failed']).meta({ id: 'WebhookDeliveryStatus' });
export type WebhookDeliveryStatus = z.infer<typeof WebhookDeliveryStatus>;

export const WebhookError = z
  .enum(['http_status', 'redirect', 'timeout', 'connection_failed', 'url_denied', 'secret_unreadable', 'endpoint_disabled'])
  .meta({ id: 'WebhookError', description: 'Why the last attempt failed, or why there was none.' });
export type WebhookError = z.infer<typeof WebhookError>;

/** One event on its way to one endpoint. */
export const WebhookDelivery = z
  .object({
    id: Id,
    endpoint_id: Id,
    account_id: Id,
    message_id: z.string().meta({ description: 'The `webhook-id` of every attempt; equal for all endpoints and redeliveries.' }),
    event_type: WebhookEventType,
    status: WebhookDeliveryStatus,
    attempts: z.int(),
    last_attempt_at: Time.nullable(),
    next_attempt_at: Time.nullable().meta({ description: 'Null once the status is final.' }),
    response_status: z.int().nullable(),
    response_body: z.string().nullable().meta({ description: 'The first 4096 bytes of the last answer, as text.' }),
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

/** Addresses that are told of events. */
export const webhookEndpoints = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/webhook-endpoints',
    summary: 'Register an address',
    body: NewWebhookEndpoint,
    responses: { 201: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', permission: manage, quota: 'webhook_endpoints', audit: ['webhook_endpoint.create', 'webhook_endpoint'] },
  },
  list: {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    summary: 'List addresses, newest first',
    query: pageQuery(),
    responses: { 200: z.array(WebhookEndpoint) },
    metadata: { auth: 'user+key', read: manage, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Read an address',
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage },
  },
  update: {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Change an address',
    description: 'While it is disabled nothing is kept for it: what waits for it fails.',
    body: WebhookEndpointChanges,
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.update', 'webhook_endpoint'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Remove an address with its deliveries',
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.delete', 'webhook_endpoint'] },
  },
  rotateSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/rotate-secret',
    summary: 'Replace the secret',
    description: 'A secret that was still signing from a rotation before is dropped at once.',
    body: SecretRotation,
    responses: { 200: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.rotate_secret', 'webhook_endpoint'] },
  },
} as const satisfies Resource);

/** What was sent to an address, or is going to be; kept for 30 days. */
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
    summary: 'Read a delivery with what is sent',
    responses: { 200: WebhookDeliveryDetail },
    metadata: { auth: 'user+key', read: manage },
  },
  redeliver: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver',
    summary: 'Send a message once more',
    body: null,
    responses: { 202: WebhookDelivery },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.redeliver', 'webhook_endpoint'] },
  },
} as const satisfies Resource);
