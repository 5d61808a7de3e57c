import type { BulkCreditAdjustment, CreditAdjustment, CreditCause, CreditReset } from '../../../contract/credits.ts';
import { refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { accountNotFound } from '../accounts/existing.ts';
import { mostCredits, overflow } from './ledger.ts';
import * as queries from './queries.ts';

/** One operation of an administrator: all of its rows name the entry that the audit log keeps of it. */
type Operation = { cause: CreditCause; auditId: string; note: string | undefined; metadata?: object };
type Change = { accountId: string; amount: number };

const move = (tx: Sql, changes: readonly Change[], { cause, auditId, note = '', metadata = {} }: Operation) =>
  tx.run(queries.moveBalances, [
    changes.map(({ accountId }) => accountId),
    changes.map(() => newId()),
    changes.map(({ amount }) => amount),
    cause,
    auditId,
    note || null,
    JSON.stringify(metadata),
  ]);

/** Give or take credits. Answers with the new balance; throws 404 `account_not_found`, 409 `insufficient_credits` or `balance_overflow`. */
export async function adjustCredits(scope: Scope, { account_id: accountId, amount, note }: CreditAdjustment): Promise<queries.BalanceRow> {
  const account = await scope.tx.row(queries.lockBalance, [accountId]);
  if (!account) throw accountNotFound();
  const { balance } = account;
  if (balance + amount < 0)
    throw refuse('conflict', 'insufficient_credits', 'The account has not so many credits.', { balance, required: -amount });
  if (balance > mostCredits - amount) throw overflow();
  const auditId = newId();
  await move(scope.tx, [{ accountId, amount }], { cause: 'admin_adjust', auditId, note });
  scope.audit({
    id: auditId,
    accountId: null,
    targetId: accountId,
    metadata: { amount, note: note ?? null },
    before: { account_id: accountId, balance },
    after: { account_id: accountId, balance: balance + amount },
  });
  return { ...account, balance: balance + amount };
}

/** Give every account credits, or take from each what it has at most. How many changed; throws 409 `balance_overflow`. */
export async function adjustAll(scope: Scope, { amount, note }: BulkCreditAdjustment): Promise<number> {
  const operation: Operation = { cause: 'admin_bulk_adjust', auditId: newId(), note, metadata: { requested_amount: amount } };
  if (amount > 0) await scope.tx.run(queries.insertMissing);
  const affected = await changeAll(scope.tx, { empty: amount > 0, closed: false }, operation, (balance) => {
    if (balance > mostCredits - amount) throw overflow();
    return Math.max(amount, -balance);
  });
  noteBatch(scope, operation, 'bulk_adjust', amount, affected);
  return affected;
}

/** Take all credits from every account. How many changed. */
export async function resetAll(scope: Scope, { note }: CreditReset): Promise<number> {
  const operation: Operation = { cause: 'admin_reset', auditId: newId(), note };
  const affected = await changeAll(scope.tx, { empty: false, closed: true }, operation, (balance) => -balance);
  noteBatch(scope, operation, 'reset_all', null, affected);
  return affected;
}

/** Balances are locked page by page in the order of their accounts, and only those that are locked are changed. */
async function changeAll(
  tx: Sql,
  { empty, closed }: { empty: boolean; closed: boolean },
  operation: Operation,
  amountOf: (balance: number) => number,
): Promise<number> {
  let affected = 0;
  for (let after = firstId; ; ) {
    const page = await tx.rows(queries.lockNext, [after, empty, closed]);
    if (page.length === 0) return affected;
    const changes = page.map(({ account_id: accountId, balance }) => ({ accountId, amount: amountOf(balance) }));
    affected += await move(tx, changes, operation);
    after = page.at(-1)!.account_id;
  }
}
const firstId = '00000000-0000-0000-0000-000000000000';

function noteBatch(scope: Scope, { auditId, note }: Operation, operation: string, amount: number | null, affected: number) {
  scope.audit({
    id: auditId,
    accountId: null,
    targetId: null,
    metadata: { operation, amount, note: note ?? null, affected_count: affected },
  });
}
