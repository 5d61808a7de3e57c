import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { failWith } from '../../platform/failure.ts';

/** Locks an open account. `for share` also keeps it from being closed until the commit, unlike `for key share`. */
const selectAccountForShare = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).where('deleted_at', 'is', null).forShare(),
);

/** False if the account is closed. Otherwise it stays open until the commit of the transaction. */
export const keepOpen = async (tx: Queryable, accountId: string): Promise<boolean> =>
  (await tx.row(selectAccountForShare, { accountId })) !== undefined;

/** For platform routes that name an account. Throws 404 `account_not_found`. In a transaction, the row stays locked until the commit. */
export async function requireAccount(sql: Queryable, accountId: string): Promise<void> {
  if (!(await keepOpen(sql, accountId))) throw accountNotFound();
}

export const accountNotFound = () => failWith('not_found', 'account_not_found', 'There is no such account.');
