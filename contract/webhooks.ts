import { z } from 'zod';
import { MemberRole } from './accounts.ts';
import { WaitReason } from './eventData.ts';
import { changes, Id, inconsistentValues, Ok, Time, TraceId } from './shared/fields.ts';
import { Instant } from './shared/instant.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';
import { Subscription } from './subscriptions.ts';

export const WebhookEventType = z
  .enum([
    'run.completed',
    'run.failed',
    'run.cancelled',
    'run.waiting_for_input',
    'member.joined',
    'subscription.changed',
    'api_key.expiring',
    'credits.low',
    'account.erasure_scheduled',
    'account.erasure_cancelled',
    'account.erased',
  ])
  .meta({ id: 'WebhookEventType', description: 'What happened. Only runs that no other run started send events.' });
export type WebhookEventType = z.infer<typeof WebhookEventType>;

export const WebhookRun = z
  .object({
    run_id: Id.meta({ description: 'ID of the run.' }),
    account_id: Id.meta({ description: 'The account of the run and of the endpoint.' }),
    thread_id: Id.meta({ description: 'Thread in which the run answered.' }),
    status: z.enum(['completed', 'failed', 'cancelled']).meta({ description: 'Final status.' }),
    created_at: Time.meta({ description: 'When the run was created.' }),
    completed_at: Time.nullable().meta({ description: 'When the run completed; null unless it did.' }),
    failed_at: Time.nullable().meta({ description: 'When the run failed; null unless it did.' }),
    cancelled_at: Time.nullable().meta({ description: 'When the run was canceled; null unless it was.' }),
    model: z.string().nullable().meta({ description: 'Selected model; null if none was selected.' }),
    total_input_tokens: z.int().nullable().meta({ description: 'Tokens of all prompts.' }),
    total_output_tokens: z.int().nullable().meta({ description: 'Tokens written by the model.' }),
    total_cost_usd: z.number().nullable().meta({ description: 'US dollars, to 6 decimal places.' }),
    credits_used: z.int().meta({ description: 'Credits charged for the run.' }),
    error_class: z
      .string()
      .nullable()
      .meta({ description: 'Class of the error, such as `provider.retryable`; null unless the run failed.' }),
    resumable: z.boolean().nullable().meta({ description: 'Whether the run can be continued; null unless it failed.' }),
    trace_id: TraceId.meta({ description: 'Trace ID of the request that created the run.' }),
  })
  .meta({ id: 'WebhookRun', description: 'A run that has ended, without the content of its messages.' });
export type WebhookRun = z.infer<typeof WebhookRun>;

const account_id = Id.meta({ description: 'The account of the endpoint.' });
const trace_id = TraceId.meta({ description: 'Trace ID of the request or run that caused the event.' });

export const WebhookWait = z
  .object({
    run_id: Id.meta({ description: 'ID of the run.' }),
    account_id,
    thread_id: Id.meta({ description: 'Thread of the run.' }),
    request_id: z.string().meta({ description: 'The question that the run waits for; `request_id` of its answer.' }),
    reason: WaitReason.meta({ description: 'Why the run waits.' }),
    expires_at: Time.meta({ description: 'The run continues without an answer from this instant on.' }),
    trace_id,
  })
  .meta({ id: 'WebhookWait', description: 'A run that waits for its user, without the text of the question.' });

export const WebhookMember = z
  .object({
    account_id,
    user_id: Id.meta({ description: 'The user who has joined.' }),
    role: MemberRole.meta({ description: 'Their role in the account.' }),
    trace_id,
  })
  .meta({ id: 'WebhookMember', description: 'A user who has accepted an invitation.' });

export const WebhookSubscription = z
  .object({
    account_id,
    change: z.enum(['created', 'updated', 'cancelled']).meta({ description: 'What has changed; `updated` is a new period.' }),
    subscription: Subscription.meta({ description: 'The subscription after the change.' }),
    trace_id,
  })
  .meta({ id: 'WebhookSubscription', description: 'A change of the subscription of the account.' });

export const WebhookApiKey = z
  .object({
    account_id,
    api_key_id: Id.meta({ description: 'The key.' }),
    user_id: Id.meta({ description: 'The user of the key.' }),
    name: z.string().meta({ description: 'Display name of the key.' }),
    key_prefix: z.string().meta({ description: 'First 7 characters of the key.' }),
    expires_at: Time.meta({ description: 'The key is rejected from this instant on.' }),
    trace_id,
  })
  .meta({ id: 'WebhookApiKey', description: 'An API key that expires within 7 days. Sent once for each expiry of a key.' });

