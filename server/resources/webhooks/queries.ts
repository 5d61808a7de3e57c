import { sql } from 'kysely';
import type { WebhookDeliveryStatus, WebhookEventType } from '../../../contract/webhooks.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { creditsUsed, runColumns } from '../runs/queries.ts';

const endpointColumns = [
  'id',
  'account_id',
  'url',
  'events',
  'enabled',
  'disabled_reason',
  'secret_prefix',
  sql<string | null>`case when previous_secret_expires_at > now() then previous_secret_expires_at end`.as('previous_secret_expires_at'),
  'created_at',
] as const;
const deliveryColumns = [
  'id',
  'endpoint_id',
  'account_id',
  'message_id',
  'event_type',
  'status',
  'attempts',
  'last_attempt_at',
  'next_attempt_at',
  'response_status',
  'response_body',
  'error',
  'redelivery_of',
  'created_at',
] as const;

type EndpointKey = { accountId: string; id: string };

/** A closed account cannot add endpoints. */
export const lockAccount = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).where('deleted_at', 'is', null).forNoKeyUpdate(),
);

type Secret = { sealedSecret: Buffer; secretPrefix: string };

export const insertEndpoint = statement<EndpointKey & Secret & { url: string; events: WebhookEventType[] }>()((db, $) =>
  db
    .insertInto('webhook_endpoints')
    .values({
      account_id: $.accountId,
      id: $.id,
      url: $.url,
      events: $.events,
      secret_sealed: $.sealedSecret,
      secret_prefix: $.secretPrefix,
    })
    .returning(endpointColumns),
);

