import type { Queryable } from '../../database/sql.ts';
import * as queries from './queries.ts';

/** Gives a newly registered user, in their personal account, the broadcasts to all users of the last 30 days. */
export const backfillUser = (tx: Queryable, userId: string, personalAccountId: string): Promise<void> =>
  backfill(tx, userId, personalAccountId, null);

/** Gives a new member of an account the broadcasts to the account of the last 30 days that they have not received. */
export const backfillMember = (tx: Queryable, userId: string, accountId: string): Promise<void> =>
  backfill(tx, userId, accountId, accountId);

/** Call it late in the transaction: from here until the commit, the next fan-out waits. */
async function backfill(tx: Queryable, userId: string, accountId: string, target: string | null) {
  await tx.row(queries.lockReceiversShared);
  await tx.run(queries.backfill, { accountId, userId, targetId: target });
}
