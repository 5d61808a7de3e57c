import type { CreditTransaction } from '../../../contract/credits.ts';
import type { BalanceRow, TransactionRow } from './queries.ts';

/** A balance as published: what is reserved beyond it, because another run or an adjustment took the credits, leaves nothing available. */
export const viewBalance = ({ balance, reserved }: BalanceRow) => ({ balance, reserved, available: Math.max(0, balance - reserved) });

/** A row of the ledger as published. */
export const viewTransaction = (row: TransactionRow): CreditTransaction => ({
  id: row.id,
  account_id: row.account_id,
  amount: row.amount,
  type: row.type,
  reference_type: row.reference_type,
  reference_id: row.reference_id,
  note: row.note,
  metadata: Object.keys(row.metadata).length > 0 ? row.metadata : null,
  thread_title: row.thread_title,
  created_at: row.created_at,
});
