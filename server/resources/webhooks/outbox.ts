import type { App } from '../../kernel/app.ts';
import { newId } from '../../kernel/ids.ts';
import { type Sql, statement, type Transaction } from '../../kernel/sql.ts';

/** The channel on which it is announced that there are deliveries to be sent. */
export const webhookChannel = 'arkloop_webhooks';

const iso = (time: string) => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// A row as JSON is minified, and so are the bytes that are signed and sent.
const body = `
  (select row_to_json(message)::text from (
    select 'run.' || r.status as type, ${iso('coalesce(r.completed_at, r.failed_at, r.cancelled_at)')} as timestamp, row_to_json(facts) as data
    from (select r.id as run_id, r.account_id, r.thread_id, r.status, ${iso('r.created_at')} as created_at, ${iso('r.completed_at')} as completed_at,
      ${iso('r.failed_at')} as failed_at, ${iso('r.cancelled_at')} as cancelled_at, left(r.model, 500) as model, r.total_input_tokens, r.total_output_tokens,
      trim_scale(r.total_cost_usd) as total_cost_usd, coalesce((select -sum(c.amount)::bigint from credit_transactions c
        where c.account_id = r.account_id and c.reference_type = 'run' and c.reference_id = r.id and c.type = 'debit'), 0) as credits_used,
      left(r.error ->> 'error_class', 500) as error_class, case when r.status = 'failed' then coalesce((r.error ->> 'resumable')::boolean, false) end as resumable,
      r.trace_id) facts) message)`;

/** The endpoints are locked against being removed: the end of a run does not fail because of one. An id keeps the time of $3 and gets 48 bits of its own. */
const insert = statement<unknown>(`
  with subscribed as materialized (
    select e.account_id, e.id from runs r join webhook_endpoints e on e.account_id = r.account_id
    where r.account_id = $1 and r.id = $2 and r.parent_run_id is null and e.enabled and 'run.' || r.status = any (e.events)
    order by e.id for key share of e),
  message as (
    insert into webhook_messages (account_id, id, event_type, body)
    select r.account_id, r.id, 'run.' || r.status, ${body} from runs r
    where r.account_id = $1 and r.id = $2 and exists (select from subscribed)
    on conflict do nothing returning account_id, id, event_type),
  delivery as (
    insert into webhook_deliveries (account_id, id, endpoint_id, message_id, event_type, next_attempt_at)
    select m.account_id, (left($3::text, 24) || right(gen_random_uuid()::text, 12))::uuid, s.id, m.id, m.event_type, now()
    from message m cross join subscribed s returning id)
  select pg_notify('${webhookChannel}', '') from (select from delivery limit 1) one`);

/**
 * Put what the account's endpoints are to be told of the end of a run into the queue, in the transaction that ends it and after the run was
 * charged. Costs no round trip: it travels with the commit. Nothing is written for runs under others, or where nobody subscribed.
 */
export function insertDeliveries(tx: Transaction, run: { id: string; account_id: string }): void {
  tx.withCommit(tx.rows(insert, [run.account_id, run.id, newId()]));
}

const notify = statement<unknown>(`select pg_notify('${webhookChannel}', '')`);

/** Wake the workers up; a hint, for they look by themselves too. */
export function announceDeliveries({ database, log }: Pick<App, 'log'> & { database: Sql }): void {
  database.rows(notify).catch((error) => log.warn({ err: error }, 'a notification was not sent'));
}
