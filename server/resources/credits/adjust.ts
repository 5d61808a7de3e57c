import type { CreditAdjustment } from '../../../contract/credits.ts';
import { refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { accountNotFound } from '../accounts/existing.ts';
import { mostCredits, overflow } from './ledger.ts';
import * as queries from './queries.ts';

/** Give or take credits. Answers with the new balance; throws 404 `account_not_found`, 409 `insufficient_credits` or `balance_overflow`. */
export async function adjustCredits(scope: Scope, { account_id: accountId, amount, note }: CreditAdjustment): Promise<queries.BalanceRow> {
  const account = await scope.tx.row(queries.lockBalance, [accountId]);
  if (!account) throw accountNotFound();
  const { balance } = account;
  if (balance + amount < 0)
    throw refuse('conflict', 'insufficient_credits', 'The account has not so many credits.', { balance, required: -amount });
  if (balance > mostCredits - amount) throw overflow();
  const auditId = newId();
  await scope.tx.run(queries.moveBalance, [accountId, newId(), amount, auditId, note || null]);
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