export const WebhookCredits = z
  .object({
    account_id,
    balance: z.int().min(0).meta({ description: 'The balance after the charge that crossed the threshold.' }),
    threshold: z.int().min(1).meta({ description: 'The threshold: that of the account, or the default of the platform.' }),
    trace_id,
  })
  .meta({
    id: 'WebhookCredits',
    description: 'A balance that has fallen below its threshold. Sent again only after the balance was at or above the threshold.',
  });

export const WebhookErasure = z
  .object({
    account_id,
    erasure_id: Id.meta({ description: 'The erasure.' }),
    due_at: Time.meta({ description: 'When the deletion begins, unless it is canceled.' }),
    trace_id,
  })
  .meta({ id: 'WebhookErasure', description: 'The erasure of the account.' });

export const WebhookErased = z
  .object({
    account_id: Id.meta({ description: 'The personal account of the user who requested the erasure.' }),
    erasure_id: Id.meta({ description: 'The erasure.' }),
    erased_account_id: Id.meta({ description: 'The account whose data was erased.' }),
    finished_at: Time.meta({ description: 'When nothing was left.' }),
    trace_id,
  })
  .meta({ id: 'WebhookErased', description: 'An erasure that is completed.' });

const eventOf = <const Type extends WebhookEventType, Data extends z.ZodType>(type: Type, id: string, data: Data) =>
  z
    .object({
      type: z.literal(type).meta({ description: 'The event type; also the header `X-Arkloop-Event`.' }),
      timestamp: Time.meta({ description: 'When the event occurred.' }),
      test: z
        .literal(true)
        .optional()
        .meta({ description: 'True for a test event, whose data is invented and whose IDs are nil; absent for all others.' }),
      data,
    })
    .meta({ id, description: `The body of a \`${type}\` webhook.` });

const endedRun = WebhookRun.meta({ description: 'The run that ended.' });

export const WebhookEvent = z
  .discriminatedUnion('type', [
    eventOf('run.completed', 'RunCompletedWebhook', endedRun),
    eventOf('run.failed', 'RunFailedWebhook', endedRun),
    eventOf('run.cancelled', 'RunCancelledWebhook', endedRun),
    eventOf('run.waiting_for_input', 'RunWaitingForInputWebhook', WebhookWait.meta({ description: 'The run that waits.' })),
    eventOf('member.joined', 'MemberJoinedWebhook', WebhookMember.meta({ description: 'The new member.' })),
    eventOf(
      'subscription.changed',
      'SubscriptionChangedWebhook',
      WebhookSubscription.meta({ description: 'The subscription and its change.' }),
    ),
    eventOf('api_key.expiring', 'ApiKeyExpiringWebhook', WebhookApiKey.meta({ description: 'The key that expires soon.' })),
    eventOf('credits.low', 'CreditsLowWebhook', WebhookCredits.meta({ description: 'The balance and its threshold.' })),
    eventOf('account.erasure_scheduled', 'AccountErasureScheduledWebhook', WebhookErasure.meta({ description: 'The erasure.' })),
    eventOf('account.erasure_cancelled', 'AccountErasureCancelledWebhook', WebhookErasure.meta({ description: 'The canceled erasure.' })),
    eventOf('account.erased', 'AccountErasedWebhook', WebhookErased.meta({ description: 'The completed erasure.' })),
  ])
  .meta({
    id: 'WebhookEvent',
    description: 'The body of a webhook. Future types may have other data; receivers must ignore unknown types.',
  });
export type WebhookEvent = z.infer<typeof WebhookEvent>;

const projectIds = z.array(Id).max(100);
const personaIds = z.array(z.string().min(1).max(200)).max(100);
const runsOfProjects = { description: 'Only runs in threads of these projects. Empty: all projects.' };
const runsOfPersonas = { description: 'Only runs with these personas, by key. Empty: all personas.' };

export const WebhookFilter = z.object({ project_ids: projectIds.meta(runsOfProjects), persona_ids: personaIds.meta(runsOfPersonas) }).meta({
  id: 'WebhookFilter',
  description: 'Which runs send events to an endpoint. A run must match both lists. Other events are sent anyway.',
});
export type WebhookFilter = z.infer<typeof WebhookFilter>;

export const NewWebhookFilter = z
  .strictObject({ project_ids: projectIds.default([]).meta(runsOfProjects), persona_ids: personaIds.default([]).meta(runsOfPersonas) })
  .meta({ id: 'NewWebhookFilter', description: 'Limits which runs send events to an endpoint. A run must match both lists.' });

