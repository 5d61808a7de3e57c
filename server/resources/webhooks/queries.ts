import { expressionBuilder, sql } from 'kysely';
import type { WebhookDeliveryStatus, WebhookEventType } from '../../../contract/webhooks.ts';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { creditsUsed, runColumns } from '../runs/queries.ts';

const endpointColumns = [
  'id',
  'account_id',
  'url',
  'events',
  'enabled',
  'disabled_reason',
  'filter_project_ids',
  'filter_persona_ids',
  'header_names',
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
  'is_test',
  'created_at',
] as const;

type EndpointKey = { accountId: string; id: string };

/** A closed account cannot add endpoints. */
export const lockAccount = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).where('deleted_at', 'is', null).forNoKeyUpdate(),
);

type Secret = { sealedSecret: Buffer; secretPrefix: string };

type Filter = { projectIds: string[]; personaIds: string[] };
type Headers = { headerNames: string[]; sealedHeaders: Buffer | null };
type NewEndpoint = EndpointKey & Secret & Filter & Headers & { url: string; events: WebhookEventType[] };

export const insertEndpoint = statement<NewEndpoint>()((db, $) =>
  db
    .insertInto('webhook_endpoints')
    .values({
      account_id: $.accountId,
      id: $.id,
      url: $.url,
      events: $.events,
      filter_project_ids: sql<string[]>`${$.projectIds}::uuid[]`,
      filter_persona_ids: $.personaIds,
      header_names: $.headerNames,
      headers_sealed: $.sealedHeaders,
      secret_sealed: $.sealedSecret,
      secret_prefix: $.secretPrefix,
    })
    .returning(endpointColumns),
);

export const selectEndpoints = statement<{ accountId: string } & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('webhook_endpoints')
      .select(endpointColumns)
      .where('account_id', '=', $.accountId)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('url', 'filter_project_ids', 'filter_persona_ids', 'header_names'),
  ),
);

