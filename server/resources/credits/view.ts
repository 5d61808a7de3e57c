import type { CreditOperation, CreditTransaction } from '../../../contract/credits.ts';
import type { OperationRow } from './operationQueries.ts';
import type { BalanceRow, TransactionRow } from './queries.ts';

/** `reserved` can exceed `balance` after the charge of another run or an adjustment; `available` is then 0. */
export const viewBalance = ({ balance, reserved }: BalanceRow) => ({ balance, reserved, available: Math.max(0, balance - reserved) });

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

export const viewOperation = (row: OperationRow): CreditOperation => ({
  id: row.id,
  operation: row.operation,
  amount: row.amount,
  note: row.note,
  state: row.state,
  total: row.total,
  done: row.done,
  affected: row.affected,
  failed: row.failed,
  created_by: row.created_by,
  created_at: row.created_at,
  completed_at: row.completed_at,
});