export const WebhookEndpoint = z
  .object({
    id: Id.meta({ description: 'ID of the endpoint.' }),
    account_id: Id.meta({ description: 'The account whose events are sent.' }),
    url: z.string().meta({ description: 'URL that receives the events, normalized.' }),
    events: z.array(WebhookEventType).meta({ description: 'Event types that are sent.' }),
    enabled: z.boolean().meta({ description: 'Whether events are sent. Events that occur while it is false are not sent later.' }),
    disabled_reason: z
      .enum(['manual', 'consecutive_failures', 'gone'])
      .meta({ id: 'WebhookDisabledReason', description: 'Why an endpoint is disabled.' })
      .nullable()
      .meta({
        description:
          'Why the endpoint is disabled: by a user, after 20 consecutive failed deliveries, or because the receiver returned 410.',
      }),
    filter: WebhookFilter.meta({ description: 'Which runs send events.' }),
    header_names: z.array(z.string()).meta({ description: 'Names of the custom headers, in lowercase. Their values are never returned.' }),
    secret_prefix: z.string().meta({ description: 'First 10 characters of the signing secret.' }),
    previous_secret_expires_at: Time.nullable().meta({
      description: 'Until this instant, messages are also signed with the previous secret.',
    }),
    created_at: Time.meta({ description: 'When the endpoint was created.' }),
  })
  .meta({ id: 'WebhookEndpoint', description: 'A URL of an account to which events are sent.' });
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

export const WebhookEndpointWithSecret = WebhookEndpoint.extend({
  signing_secret: z
    .string()
    .regex(/^whsec_[0-9A-Za-z+/]{43}=$/)
    .meta({ description: 'The secret for verifying signatures. Returned only in this response.' }),
}).meta({ id: 'WebhookEndpointWithSecret', description: 'A webhook endpoint with its signing secret.' });
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

const url = z.string().max(2048).meta({ description: 'An https URL of a public host, without user info or fragment.' });
const events = z
  .array(WebhookEventType)
  .min(1)
  .max(100)
  .meta({ description: 'Event types to send to the endpoint; duplicates are merged.' });

const filter = NewWebhookFilter.meta({ description: 'Replaces the whole filter. `{}` removes it.' });
const headers = z
  .record(
    z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be a header name'),
    // Visible ASCII characters, with spaces and tabs between them.
    z
      .string()
      .max(2000)
      .regex(/^[!-~]([ \t!-~]*[!-~])?$/, 'must be printable ASCII without white space at its ends'),
  )
  .refine((named) => Object.keys(named).length <= 20, 'at most 20 headers')
  .meta({
    maxProperties: 20,
    description:
      'Headers to add to each request, such as `Authorization`. Replaces all earlier ones. Values are never returned. Headers that the server or the connection sets are rejected (`header_denied`).',
  });

export const NewWebhookEndpoint = z
  .strictObject({ url, events, filter: filter.optional(), headers: headers.optional() })
  .meta({ id: 'NewWebhookEndpoint', description: 'A webhook endpoint to create.' });
export type NewWebhookEndpoint = z.infer<typeof NewWebhookEndpoint>;

export const WebhookEndpointChanges = changes({
  url: url.optional(),
  events: events.optional(),
  filter: filter.optional(),
  headers: headers.optional(),
  enabled: z.boolean().optional().meta({ description: 'True also resets the failure count.' }),
}).meta({ id: 'WebhookEndpointChanges', description: 'The fields of the endpoint to change. At least one is required.' });
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
  .meta({ id: 'SecretRotation', description: 'When the previous secret stops signing.' });
export type SecretRotation = z.infer<typeof SecretRotation>;

export const WebhookDeliveryStatus = z
  .enum(['pending', 'delivered', 'failed'])
  .meta({ id: 'WebhookDeliveryStatus', description: '`pending` until an attempt succeeds (`delivered`) or no more are made (`failed`).' });
export type WebhookDeliveryStatus = z.infer<typeof WebhookDeliveryStatus>;

export const WebhookError = z
  .enum(['http_status', 'redirect', 'timeout', 'connection_failed', 'url_denied', 'secret_unreadable', 'endpoint_disabled'])
  .meta({ id: 'WebhookError', description: 'Why the last attempt failed, or why no attempt was made.' });
export type WebhookError = z.infer<typeof WebhookError>;