export const selectEndpoints = statement<{ accountId: string } & PageKey>()((db, $) =>
  db
    .selectFrom('webhook_endpoints')
    .select(endpointColumns)
    .where('account_id', '=', $.accountId)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectEndpoint = statement<EndpointKey>()((db, $) =>
  db.selectFrom('webhook_endpoints').select(endpointColumns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** An endpoint without its secrets. */
export type EndpointRow = RowOf<typeof selectEndpoint>;

type Changes = { url: string | null; events: WebhookEventType[] | null; enabled: boolean | null };

/** A null leaves a column unchanged. Enabling an endpoint resets its failures. An endpoint that is already disabled keeps its reason. */
export const updateEndpoint = statement<EndpointKey & Changes>()((db, $) =>
  db
    .updateTable('webhook_endpoints')
    .set({
      url: sql`coalesce(${$.url}, url)`,
      events: sql`coalesce(${$.events}, events)`,
      enabled: sql`coalesce(${$.enabled}::boolean, enabled)`,
      disabled_reason: sql`case when ${$.enabled}::boolean then null when not ${$.enabled}::boolean and enabled then 'manual' else disabled_reason end`,
      consecutive_failures: sql`case when ${$.enabled}::boolean then 0 else consecutive_failures end`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .returning(endpointColumns),
);

export const deleteEndpoint = statement<EndpointKey>()((db, $) =>
  db.deleteFrom('webhook_endpoints').where('account_id', '=', $.accountId).where('id', '=', $.id),
);
export const deleteEndpointsOf = statement<{ accountId: string }>()((db, $) =>
  db.deleteFrom('webhook_endpoints').where('account_id', '=', $.accountId),
);

/** The previous secret signs for another `graceSeconds`; with 0 it stops immediately. */
export const rotateSecret = statement<EndpointKey & Secret & { graceSeconds: number }>()((db, $) =>
  db
    .updateTable('webhook_endpoints')
    .set({
      secret_sealed: $.sealedSecret,
      secret_prefix: $.secretPrefix,
      previous_secret_sealed: sql`case when ${$.graceSeconds}::int > 0 then secret_sealed end`,
      previous_secret_expires_at: sql`case when ${$.graceSeconds}::int > 0 then now() + ${$.graceSeconds}::int * interval '1 second' end`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .returning(endpointColumns),
);

type OfEndpoint = { accountId: string; endpointId: string };

/** Fails the pending deliveries of a disabled endpoint. A delivery that a worker has claimed is completed by that worker. */
export const failPendingDeliveries = statement<OfEndpoint>()((db, $) =>
  db
    .updateTable('webhook_deliveries as d')
    .set({
      status: sql.lit('failed' as const),
      error: sql.lit('endpoint_disabled' as const),
      next_attempt_at: sql.lit(null),
      claim_id: sql.lit(null),
      claimed_until: sql.lit(null),
    })
    .where('d.account_id', '=', $.accountId)
    .where('d.id', 'in', ({ selectFrom }) =>
      selectFrom('webhook_deliveries as w')
        .select('w.id')
        .where('w.account_id', '=', $.accountId)
        .where('w.endpoint_id', '=', $.endpointId)
        .where('w.status', '=', sql.lit('pending' as const))
        .where(({ eb, or }) => or([eb('w.claimed_until', 'is', null), eb('w.claimed_until', '<', sql<string>`clock_timestamp()`)]))
        .forUpdate()
        .skipLocked(),
    ),
);

type Filter = { status: WebhookDeliveryStatus | null; eventType: WebhookEventType | null };

/** A null parameter filters nothing. */
export const selectDeliveries = statement<OfEndpoint & Filter & PageKey>()((db, $) =>
  db
    .selectFrom('webhook_deliveries')
    .select(deliveryColumns)
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where(({ eb, or }) => or([eb(sql`${$.status}::text`, 'is', null), eb('status', '=', $.status)]))
    .where(({ eb, or }) => or([eb(sql`${$.eventType}::text`, 'is', null), eb('event_type', '=', $.eventType)]))
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectDelivery = statement<OfEndpoint & { id: string }>()((db, $) =>
  db
    .selectFrom('webhook_deliveries')
    .select(deliveryColumns)
    .where('account_id', '=', $.accountId)
    .where('endpoint_id', '=', $.endpointId)
    .where('id', '=', $.id),
);

export type DeliveryRow = RowOf<typeof selectDelivery>;

export const selectBody = statement<{ accountId: string; messageId: string }>()((db, $) =>
  db.selectFrom('webhook_messages').select('body').where('account_id', '=', $.accountId).where('id', '=', $.messageId),
);

/** Locks the endpoint, so that it cannot be disabled before the delivery is inserted. */
export const lockEndpoint = statement<EndpointKey>()((db, $) =>
  db.selectFrom('webhook_endpoints').select('enabled').where('account_id', '=', $.accountId).where('id', '=', $.id).forShare(),
);

/** Inserts a new delivery of the same message, due immediately. Inserts nothing while the original delivery is pending. */
export const insertRedelivery = statement<OfEndpoint & { deliveryId: string; id: string }>()((db, $) =>
  db
    .insertInto('webhook_deliveries')
    .columns(['account_id', 'id', 'endpoint_id', 'message_id', 'event_type', 'next_attempt_at', 'redelivery_of'])
    .expression(
      db
        .selectFrom('webhook_deliveries as d')
        .select([
          'd.account_id',
          sql<string>`${$.id}::uuid`.as('id'),
          'd.endpoint_id',
          'd.message_id',
          'd.event_type',
          sql<string>`now()`.as('next_attempt_at'),
          'd.id as redelivery_of',
        ])
        .where('d.account_id', '=', $.accountId)
        .where('d.endpoint_id', '=', $.endpointId)
        .where('d.id', '=', $.deliveryId)
        .where('d.status', '<>', sql.lit('pending' as const)),
    )
    .returning(deliveryColumns),
);

const eventType = sql<WebhookEventType>`'run.' || r.status`;

/**
 * The run once per endpoint that is to be told of its end. Locks the endpoints against deletion, so that the end of a run cannot fail on a
 * foreign key.
 */
export const selectSubscribed = statement<{ accountId: string; runId: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoin('webhook_endpoints as e', 'e.account_id', 'r.account_id')
    .select(runColumns)
    .select(['e.id as endpoint_id', creditsUsed().as('credits_used')])
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.runId)
    .where('r.parent_run_id', 'is', null)
    .where('e.enabled', '=', sql.lit(true))
    .where(sql<boolean>`${eventType} = any (e.events)`)
    .orderBy('e.id')
    .forKeyShare('e'),
);

export type EndedRunRow = RowOf<typeof selectSubscribed>;
