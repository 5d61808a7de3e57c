import type { Sql } from '../../kernel/sql.ts';
import * as queries from './queries.ts';

/** Give somebody who was just registered, with his personal account, the broadcasts to all of the last 30 days. */
export const backFillUser = (tx: Sql, userId: string, personalAccountId: string): Promise<void> =>
  fill(tx, userId, personalAccountId, null);

/** Give somebody who just joined an account the broadcasts to it of the last 30 days that he has not had. */
export const backFillMember = (tx: Sql, userId: string, accountId: string): Promise<void> => fill(tx, userId, accountId, accountId);

/** Late in the transaction: the next fan-out waits for it from here on. */
async function fill(tx: Sql, userId: string, accountId: string, target: string | null) {
  await tx.row(queries.lockAsReceiver);
  await tx.run(queries.backFill, [accountId, userId, target]);
}
