import type { Check } from './finding.ts';

/** The number of keys of the search indexes that are compared. */
const sampledKeys = 300;

/** Messages, search indexes and webhooks. */
export const contentChecks: readonly Check[] = [
  {
    kind: 'message.number',
    sql: `select t.id as subject, format('last_message_number %s, but %s messages from %s to %s', t.last_message_number, m.n, m.first, m.last) as detail
      from threads t join (select thread_id, count(*) as n, min(number) as first, max(number) as last from messages group by thread_id) m on m.thread_id = t.id
      where m.last > t.last_message_number`,
  },
  {
    kind: 'webhook.chain',
    sql: `select e.id as subject, format('run %s (%s) has %s deliveries', r.id, r.status, count(d.id)) as detail
      from webhook_endpoints e
      join runs r on r.account_id = e.account_id and r.parent_run_id is null and r.status not in ('running', 'waiting_for_input', 'cancelling')
        and r.created_at > e.created_at and 'run.' || r.status = any (e.events)
      left join webhook_deliveries d on d.account_id = e.account_id and d.endpoint_id = e.id and d.message_id = r.id and d.redelivery_of is null
      where e.enabled and not exists (select from audit_logs a where a.target_type = 'webhook_endpoint' and a.target_id = e.id::text
        and a.action in ('webhook_endpoint.auto_disable', 'webhook_endpoint.update'))
      group by e.id, r.id, r.status having count(d.id) <> 1`,
  },
  {
    kind: 'webhook.delivery',
    sql: `select d.id as subject, format('%s after %s attempts, response %s, message %s of endpoint %s', d.status, d.attempts, d.response_status, d.message_id, d.endpoint_id) as detail
      from webhook_deliveries d left join webhook_messages m on m.account_id = d.account_id and m.id = d.message_id
      left join webhook_deliveries o on o.account_id = d.account_id and o.id = d.redelivery_of
      where m.id is null or (d.status = 'delivered' and (d.attempts = 0 or d.response_status not between 200 and 299))
        or (d.status <> 'pending' and d.claim_id is not null)
        or (d.redelivery_of is not null and (o.message_id is distinct from d.message_id or o.endpoint_id is distinct from d.endpoint_id))`,
  },
  {
    kind: 'webhook.pending',
    isSettled: true,
    sql: `select id as subject, format('due since %s, claimed until %s, %s attempts', next_attempt_at, claimed_until, attempts) as detail
      from webhook_deliveries where status = 'pending' and next_attempt_at < now() - interval '30 seconds'
        and (claimed_until is null or claimed_until < now() - interval '10 seconds')`,
  },
  ...[
    ['threads', 'search_keys(account_id, created_by_user_id, title)', 'title is not null'],
    ['messages', 'search_keys(account_id, thread_owner_id, content)', `visible and role <> 'tool'`],
  ].map(([table, keys, condition]) => ({
    kind: 'search.index',
    // Counts by the index and by reading the table must be equal.
    sql: `with computed as materialized (select id, ${keys} as keys from ${table} where ${condition}),
      sampled as materialized (select key, count(distinct id) as n from computed cross join unnest(keys) key group by key order by md5(key::text) limit ${sampledKeys})
      select '${table}' as subject, format('key %s: %s rows by index, %s by text', s.key, i.n, s.n) as detail
      from sampled s cross join lateral (
        select count(*) as n from ${table} where ${condition} and ${keys} @> array[s.key]) i
      where i.n <> s.n`,
  })),
];
