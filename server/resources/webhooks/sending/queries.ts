import { type RawBuilder, sql } from 'kysely';
import type { WebhookAttempt, WebhookDeliveryStatus, WebhookError, WebhookEvent } from '../../../../contract/webhooks.ts';
import { jsonb, sqlStatement, statement } from '../../../database/statement.ts';

/** A delivery that this process has claimed, with everything needed to send it. */
export type ClaimedDelivery = {
  id: string;
  account_id: string;
  endpoint_id: string;
  message_id: string;
  event_type: string;
  attempts: number;
  is_test: boolean;
  url: string;
  enabled: boolean;
  secret_sealed: Buffer;
  /** Null after it has expired. */
  previous_secret_sealed: Buffer | null;
  headers_sealed: Buffer | null;
  body: string;
  age_seconds: number;
};

export const traceIdOf = ({ body }: ClaimedDelivery): string => (JSON.parse(body) as WebhookEvent).data.trace_id;

/** Ordered, so that the planner takes the index of pending deliveries. */
export const selectPending = statement()((db) =>
  db
    .selectFrom('webhook_deliveries')
    .select(sql.lit(1).as('one'))
    .where('status', '=', sql.lit('pending'))
    .orderBy('account_id')
    .orderBy('endpoint_id')
    .limit(sql.lit(1)),
);

