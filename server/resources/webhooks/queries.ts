import type { WebhookDeliveryStatus, WebhookEndpoint, WebhookError, WebhookEventType } from '../../../contract/webhooks.ts';
import { statement } from '../../kernel/sql.ts';

/** An endpoint without its secrets. */
export type EndpointRow = {
  id: string;
  account_id: string;
  url: string;
  events: WebhookEventType[];
  enabled: boolean;
  disabled_reason: WebhookEndpoint['disabled_reason'];
  secret_prefix: string;
  previous_secret_expires_at: string | null;
  created_at: string;
};

export type DeliveryRow = {
  id: string;
  endpoint_id: string;
  account_id: string;
  message_id: string;
  event_type: WebhookEventType;
  status: WebhookDeliveryStatus;
  attempts: number;
  last_attempt_at: string | null;
  next_attempt_at: string | null;
  response_status: number | null;
  response_body: string | null;
  error: WebhookError | null;
  redelivery_of: string | null;
  created_at: string;
};

const endpointColumns = `id, account_id, url, events, enabled, disabled_reason, secret_prefix,
  case when previous_secret_expires_at > now() then previous_secret_expires_at end as previous_secret_expires_at, created_at`;
const deliveryColumns = `id, endpoint_id, account_id, message_id, event_type, status, attempts, last_attempt_at, next_attempt_at, response_status,
  response_body, error, redelivery_of, created_at`;

/** An account that is closed gets no endpoint. */
export const lockAccount = statement<{ id: string }>('select id from accounts where id = $1 and deleted_at is null for no key update');

export const insertEndpoint = statement<EndpointRow>(`
  insert into webhook_endpoints (account_id, id, url, events, secret_sealed, secret_prefix)
  values ($1, $2, $3, $4, $5, $6) returning ${endpointColumns}`);

export const selectEndpoints = statement<EndpointRow>(`
  select ${endpointColumns} from webhook_endpoints
  where account_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
  order by created_at desc, id desc limit $4`);

export const selectEndpoint = statement<EndpointRow>(`select ${endpointColumns} from webhook_endpoints where account_id = $1 and id = $2`);

/** What is null stays. Who switches an endpoint on forgets its failures; one that is off already keeps its reason. */
export const updateEndpoint = statement<EndpointRow>(`
  update webhook_endpoints set url = coalesce($3, url), events = coalesce($4, events), enabled = coalesce($5::boolean, enabled),
    disabled_reason = case when $5::boolean then null when not $5::boolean and enabled then 'manual' else disabled_reason end,
    consecutive_failures = case when $5::boolean then 0 else consecutive_failures end
  where account_id = $1 and id = $2 returning ${endpointColumns}`);

export const deleteEndpoint = statement<never>('delete from webhook_endpoints where account_id = $1 and id = $2');
export const deleteEndpointsOf = statement<never>('delete from webhook_endpoints where account_id = $1');

/** The secret there is signs for $5 seconds more, or not at all. */
export const rotateSecret = statement<EndpointRow>(`
  update webhook_endpoints set secret_sealed = $3, secret_prefix = $4,
    previous_secret_sealed = case when $5::int > 0 then secret_sealed end,
    previous_secret_expires_at = case when $5::int > 0 then now() + $5::int * interval '1 second' end
  where account_id = $1 and id = $2 returning ${endpointColumns}`);

/** What waits for an endpoint that was disabled fails. What a worker has just claimed is answered by that worker. */
export const refuseWaiting = statement<never>(`
  update webhook_deliveries d set status = 'failed', error = 'endpoint_disabled', next_attempt_at = null, claim_id = null, claimed_until = null
  where d.account_id = $1 and d.id in (
    select w.id from webhook_deliveries w
    where w.account_id = $1 and w.endpoint_id = $2 and w.status = 'pending' and (w.claimed_until is null or w.claimed_until < clock_timestamp())
    for update skip locked)`);

/** Newest first; $3 and $4 are a status and a type, or null for all. */
export const selectDeliveries = statement<DeliveryRow>(`
  select ${deliveryColumns} from webhook_deliveries
  where account_id = $1 and endpoint_id = $2 and ($3::text is null or status = $3) and ($4::text is null or event_type = $4)
    and ($5::timestamptz is null or (created_at, id) < ($5::timestamptz, $6::uuid))
  order by created_at desc, id desc limit $7`);

export const selectDelivery = statement<DeliveryRow>(
  `select ${deliveryColumns} from webhook_deliveries where account_id = $1 and endpoint_id = $2 and id = $3`,
);

export const selectBody = statement<{ body: string }>('select body from webhook_messages where account_id = $1 and id = $2');

/** The endpoint is locked, so that it stays enabled until the delivery is in its queue. */
export const lockEndpoint = statement<{ enabled: boolean }>(
  'select enabled from webhook_endpoints where account_id = $1 and id = $2 for share',
);

/** A new delivery of the message of the delivery $3, due at once; none while that is pending. */
export const insertRedelivery = statement<DeliveryRow>(`
  insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, next_attempt_at, redelivery_of)
  select d.account_id, $4::uuid, d.endpoint_id, d.message_id, d.event_type, now(), d.id from webhook_deliveries d
  where d.account_id = $1 and d.endpoint_id = $2 and d.id = $3 and d.status <> 'pending'
  returning ${deliveryColumns}`);
