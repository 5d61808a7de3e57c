import type { CreditOperation } from '../../../contract/credits.ts';
import { statement } from '../../kernel/sql.ts';
import { mostCredits } from './ledger.ts';

/** An operation; its columns are the fields that are published. */
export type OperationRow = CreditOperation;

const columns =
  'o.id, o.operation, o.amount, o.note, o.state, o.total, o.done, o.affected, o.failed, o.created_by, o.created_at, o.completed_at';

/** Accounts of one transaction. */
export const batchSize = 1_000;

/** What an operation $2 is about: a reset takes the credits of closed accounts, too. */
const concerned = `a.created_at <= now() and (a.deleted_at is null or $2 = 'reset_all')`;

/** Begin an operation; no row while another one runs. */
export const insertOperation = statement<OperationRow>(`
  insert into credit_operations as o (id, operation, amount, note, trace_id, created_by, total)
  select $1, $2, $3, $4, $5, $6, count(*) from accounts a where ${concerned}
  on conflict (state) where state = 'running' do nothing returning ${columns}`);

/** Whether an account would have too much if each were given $1. */
export const selectOverflow = statement<{ found: boolean }>(`
  select exists (select from credit_balances b join accounts a on a.id = b.account_id and a.deleted_at is null
    where b.balance > ${mostCredits} - $1::bigint) as found`);

export const selectOperation = statement<OperationRow>(`select ${columns} from credit_operations o where o.id = $1`);
export const selectRunning = statement<OperationRow>(`select ${columns} from credit_operations o where o.state = 'running'`);

/** Of two workers that are at the same operation one waits for the other, and goes on from where that came to. */
export const takeTurn = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('credit operation ' || $1::uuid::text, 0))`);

/** The operation $1, and the next accounts that it looks at. */
const next = `
  op as (select * from credit_operations where id = $1 and state = 'running'),
  next as materialized (
    select a.id, a.deleted_at from accounts a
    where a.id > (select last_account_id from op) and a.created_at <= (select created_at from op)
      and (a.deleted_at is null or (select operation from op) = 'reset_all')
    order by a.id limit ${batchSize})`;

/** Those who are given credits have a balance from here on. */
export const insertMissing = statement<never>(`
  with ${next} insert into credit_balances (account_id, balance)
  select next.id, 0 from next, op where op.amount > 0 order by next.id on conflict (account_id) do nothing`);

/**
 * Change the next balances, and note how far this came; no row when the operation has ended. Balances, ledger and progress are one statement, so
 * that a batch is there once or not at all. The balances are locked first, in the order of their accounts, and what the lock gives is up to date.
 * The update finds a row as it was when the statement began and looks again if it has changed: the first try, which is thrown away, must
 * keep within the bounds, too.
 */
export const changeBatch = statement<OperationRow>(`
  with ${next},
  held as materialized (
    select b.account_id, b.balance from credit_balances b join next on next.id = b.account_id order by b.account_id for update of b),
  wanted as (
    select h.account_id, h.balance, case when op.operation = 'reset_all' then -h.balance else greatest(op.amount, -h.balance) end as amount
    from held h, op),
  change as materialized (select * from wanted where amount <> 0 and balance <= ${mostCredits} - amount),
  entry as (
    insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, note, metadata)
    select c.account_id, new_id(), case when c.amount > 0 then 'credit' else 'debit' end, c.amount,
      case when op.operation = 'reset_all' then 'admin_reset' else 'admin_bulk_adjust' end, op.id, op.note,
      case when op.operation = 'reset_all' then '{}' else jsonb_build_object('requested_amount', op.amount) end
    from change c, op),
  moved as (
    update credit_balances b set balance = least(greatest(b.balance + c.amount, 0), ${mostCredits}) from change c where b.account_id = c.account_id),
  counted as (
    select (select count(*)::int from next) as seen, (select count(*)::int from change) as changed,
      (select count(*)::int from wanted where balance > ${mostCredits} - amount) as failed)
  update credit_operations o set
    state = case when counted.seen < ${batchSize} then 'completed' else 'running' end,
    completed_at = case when counted.seen < ${batchSize} then clock_timestamp() end,
    done = o.done + counted.seen, affected = o.affected + counted.changed, failed = o.failed + counted.failed,
    last_account_id = coalesce((select id from next order by id desc limit 1), o.last_account_id), moved_at = clock_timestamp()
  from counted, op where o.id = op.id returning ${columns}`);

/** One operation has one open job at most. */
export const addJob = statement<unknown>(
  `select graphile_worker.add_job($1, payload := $2::json, job_key := $3, queue_name := 'credit operations')`,
);
