import type { AdminAccountChanges, AdminAccountsQuery } from '../../../contract/adminAccounts.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral, type Sql } from '../../kernel/sql.ts';
import { cancelRuns } from '../accounts/endAccess.ts';
import { lockRunSlots } from '../accounts/queries.ts';
import { lockAccount } from '../accounts/service.ts';
import type { AdminAccountRow } from './queries.ts';
import * as queries from './queries.ts';

/** The accounts of the platform, newest first. One that was closed is none. */
export async function listAccounts({ app, read }: Scope, { limit, before, q, status, type }: AdminAccountsQuery) {
  const list = ['all accounts', q ?? null, status ?? null, type ?? null];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const values = [q === undefined ? null : likeLiteral(q), status ?? null, type ?? null, createdAt, id, limit + 1];
  return app.cursors.page(await read.rows(queries.selectAccounts, values), limit, list, (row) => [row.created_at, row.id]);
}

async function readAccount(sql: Sql, id: string): Promise<AdminAccountRow> {
  const account = await sql.row(queries.selectAccount, [id]);
  if (!account) throw notFound();
  return account;
}

/** The account a path names. */
export const findAccount = ({ read }: Pick<Scope, 'read'>, id: string) => readAccount(read, id);

/**
 * Shut an account for everybody in it, or open it again. Throws 409 `cannot_modify_self` for the account that the caller acts in: he could not
 * open it again.
 */
export async function updateAccount(scope: Scope, { id }: AdminAccountRow, { status }: AdminAccountChanges): Promise<AdminAccountRow> {
  const { app, tx } = scope;
  if (status === 'suspended' && id === scope.accountId)
    throw refuse('conflict', 'cannot_modify_self', 'You act in this account: go to another one first.');
  const { status: before } = await lockAccount({ tx, accountId: id });
  if (status === before) scope.skipAudit();
  else {
    await tx.run(queries.updateStatus, [id, status]);
    if (status === 'suspended') await stopRuns(scope, id);
    const action = status === 'suspended' ? 'account.suspend' : 'account.activate';
    scope.audit({ action, accountId: id, before: { status: before }, after: { status } });
    scope.afterCommit(() => app.access.forgetEverybody());
  }
  return readAccount(tx, id);
}

/** A run that is being made is waited for and found here, or finds the account suspended. */
async function stopRuns(scope: Scope, accountId: string) {
  await scope.tx.rows(lockRunSlots, [accountId]);
  await cancelRuns(scope, accountId);
}
