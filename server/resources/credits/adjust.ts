import type { CreditAdjustment } from '../../../contract/credits.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { accountNotFound } from '../accounts/requireAccount.ts';
import { readSettings } from '../settings/settings.ts';
import { balanceOverflow, maxCredits } from './ledger.ts';
import * as queries from './queries.ts';

/**
 * Adds or removes credits and returns the new balance. Throws 404 `account_not_found`, 409 `insufficient_credits` or `balance_overflow`.
 */
export async function adjustCredits(scope: Scope, { account_id: accountId, amount, note }: CreditAdjustment): Promise<queries.BalanceRow> {
  const account = await scope.tx.row(queries.lockBalance, { accountId });
  if (!account) throw accountNotFound();
  const { balance } = account;
  if (balance + amount < 0)
    throw failWith('conflict', 'insufficient_credits', 'The account has not so many credits.', { balance, required: -amount });
  if (balance > maxCredits - amount) throw balanceOverflow();
  const auditId = newId();
  const { 'credit.low_threshold': lowThreshold } = await readSettings(scope.app.database, scope.tx);
  await scope.tx.run(queries.changeBalance, { accountId, id: newId(), amount, auditId, note: note || null, lowThreshold });
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