export const selectEndpoint = statement<EndpointKey>()((db, $) =>
  db.selectFrom('webhook_endpoints').select(endpointColumns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** An endpoint without its secrets. */
export type EndpointRow = RowOf<typeof selectEndpoint>;

export const lockUrl = statement<EndpointKey>()((db, $) =>
  db.selectFrom('webhook_endpoints').select('url').where('account_id', '=', $.accountId).where('id', '=', $.id).forNoKeyUpdate(),
);

type Nullable<T> = { [Name in keyof T]: T[Name] | null };
type Changes = Nullable<Filter & Headers & { url: string; events: WebhookEventType[]; enabled: boolean }>;

/** A null leaves a column unchanged; the headers change if `headerNames` is given. Enabling an endpoint resets its failures. An endpoint that is already disabled keeps its reason. */
export const updateEndpoint = statement<EndpointKey & Changes>()((db, $) =>
  db
    .updateTable('webhook_endpoints')
    .set({
      url: sql`coalesce(${$.url}, url)`,
      events: sql`coalesce(${$.events}, events)`,
      filter_project_ids: sql`coalesce(${$.projectIds}::uuid[], filter_project_ids)`,
      filter_persona_ids: sql`coalesce(${$.personaIds}::text[], filter_persona_ids)`,
      header_names: sql`coalesce(${$.headerNames}::text[], header_names)`,
      headers_sealed: sql`case when ${$.headerNames}::text[] is null then headers_sealed else ${$.sealedHeaders}::bytea end`,
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

type Shown = { status: WebhookDeliveryStatus | null; eventType: WebhookEventType | null };

/** A null parameter filters nothing. */
export const selectDeliveries = statement<OfEndpoint & Shown & PageKey>({ rowBytes: 8_000 })((db, $) =>
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

/** What is read only for a single delivery: the exact body that is sent, and the attempts. */
export const selectDetail = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .selectFrom('webhook_deliveries as d')
    .innerJoin('webhook_messages as m', (join) => join.onRef('m.account_id', '=', 'd.account_id').onRef('m.id', '=', 'd.message_id'))
    .select(['m.body', 'd.attempt_log'])
    .where('d.account_id', '=', $.accountId)
    .where('d.id', '=', $.id),
);

export type DetailRow = RowOf<typeof selectDetail>;

/** Locks the endpoint, so that it cannot be disabled before the delivery is inserted. */
export const lockEndpoint = statement<EndpointKey>()((db, $) =>
  db.selectFrom('webhook_endpoints').select('enabled').where('account_id', '=', $.accountId).where('id', '=', $.id).forShare(),
);

/** Inserts a new delivery of the same message, due immediately. Inserts nothing while the original delivery is pending. */
export const insertRedelivery = statement<OfEndpoint & { deliveryId: string; id: string }>()((db, $) =>
  db
    .insertInto('webhook_deliveries')
    .columns(['account_id', 'id', 'endpoint_id', 'message_id', 'event_type', 'next_attempt_at', 'redelivery_of', 'is_test'])
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
          'd.is_test',
        ])
        .where('d.account_id', '=', $.accountId)
        .where('d.endpoint_id', '=', $.endpointId)
        .where('d.id', '=', $.deliveryId)
        .where('d.status', '<>', sql.lit('pending' as const)),
    )
    .returning(deliveryColumns),
);

type TestDelivery = OfEndpoint & { id: string; messageId: string; eventType: WebhookEventType; body: string };

/** Inserts a message for one endpoint and its delivery, due immediately. */
export const insertTestDelivery = statement<TestDelivery>()((db, $) =>
  db
    .with('message', (qc) =>
      qc
        .insertInto('webhook_messages')
        .values({ account_id: $.accountId, id: $.messageId, event_type: $.eventType, body: $.body })
        .returning(['account_id', 'id', 'event_type']),
    )
    .insertInto('webhook_deliveries')
    .columns(['account_id', 'id', 'endpoint_id', 'message_id', 'event_type', 'next_attempt_at', 'is_test'])
    .expression((eb) =>
      eb
        .selectFrom('message as m')
        .select([
          'm.account_id',
          sql<string>`${$.id}::uuid`.as('id'),
          sql<string>`${$.endpointId}::uuid`.as('endpoint_id'),
          'm.id as message_id',
          'm.event_type',
          sql<string>`now()`.as('next_attempt_at'),
          sql.lit(true).as('is_test'),
        ]),
    )
    .returning(deliveryColumns),
);

const eventType = sql<WebhookEventType>`'run.' || r.status`;

const isInFilteredProject = expressionBuilder<WithAlias<'runs', 'r'>, 'r'>()
  .selectFrom('threads as t')
  .select(sql.lit(1).as('one'))
  .whereRef('t.account_id', '=', 'r.account_id')
  .whereRef('t.id', '=', 'r.thread_id')
  .where(sql<boolean>`t.project_id = any (e.filter_project_ids)`);

/** Whether endpoint `e` receives events of run `r`. */
const passesFilter = sql<boolean>`(e.filter_persona_ids = '{}'
  or coalesce(r.persona_id, split_part(r.requested_persona_id, '@', 1)) = any (e.filter_persona_ids))
  and (e.filter_project_ids = '{}' or exists ${isInFilteredProject})`;

/** The endpoints of the account that receive an event which is not about a run. Locks them against deletion. */
export const selectSubscribers = statement<{ accountId: string; eventType: WebhookEventType }>()((db, $) =>
  db
    .selectFrom('webhook_endpoints as e')
    .select('e.id as endpoint_id')
    .where('e.account_id', '=', $.accountId)
    .where('e.enabled', '=', sql.lit(true))
    .where(sql<boolean>`${$.eventType} = any (e.events)`)
    .orderBy('e.id')
    .forKeyShare('e'),
);

/**
 * The run once per endpoint that is to be told of its status: its end, or that it waits for input. Locks the endpoints against deletion, so that the end of a run cannot fail on a
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
    .where(passesFilter)
    .orderBy('e.id')
    .forKeyShare('e'),
);

export type SubscribedRunRow = RowOf<typeof selectSubscribed>;