/** Serializes claims, so that the limit per endpoint holds: the next statement sees all earlier claims. */
export const lockClaims = statement()((db) => db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(7203118405)`.as('locked')));

/**
 * Claims due deliveries, except those of suspended accounts, which wait: at most `limitOfEndpoint` per endpoint at a time, endpoints with few claims first. Walks from one queue to the
 * next by index (loose index scan), so a long queue costs no more than a short one. Locked rows are updated by `ctid`: when joined by key,
 * the planner reads the whole table per claim while the table has a few thousand rows. A template, because the builder supports neither the
 * recursive walk nor `ctid`.
 */
export const claimDue = sqlStatement<{ limit: number; limitOfEndpoint: number; seconds: number; claimId: string }>({ bound: 'batch' })(
  ($) => sql<ClaimedDelivery>`
  with recursive queue as (
    (select account_id, endpoint_id from webhook_deliveries where status = 'pending' order by account_id, endpoint_id limit 1)
    union all
    select next.account_id, next.endpoint_id from queue q cross join lateral (
      select d.account_id, d.endpoint_id from webhook_deliveries d
      where d.status = 'pending' and (d.account_id, d.endpoint_id) > (q.account_id, q.endpoint_id)
      order by d.account_id, d.endpoint_id limit 1) next),
  due as materialized (
    select first.ctid from queue q
    cross join lateral (select from accounts a where a.id = q.account_id and a.status = 'active' and a.deleted_at is null limit 1) a
    cross join lateral (
      select count(*)::int as claims from webhook_deliveries c
      where c.account_id = q.account_id and c.endpoint_id = q.endpoint_id and c.claim_id is not null and c.claimed_until > clock_timestamp()) busy
    cross join lateral (
      select d.ctid, d.next_attempt_at, row_number() over (order by d.next_attempt_at, d.id) + busy.claims as place from (
        select w.ctid, w.id, w.next_attempt_at from webhook_deliveries w
        where w.account_id = q.account_id and w.endpoint_id = q.endpoint_id and w.status = 'pending' and w.next_attempt_at <= clock_timestamp()
          and (w.claimed_until is null or w.claimed_until < clock_timestamp())
        order by w.next_attempt_at limit greatest(0, ${$.limitOfEndpoint}::int - busy.claims) for update skip locked) d) first
    order by first.place, first.next_attempt_at limit ${$.limit})
  update webhook_deliveries d set claim_id = ${$.claimId}, claimed_until = clock_timestamp() + ${$.seconds} * interval '1 second'
  from webhook_endpoints e, webhook_messages m
  where d.ctid = any (array(select ctid from due)) and e.account_id = d.account_id and e.id = d.endpoint_id
    and m.account_id = d.account_id and m.id = d.message_id
  returning d.id, d.account_id, d.endpoint_id, d.message_id, d.event_type, d.attempts, d.is_test, e.url, e.enabled, e.secret_sealed, e.headers_sealed,
    case when e.previous_secret_expires_at > clock_timestamp() then e.previous_secret_sealed end as previous_secret_sealed, m.body,
    extract(epoch from clock_timestamp() - d.created_at)::float8 as age_seconds`,
);

/**
 * Locks endpoints before their deliveries, in the same order as the deletion of an endpoint with its deliveries, so that the two do not
 * deadlock.
 */
export const lockEndpointsKeyShare = statement<{ accountIds: string[]; endpointIds: string[] }>()((db, $) =>
  db
    .selectFrom('webhook_endpoints as e')
    .select('e.id')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('e.account_id', 'e.id'),
        'in',
        selectFrom(
          sql<{ account_id: string; id: string }>`unnest(${$.accountIds}::uuid[], ${$.endpointIds}::uuid[])`.as<'named'>(
            sql`named (account_id, id)`,
          ),
        )
          .select(['named.account_id', 'named.id'])
          .$asTuple('account_id', 'id'),
      ),
    )
    .orderBy('e.account_id')
    .orderBy('e.id')
    .forKeyShare('e'),
);

type Results = {
  accountIds: string[];
  ids: string[];
  claimIds: string[];
  statuses: WebhookDeliveryStatus[];
  triedAt: (Date | null)[];
  waits: number[];
  responseStatuses: (number | null)[];
  responseBodies: (string | null)[];
  errors: (WebhookError | null)[];
  /** JSON of `WebhookAttempt`. */
  attempts: (string | null)[];
};
type Result = {
  account_id: string;
  id: string;
  claim_id: string;
  status: WebhookDeliveryStatus;
  tried_at: string | null;
  wait: number;
  response_status: number | null;
  response_body: string | null;
  error: WebhookError | null;
  attempt: string | null;
};

/** The last 20 attempts, including `attempt` (JSON). */
const withAttempt = (attempt: RawBuilder<string | null>) => sql<WebhookAttempt[]>`case when ${attempt}::text is null then d.attempt_log
  when jsonb_array_length(d.attempt_log) >= 20 then d.attempt_log - 0 || ${attempt}::jsonb else d.attempt_log || ${attempt}::jsonb end`;

/**
 * Records outcomes; each parameter is an array with one element per outcome. A pending delivery to an endpoint that was disabled in the
 * meantime fails. An attempt that has lost its claim changes nothing. A success, except of a test, resets the failure count of the endpoint.
 */
export const recordAttempts = statement<Results>()((db, $) =>
  db
    .with('result', (qc) =>
      qc
        .selectFrom(
          sql<Result>`unnest(${$.accountIds}::uuid[], ${$.ids}::uuid[], ${$.claimIds}::uuid[], ${$.statuses}::text[], ${$.triedAt}::timestamptz[], ${$.waits}::float8[], ${$.responseStatuses}::int[], ${$.responseBodies}::text[], ${$.errors}::text[], ${$.attempts}::text[])`.as<'r'>(
            sql`r (account_id, id, claim_id, status, tried_at, wait, response_status, response_body, error, attempt)`,
          ),
        )
        .selectAll(),
    )
    .with('written', (qc) =>
      qc
        .updateTable('webhook_deliveries as d')
        .from(['result as r', 'webhook_endpoints as e'])
        .set({
          claim_id: sql.lit(null),
          claimed_until: sql.lit(null),
          attempts: sql`d.attempts + (r.tried_at is not null)::int`,
          attempt_log: withAttempt(sql.ref('r.attempt')),
          last_attempt_at: sql`coalesce(r.tried_at, d.last_attempt_at)`,
          response_status: sql`case when r.tried_at is null then d.response_status else r.response_status end`,
          response_body: sql`case when r.tried_at is null then d.response_body else r.response_body end`,
          status: sql`case when r.status = 'pending' and not e.enabled then 'failed' else r.status end`,
          error: sql`case when r.status = 'pending' and not e.enabled then 'endpoint_disabled' when r.status = 'pending' and r.tried_at is null then coalesce(r.error, d.error) else r.error end`,
          next_attempt_at: sql`case when r.status = 'pending' and e.enabled then clock_timestamp() + r.wait * interval '1 second' end`,
        })
        .whereRef('d.account_id', '=', 'r.account_id')
        .whereRef('d.id', '=', 'r.id')
        .whereRef('d.claim_id', '=', 'r.claim_id')
        .where('d.status', '=', sql.lit('pending' as const))
        .whereRef('e.account_id', '=', 'd.account_id')
        .whereRef('e.id', '=', 'd.endpoint_id')
        .returning(['d.account_id', 'd.endpoint_id', 'd.status', 'd.is_test']),
    )
    .with('succeeded', (qc) =>
      qc
        .selectFrom('webhook_endpoints as e')
        .select(['e.account_id', 'e.id'])
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('e.account_id', 'e.id'),
            'in',
            selectFrom('written as w')
              .select(['w.account_id', 'w.endpoint_id'])
              .where('w.status', '=', sql.lit('delivered' as const))
              .where('w.is_test', '=', sql.lit(false))
              .$asTuple('account_id', 'endpoint_id'),
          ),
        )
        .where('e.consecutive_failures', '>', sql.lit(0))
        .orderBy('e.account_id')
        .orderBy('e.id')
        .forNoKeyUpdate(),
    )
    .updateTable('webhook_endpoints as e')
    .from('succeeded as s')
    .set({ consecutive_failures: sql.lit(0) })
    .whereRef('e.account_id', '=', 's.account_id')
    .whereRef('e.id', '=', 's.id'),
);

type FailedDelivery = {
  accountId: string;
  id: string;
  claimId: string;
  triedAt: Date | null;
  responseStatus: number | null;
  responseBody: string | null;
  error: WebhookError | null;
  attempt: string | null;
};

/** Records that the last attempt of a delivery failed. */
export const failDelivery = statement<FailedDelivery>()((db, $) =>
  db
    .updateTable('webhook_deliveries as d')
    .set((eb) => ({
      claim_id: sql.lit(null),
      claimed_until: sql.lit(null),
      attempts: eb('d.attempts', '+', sql.lit(1)),
      attempt_log: withAttempt($.attempt),
      last_attempt_at: sql<string | null>`${$.triedAt}`,
      response_status: $.responseStatus,
      response_body: $.responseBody,
      status: sql.lit('failed' as const),
      error: $.error,
      next_attempt_at: sql.lit(null),
    }))
    .where('d.account_id', '=', $.accountId)
    .where('d.id', '=', $.id)
    .where('d.claim_id', '=', $.claimId)
    .where('d.status', '=', sql.lit('pending' as const)),
);

/** Counts a failure. `maxFailures` in a row, or `isGone`, disable the endpoint. Changes nothing if the endpoint is already disabled. */
export const countFailure = statement<{ accountId: string; endpointId: string; isGone: boolean; maxFailures: number }>()((db, $) =>
  db
    .updateTable('webhook_endpoints')
    .set((eb) => ({
      consecutive_failures: eb('consecutive_failures', '+', sql.lit(1)),
      enabled: sql`not (${$.isGone}::boolean or consecutive_failures + 1 >= ${$.maxFailures}::int)`,
      disabled_reason: sql`case when ${$.isGone}::boolean then 'gone' when consecutive_failures + 1 >= ${$.maxFailures}::int then 'consecutive_failures' end`,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.endpointId)
    .where('enabled', '=', sql.lit(true))
    .returning(['enabled', 'disabled_reason', 'url']),
);

type Audit = { id: string; accountId: string; endpointId: string; traceId: string; metadata: string };

export const insertAudit = statement<Audit>()((db, $) =>
  db.insertInto('audit_logs').values({
    id: $.id,
    account_id: $.accountId,
    action: sql.lit('webhook_endpoint.auto_disable' as const),
    target_type: sql.lit('webhook_endpoint' as const),
    target_id: $.endpointId,
    trace_id: $.traceId,
    metadata: jsonb<Record<string, unknown>>($.metadata),
  }),
);

export const selectAdmins = statement<{ accountId: string }>({ bound: 'members' })((db, $) =>
  db
    .selectFrom('memberships')
    .select('user_id')
    .where('account_id', '=', $.accountId)
    .where('role', '=', sql.lit('admin' as const)),
);

/**
 * A replay that is running, on which no worker works and whose endpoint has fewer than `maxPending` pending deliveries: a receiver that is down
 * again holds its replay back until its deliveries have ended or it is disabled. Any of them, so that one that fails does not hold up the others.
 */
export const selectRunnableReplay = statement<{ maxPending: number }>()((db, $) =>
  db
    .selectFrom('webhook_replays as r')
    .select(['r.account_id', 'r.endpoint_id', 'r.until', 'r.only_failed', 'r.cursor_at', 'r.cursor_id', 'r.created_at'])
    .where('r.status', '=', sql.lit('running' as const))
    .where(({ selectFrom }) => {
      const pending = selectFrom('webhook_deliveries as d')
        .select(sql.lit(1).as('one'))
        .whereRef('d.account_id', '=', 'r.account_id')
        .whereRef('d.endpoint_id', '=', 'r.endpoint_id')
        .where('d.status', '=', sql.lit('pending' as const))
        .limit($.maxPending)
        .as('p');
      return sql<boolean>`${selectFrom(pending).select(sql`count(*)`.as('n'))} < ${$.maxPending}::int`;
    })
    .orderBy(sql`random()`)
    .limit(sql.lit(1))
    .forUpdate('r')
    .skipLocked(),
);
