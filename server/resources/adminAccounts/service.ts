import type { AdminAccountChanges, AdminAccountsQuery } from '../../../contract/adminAccounts.ts';
import { likeLiteral, type Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { cancelRuns } from '../accounts/endAccess.ts';
import { lockRunSlots } from '../accounts/queries.ts';
import { lockAccount } from '../accounts/service.ts';
import type { AdminAccountRow } from './queries.ts';
import * as queries from './queries.ts';

export async function listAccounts({ app, db }: Scope, query: AdminAccountsQuery) {
  const { q = null, status = null, type = null } = query;
  const pattern = q === null ? null : likeLiteral(q);
  return app.cursors.fetchPage(
    query,
    ['all accounts', q, status, type],
    (key) => db.rows(queries.selectAccounts, { pattern, status, type, ...key }),
    (row) => [row.created_at, row.id],
  );
}

async function readAccount(sql: Queryable, accountId: string): Promise<AdminAccountRow> {
  const account = await sql.row(queries.selectAccount, { accountId });
  if (!account) throw notFound();
  return account;
}

export const findAccount = ({ db }: Pick<Scope, 'db'>, id: string) => readAccount(db, id);

/**
 * Suspends an account for all of its members, or activates it again. Throws 409 `cannot_modify_self` for the active account of the caller,
 * who could not activate it again, and 409 `account_of_platform_admin` if a service key would lock out a platform admin.
 */
export async function updateAccount(scope: Scope, { id }: AdminAccountRow, { status }: AdminAccountChanges): Promise<AdminAccountRow> {
  const { app, tx } = scope;
  if (status === 'suspended' && id === scope.accountId)
    throw failWith('conflict', 'cannot_modify_self', 'You act in this account: go to another one first.');
  const { status: before } = await lockAccount({ tx, accountId: id });
  if (status === 'suspended' && scope.actor.serviceKeyId && (await tx.row(queries.selectActiveAdmin, { accountId: id })))
    throw failWith('conflict', 'account_of_platform_admin', 'A service key cannot suspend an account with a platform admin as member.');
  if (status === before) scope.skipAudit();
  else {
    await tx.run(queries.updateStatus, { accountId: id, status });
    if (status === 'suspended') await stopRuns(scope, id);
    const action = status === 'suspended' ? 'account.suspend' : 'account.activate';
    scope.audit({ action, accountId: id, before: { status: before }, after: { status } });
    scope.afterCommit(() => app.accessControl.invalidateAllUsers());
  }
  return readAccount(tx, id);
}

/** The lock waits for runs that are being created: each is canceled here, or sees that the account is suspended. */
async function stopRuns(scope: Scope, accountId: string) {
  await scope.tx.rows(lockRunSlots, { accountId });
  await cancelRuns(scope, accountId);
}
