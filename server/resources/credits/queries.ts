import type { CreditCause } from '../../../contract/credits.ts';
import { statement } from '../../kernel/sql.ts';
import { projectVisible } from '../projects/visible.ts';
import { reservedBy } from '../runs/queries.ts';

/** A row of the ledger as the queries give it. */
export type TransactionRow = {
  id: string;
  account_id: string;
  amount: number;
  type: 'credit' | 'debit';
  reference_type: CreditCause;
  reference_id: string | null;
  note: string | null;
  metadata: Record<string, unknown>;
  thread_title: string | null;
  created_at: string;
};

/** Whose title it is: what the user $2 may read; nobody ($2 is null) reads any. */
const threadTitle = `
  (select th.title from runs r join threads th on th.account_id = r.account_id and th.id = r.thread_id
    where t.reference_type = 'run' and r.account_id = t.account_id and r.id = t.reference_id and $2::uuid is not null
      and th.deleted_at is null and (th.expires_at is null or th.expires_at > now())
      and (th.created_by_user_id = $2 or (not th.is_private and exists (
        select from projects p where p.account_id = th.account_id and p.id = th.project_id and p.visibility = 'shared' and ${projectVisible}))))`;

/**
 * The ledger of an account from the sort key ($8, $9) on, newest first. $3: whether the reader manages projects; $4: sees what is others' too;
 * $5: who asks; $6, $7: the first and the last day.
 */
export const selectTransactions = statement<TransactionRow>(`
  select t.id, t.account_id, t.amount, t.type, t.reference_type, t.reference_id, t.note, t.metadata, ${threadTitle} as thread_title, t.created_at
  from credit_transactions t
  where t.account_id = $1 and ($4::boolean or t.user_id is null or t.user_id = $5)
    and ($6::date is null or t.created_at >= $6::date) and ($7::date is null or t.created_at < $7::date + 1)
    and ($8::timestamptz is null or (t.created_at, t.id) < ($8, $9::uuid))
  order by t.created_at desc, t.id desc limit $10`);

/** A balance, and the credits that runs under way have reserved. */
export type BalanceRow = { balance: number; reserved: number };

/** The balance of an account that is there; an account that never had credits has 0. */
export const selectBalance = statement<BalanceRow>(`
  select coalesce((select b.balance from credit_balances b where b.account_id = a.id), 0) as balance, ${reservedBy('$1')} as reserved
  from accounts a where a.id = $1 and a.deleted_at is null`);

/** The balance of an account, locked until the commit; made where there is none. */
export const lockBalance = statement<BalanceRow>(`
  insert into credit_balances as b (account_id, balance) select a.id, 0 from accounts a where a.id = $1 and a.deleted_at is null
  on conflict (account_id) do update set balance = b.balance returning b.balance, ${reservedBy('$1')} as reserved`);

/** Change a balance that is locked: the account $1 by the amount $3, with a row in the ledger under the id $2. */
export const moveBalance = statement<never>(`
  with entry as (
    insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, note)
    values ($1, $2, case when $3::bigint > 0 then 'credit' else 'debit' end, $3, 'admin_adjust', $4, $5))
  update credit_balances set balance = balance + $3::bigint where account_id = $1`);
