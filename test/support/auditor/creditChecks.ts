import type { Check } from './finding.ts';

/** Ledger, charges, reservations, and the sums kept by triggers. */
export const creditChecks: readonly Check[] = [
  {
    kind: 'ledger.balance',
    sql: `select coalesce(b.account_id, t.account_id)::text as subject, format('balance %s, ledger %s', b.balance, t.sum) as detail
      from credit_balances b full join (select account_id, sum(amount) as sum from credit_transactions group by account_id) t
        on t.account_id = b.account_id
      where coalesce(b.balance, 0) <> coalesce(t.sum, 0)`,
  },
  {
    kind: 'charge.repeated',
    sql: `select reference_id as subject, format('%s charges of %s credits', count(*), sum(amount)) as detail from credit_transactions
      where reference_type = 'run' group by reference_id having count(*) > 1`,
  },
  {
    kind: 'charge.missing',
    sql: `select r.id as subject, format('%s without usage record', r.status) as detail from runs r
      where r.status = 'completed' and not exists (select from usage_records u where u.account_id = r.account_id and u.run_id = r.id)`,
  },
  {
    kind: 'charge.amount',
    sql: `select u.run_id as subject, format('charged %s, recorded %s, shortfall %s, run tokens %s and %s, record tokens %s and %s', t.amount, t.charged, u.shortfall,
        r.total_input_tokens, r.total_output_tokens, u.input_tokens, u.output_tokens) as detail
      from usage_records u join runs r on r.id = u.run_id
      left join (select reference_id, sum(amount) as amount, sum((metadata ->> 'charged')::bigint) as charged, sum((metadata ->> 'shortfall')::bigint) as shortfall
        from credit_transactions where reference_type = 'run' group by reference_id) t on t.reference_id = u.run_id
      where u.input_tokens <> r.total_input_tokens or u.output_tokens <> r.total_output_tokens
        or -t.amount <> t.charged or u.shortfall <> t.shortfall`,
  },
  {
    kind: 'charge.orphan',
    sql: `select t.reference_id as subject, 'charged, but without usage record' as detail from credit_transactions t
      where t.reference_type = 'run' and not exists (select from usage_records u where u.account_id = t.account_id and u.run_id = t.reference_id)`,
  },
  {
    kind: 'reservation.held',
    isSettled: true,
    sql: `select account_id as subject, format('%s credits are still reserved by %s runs', sum(reserved_credits), count(*)) as detail from runs
      where status in ('running', 'waiting_for_input', 'cancelling') and reserved_credits > 0 group by account_id`,
  },
  {
    kind: 'credits.operation',
    sql: `select o.id as subject, format('%s of %s accounts done, %s affected, %s ledger rows', o.done, o.total, o.affected, count(t.id)) as detail
      from credit_operations o left join credit_transactions t on t.reference_id = o.id and t.reference_type in ('admin_bulk_adjust', 'admin_reset')
      group by o.id having count(t.id) <> o.affected or (o.state = 'completed' and o.done < o.total)`,
  },
  {
    kind: 'credits.operation_open',
    isSettled: true,
    sql: `select id as subject, format('%s of %s accounts done, last change %s', done, total, moved_at) as detail from credit_operations where state = 'running'`,
  },
  ...['usage_rollups', 'platform_usage_rollups'].map((table) => ({
    kind: 'usage.rollup',
    sql: `select '${table}' as subject, row_to_json(d)::text as detail from (
        (select 'not recorded' as what, k.* from (select * from ${table} where record_count > 0 except select * from recorded_${table}) k)
        union all
        (select 'recorded' as what, k.* from (select * from recorded_${table} except select * from ${table} where record_count > 0) k)) d`,
  })),
  {
    kind: 'quota.counter',
    sql: `select coalesce(q.account_id, s.account_id)::text as subject, format('%s: counted %s, stored %s bytes', coalesce(q.quota, s.quota), q.used, s.bytes) as detail
      from quota_usage q full join (select account_id, quota, sum(bytes)::bigint as bytes from stored_bytes group by 1, 2) s
        on s.account_id = q.account_id and s.quota = q.quota
      where coalesce(q.used, 0) <> coalesce(s.bytes, 0)`,
  },
];
