import { statement } from '../../kernel/sql.ts';

/** A delivery that this process has claimed, with all that it takes to send it. */
export type Claimed = {
  id: string;
  account_id: string;
  endpoint_id: string;
  message_id: string;
  event_type: string;
  attempts: number;
  url: string;
  enabled: boolean;
  secret_sealed: Buffer;
  /** Only while it signs. */
  previous_secret_sealed: Buffer | null;
  body: string;
};

/** A claim or a result that a crash of the database loses is only made again, so its commit need not wait for the disk. */
export const commitSoon = statement<unknown>(`select set_config('synchronous_commit', 'off', true)`);

/** Workers claim one after the other, so that the claims of an endpoint are counted right: the statement after this one sees those of all before. */
export const lockClaims = statement<unknown>('select pg_advisory_xact_lock(7203118405)');

/**
 * Claim up to $1 due deliveries for $3 seconds under the name $4, at most $2 of an endpoint at a time, and first those of endpoints with few
 * under way. Walks from one queue to the next, so that a long one costs no more than a short one. What was locked is updated by its place:
 * joined by its key, the planner reads the whole table for every claim while that has some thousand rows.
 */
export const claimDue = statement<Claimed>(`
  with recursive queue as (
    (select account_id, endpoint_id from webhook_deliveries where status = 'pending' order by account_id, endpoint_id limit 1)
    union all
    select next.account_id, next.endpoint_id from queue q cross join lateral (
      select d.account_id, d.endpoint_id from webhook_deliveries d
      where d.status = 'pending' and (d.account_id, d.endpoint_id) > (q.account_id, q.endpoint_id)
      order by d.account_id, d.endpoint_id limit 1) next),
  due as materialized (
    select first.ctid from queue q
    cross join lateral (
      select count(*)::int as claims from webhook_deliveries c
      where c.account_id = q.account_id and c.endpoint_id = q.endpoint_id and c.claim_id is not null and c.claimed_until > clock_timestamp()) busy
    cross join lateral (
      select d.ctid, d.next_attempt_at, row_number() over (order by d.next_attempt_at, d.id) + busy.claims as place from (
        select w.ctid, w.id, w.next_attempt_at from webhook_deliveries w
        where w.account_id = q.account_id and w.endpoint_id = q.endpoint_id and w.status = 'pending' and w.next_attempt_at <= clock_timestamp()
          and (w.claimed_until is null or w.claimed_until < clock_timestamp())
        order by w.next_attempt_at limit greatest(0, $2::int - busy.claims) for update skip locked) d) first
    order by first.place, first.next_attempt_at limit $1)
  update webhook_deliveries d set claim_id = $4, claimed_until = clock_timestamp() + $3 * interval '1 second'
  from webhook_endpoints e, webhook_messages m
  where d.ctid = any (array(select ctid from due)) and e.account_id = d.account_id and e.id = d.endpoint_id
    and m.account_id = d.account_id and m.id = d.message_id
  returning d.id, d.account_id, d.endpoint_id, d.message_id, d.event_type, d.attempts, e.url, e.enabled, e.secret_sealed,
    case when e.previous_secret_expires_at > clock_timestamp() then e.previous_secret_sealed end as previous_secret_sealed, m.body`);

/** Endpoints are locked before deliveries of them are changed, as by who removes one with its deliveries: neither waits for the other for ever. */
export const holdEndpoints = statement<unknown>(`
  select from webhook_endpoints e where (e.account_id, e.id) in (select * from unnest($1::uuid[], $2::uuid[]))
  order by e.account_id, e.id for key share of e`);

/**
 * What became of attempts, each the n-th value of every array. What is to be tried again is not where the endpoint was disabled meanwhile.
 * Who no longer holds the claim changes nothing. A success ends a row of failures.
 */
export const recordAttempts = statement<never>(`
  with result as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::float8[], $7::int[], $8::text[], $9::text[])
      as r (account_id, id, claim_id, status, tried_at, wait, response_status, response_body, error)),
  written as (
    update webhook_deliveries d set claim_id = null, claimed_until = null, attempts = d.attempts + (r.tried_at is not null)::int,
      last_attempt_at = coalesce(r.tried_at, d.last_attempt_at), response_status = case when r.tried_at is null then d.response_status else r.response_status end,
      response_body = case when r.tried_at is null then d.response_body else r.response_body end,
      status = case when r.status = 'pending' and not e.enabled then 'failed' else r.status end,
      error = case when r.status = 'pending' and not e.enabled then 'endpoint_disabled' when r.status = 'pending' and r.tried_at is null then d.error else r.error end,
      next_attempt_at = case when r.status = 'pending' and e.enabled then clock_timestamp() + r.wait * interval '1 second' end
    from result r, webhook_endpoints e
    where d.account_id = r.account_id and d.id = r.id and d.claim_id = r.claim_id and d.status = 'pending'
      and e.account_id = d.account_id and e.id = d.endpoint_id
    returning d.account_id, d.endpoint_id, d.status),
  succeeded as (
    select e.account_id, e.id from webhook_endpoints e
    where (e.account_id, e.id) in (select account_id, endpoint_id from written where status = 'delivered') and e.consecutive_failures > 0
    order by e.account_id, e.id for no key update)
  update webhook_endpoints e set consecutive_failures = 0 from succeeded s where e.account_id = s.account_id and e.id = s.id`);

/** The last attempt of a delivery failed. */
export const failDelivery = statement<never>(`
  update webhook_deliveries d set claim_id = null, claimed_until = null, attempts = d.attempts + 1, last_attempt_at = $4, response_status = $5,
    response_body = $6, status = 'failed', error = $7, next_attempt_at = null
  where d.account_id = $1 and d.id = $2 and d.claim_id = $3 and d.status = 'pending'`);

/** One more failure in a row; an endpoint with $4 of them is disabled, and one that is $3 at once. Nothing where it is disabled already. */
export const countFailure = statement<{ enabled: boolean; disabled_reason: string | null; url: string }>(`
  update webhook_endpoints set consecutive_failures = consecutive_failures + 1,
    enabled = not ($3::boolean or consecutive_failures + 1 >= $4::int),
    disabled_reason = case when $3::boolean then 'gone' when consecutive_failures + 1 >= $4::int then 'consecutive_failures' end
  where account_id = $1 and id = $2 and enabled returning enabled, disabled_reason, url`);

export const insertAudit = statement<never>(`
  insert into audit_logs (id, account_id, action, target_type, target_id, trace_id, metadata)
  values ($1, $2, 'webhook_endpoint.auto_disable', 'webhook_endpoint', $3, $4, $5)`);

export const selectAdmins = statement<{ user_id: string }>(`select user_id from memberships where account_id = $1 and role = 'admin'`);