export const WebhookDelivery = z
  .object({
    id: Id.meta({ description: 'ID of the delivery; also the header `X-Arkloop-Delivery`.' }),
    endpoint_id: Id.meta({ description: 'The endpoint that receives the event.' }),
    account_id: Id.meta({ description: 'The account of the endpoint.' }),
    message_id: z.string().meta({ description: 'The `webhook-id` of every attempt; the same for all endpoints and redeliveries.' }),
    event_type: WebhookEventType.meta({ description: 'Type of the event.' }),
    status: WebhookDeliveryStatus.meta({ description: 'Whether the event was received.' }),
    attempts: z.int().meta({ description: 'Attempts so far. By default at most 5.' }),
    last_attempt_at: Time.nullable().meta({ description: 'When the last attempt was made; null before the first.' }),
    next_attempt_at: Time.nullable().meta({ description: 'Null once the status is final.' }),
    response_status: z.int().nullable().meta({ description: 'HTTP status of the last response; null if there was none.' }),
    response_body: z.string().nullable().meta({ description: 'The first 4,096 bytes of the last response, as text.' }),
    error: WebhookError.nullable().meta({ description: 'Why the last attempt failed; null if it succeeded or none was made.' }),
    redelivery_of: Id.nullable().meta({ description: 'The delivery that was repeated; null for others.' }),
    is_test: z
      .boolean()
      .meta({ description: 'Whether it delivers a test event. It is attempted only once and does not count as a failure.' }),
    created_at: Time.meta({ description: 'When the delivery was created.' }),
  })
  .meta({ id: 'WebhookDelivery', description: 'The delivery of one event to one endpoint.' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookAttempt = z
  .object({
    attempted_at: Time.meta({ description: 'When the request was sent.' }),
    duration_ms: z.int().min(0).meta({ description: 'Milliseconds until the response had arrived or the attempt had failed.' }),
    response_status: z.int().nullable().meta({ description: 'HTTP status of the response; null if there was none.' }),
    response_body: z.string().nullable().meta({ description: 'The first 1,000 characters of the response.' }),
    error: WebhookError.nullable().meta({ description: 'Why the attempt failed; null if it succeeded.' }),
  })
  .meta({ id: 'WebhookAttempt', description: 'One request of a delivery.' });
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;

export const WebhookDeliveryDetail = WebhookDelivery.extend({
  payload: WebhookEvent.meta({ description: 'The body of the request.' }),
  attempt_log: z.array(WebhookAttempt).meta({ description: 'The last 20 attempts, oldest first.' }),
}).meta({ id: 'WebhookDeliveryDetail', description: 'A delivery with its payload and its attempts.' });
export type WebhookDeliveryDetail = z.infer<typeof WebhookDeliveryDetail>;

export const DeliveryQuery = pageQuery().extend({
  status: WebhookDeliveryStatus.optional().meta({ description: 'Return only deliveries with this status.' }),
  event_type: WebhookEventType.optional().meta({ description: 'Return only deliveries of this event type.' }),
});
export type DeliveryQuery = z.infer<typeof DeliveryQuery>;

export const WebhookTest = z
  .strictObject({ event_type: WebhookEventType.meta({ description: 'The event to send; the endpoint need not receive this type.' }) })
  .meta({ id: 'WebhookTest', description: 'The test event to send.' });
export type WebhookTest = z.infer<typeof WebhookTest>;

export const NewWebhookReplay = z
  .strictObject({
    since: Instant.meta({
      description: 'Replay messages whose first delivery was created at this instant or later. Messages are kept for 30 days.',
    }),
    until: Instant.optional().meta({ description: 'Replay messages whose first delivery was created before this instant. Default: now.' }),
    only_failed: z.boolean().default(false).meta({ description: 'Leave out messages that the endpoint has received or that are pending.' }),
  })
  .check(({ value, issues }) => {
    if (issues.length === 0 && value.until !== undefined && value.until <= value.since)
      issues.push({ code: 'custom', path: ['until'], input: value, message: 'must be after `since`', params: inconsistentValues });
  })
  .meta({ id: 'NewWebhookReplay', description: 'The messages to replay.' });
export type NewWebhookReplay = z.infer<typeof NewWebhookReplay>;

export const WebhookReplay = z
  .object({
    endpoint_id: Id.meta({ description: 'The endpoint that receives the messages.' }),
    account_id: Id.meta({ description: 'The account of the endpoint.' }),
    status: z
      .enum(['running', 'completed', 'cancelled'])
      .meta({ description: '`running` until all messages are queued; `cancelled` if the endpoint was disabled before.' }),
    since: Time.meta({ description: 'Start of the replayed range.' }),
    until: Time.meta({ description: 'End of the replayed range, exclusive.' }),
    only_failed: z.boolean().meta({ description: 'Whether received and pending messages are left out.' }),
    total: z.int().min(0).meta({ description: 'Messages that matched when the replay was created.' }),
    queued: z.int().min(0).meta({ description: 'New deliveries so far. They are listed with `redelivery_of`.' }),
    created_at: Time.meta({ description: 'When the replay was created.' }),
    ended_at: Time.nullable().meta({ description: 'When the last message was queued or the replay was canceled; null before.' }),
  })
  .meta({ id: 'WebhookReplay', description: 'Messages of an endpoint that are sent again.' });
export type WebhookReplay = z.infer<typeof WebhookReplay>;

const manage = 'data.webhooks.manage';

export const webhookEndpoints = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/webhook-endpoints',
    summary: 'Create a webhook endpoint',
    description: 'New events are sent from now on. Store `signing_secret` to verify the signatures; it cannot be retrieved again.',
    body: NewWebhookEndpoint,
    responses: { 201: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', permission: manage, quota: 'webhook_endpoints', audit: ['webhook_endpoint.create', 'webhook_endpoint'] },
  },
  list: {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    summary: 'List webhook endpoints, newest first',
    description: 'Use this to show where events are sent, and to find endpoints that were disabled.',
    query: pageQuery(),
    responses: { 200: z.array(WebhookEndpoint) },
    metadata: { auth: 'user+key', read: manage, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Retrieve a webhook endpoint',
    description: 'Use `disabled_reason` to find out why an endpoint receives nothing.',
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage },
  },
  update: {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Update a webhook endpoint',
    description:
      'While an endpoint is disabled, no events are stored for it, and pending deliveries fail. After you have repaired a receiver, set `enabled` to true.',
    body: WebhookEndpointChanges,
    responses: { 200: WebhookEndpoint },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.update', 'webhook_endpoint'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpoint_id}',
    summary: 'Delete a webhook endpoint and its deliveries',
    description: 'No more events are sent. To pause an endpoint, set `enabled` to false instead.',
    body: null,
    responses: { 200: Ok },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.delete', 'webhook_endpoint'] },
  },
  rotateSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/rotate-secret',
    summary: 'Rotate the signing secret',
    description:
      'Use this if the secret may have leaked. Replace it in your receiver within the grace period, in which messages have both signatures. A secret that is still signing because of an earlier rotation is dropped immediately.',
    body: SecretRotation,
    responses: { 200: WebhookEndpointWithSecret },
    metadata: { auth: 'user+key', read: manage, audit: ['webhook_endpoint.rotate_secret', 'webhook_endpoint'] },
  },
  test: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/test',
    summary: 'Send a test event',
    description:
      'Sends an example of an event, signed and delivered like a real one, but marked with `test: true` and attempted only once. Retrieve the returned delivery to see the response of the receiver.',
    body: WebhookTest,
    responses: { 202: WebhookDelivery },
    metadata: { auth: 'user+key', read: manage, rateLimit: 'webhook_test', audit: ['webhook_endpoint.test', 'webhook_endpoint'] },
  },
  replay: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/replay',
    summary: 'Replay messages',
    description:
      'Sends the messages of a time range again, oldest first, after a receiver was down or has lost data. Workers queue them in batches. At most 10,000 messages, one replay per endpoint at a time, and 20 an hour and account. Disabling the endpoint ends the replay.',
    body: NewWebhookReplay,
    responses: { 202: WebhookReplay },
    metadata: { auth: 'user+key', read: manage, rateLimit: 'webhook_replay', audit: ['webhook_endpoint.replay', 'webhook_endpoint'] },
  },
  lastReplay: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}/replay',
    summary: 'Retrieve the last replay',
    description: 'Shows how many messages the last replay has queued. 404 if there was none.',
    responses: { 200: WebhookReplay },
    metadata: { auth: 'user+key', read: manage },
  },
} as const satisfies Resource);

/** Deliveries are kept for 30 days. */
export const webhookDeliveries = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries',
    summary: 'List deliveries, newest first',
    description: 'Use this to find failed deliveries. Deliveries are kept for 30 days.',
    query: DeliveryQuery,
    responses: { 200: z.array(WebhookDelivery) },
    metadata: { auth: 'user+key', read: manage, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}',
    summary: 'Retrieve a delivery with its payload',
    description: 'Shows the payload that was sent and the last response, to debug a receiver.',
    responses: { 200: WebhookDeliveryDetail },
    metadata: { auth: 'user+key', read: manage },
  },
  redeliver: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver',
    summary: 'Redeliver a message',
    description:
      'Creates a new delivery of the same message and sends it at once, signed with the current secret. Use this after you have repaired the receiver. That of a test event counts toward the limit of test events.',
    body: null,
    responses: { 202: WebhookDelivery },
    metadata: { auth: 'user+key', read: manage, rateLimit: 'webhook_test', audit: ['webhook_endpoint.redeliver', 'webhook_endpoint'] },
  },
} as const satisfies Resource);
