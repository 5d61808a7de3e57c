import type { AccountChanges, AccountClosing, NewAccount } from '../../../contract/accounts.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { type Permission, permissionsOf } from '../../../contract/shared/permissions.ts';
import { Failure, invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import { isPlainName } from '../../kernel/lookalikes.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { expected, readTimeZone } from '../auth/fields.ts';
import { holdSession } from '../auth/holdSession.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { endAccount } from './endAccess.ts';
import { selectRole } from './memberQueries.ts';
import type { AccountRow } from './queries.ts';
import * as queries from './queries.ts';

/** The account, locked until the commit. Throws 404 once it is closed. */
export async function lockAccount({ tx, accountId }: Pick<Scope, 'tx' | 'accountId'>) {
  const account = await tx.row(queries.lockAccount, [accountId]);
  if (!account) throw notFound();
  return account;
}

/** What cannot be done with a personal account. */
export const personalAccount = () => refuse('conflict', 'personal_account', 'This is not possible in a personal account.');

/** Lock a user who joins an account. Throws 401 to whoever was suspended or deleted while the request was on its way. */
export async function lockActiveUser(tx: Sql, userId: string): Promise<void> {
  if (!(await tx.row(queries.lockUser, [userId]))) throw refuse('unauthenticated', 'session_revoked', 'The session has ended.');
}

/**
 * Locks the account until the commit and checks the caller's right again: it may have ended since the request was admitted. Throws 401, 403 and
 * 404 as the admission does.
 */
export async function lockAccountFor(scope: Scope, permission: Permission) {
  const { tx, accountId, actor } = scope;
  await holdSession(tx, actor);
  const account = await lockAccount(scope);
  const member = await tx.row(selectRole, [accountId, actor.userId]);
  if (!member) throw notFound();
  if (!permissionsOf(member.role).includes(permission))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission });
  return { ...account, role: member.role };
}

/** Open a workspace, with its maker as admin and without credits. Throws 409 `slug_taken`. */
export async function createAccount({ app, tx, actor, audit, afterCommit }: Scope, { slug, name }: NewAccount): Promise<AccountRow> {
  const { userId } = actor;
  checkName(name);
  await lockActiveUser(tx, userId);
  const account = await tx.row(queries.insertWorkspace, [newId(), slug, name, userId]);
  if (!account) throw refuse('conflict', 'slug_taken', 'This slug is taken.');
  await tx.run(queries.insertAdmin, [account.id, userId]);
  await tx.run(queries.insertEmptyBalance, [account.id]);
  await ensureDefaultProject(tx, account.id, userId);
  audit({ accountId: account.id, targetId: account.id, metadata: { slug, name } });
  afterCommit(() => app.access.forgetUser(userId));
  return { ...account, role: 'admin' };
}

/** Throws 400 for a name that looks like another one: invitations are mailed under it. */
function checkName(name: string) {
  if (!isPlainName(name)) throw invalidField('/name', expected.name);
}

/** The accounts of the caller, whichever is active, newest first. */
export async function listAccounts({ app, read, actor }: Scope, { limit, before }: PageQuery) {
  const list = ['accounts', actor.userId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectAccountsOf, [actor.userId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The account a path names, with the caller's role in it. */
export async function getAccount({ read, accountId, actor }: Pick<Scope, 'read' | 'accountId' | 'actor'>): Promise<AccountRow> {
  const account = await read.row(queries.selectAccount, [accountId, actor.userId]);
  if (!account) throw notFound();
  return account;
}

/** Rename an account or set its time zone. */
export async function updateAccount(scope: Scope, { name, timezone }: AccountChanges): Promise<AccountRow> {
  const zone = readTimeZone(timezone);
  if (zone === undefined) throw invalidField('/timezone', expected.timezone);
  if (name !== undefined) checkName(name);
  const account = await lockAccountFor(scope, 'account.members.invite');
  const before = { name: account.name, timezone: account.timezone };
  const after = { name: name ?? before.name, timezone: timezone === undefined ? before.timezone : zone };
  await scope.tx.run(queries.updateAccount, [account.id, after.name, after.timezone]);
  scope.audit({ before, after });
  return { ...account, ...after };
}

/** Close a workspace for good. Throws 400 unless its slug is repeated, 409 `personal_account`. */
export async function closeAccount(scope: Scope, { slug }: AccountClosing): Promise<void> {
  const { tx, accountId } = scope;
  const account = await lockAccountFor(scope, 'account.members.revoke');
  if (slug !== account.slug) throw invalidField('/slug', 'must be the slug of the account');
  if (account.type === 'personal') throw personalAccount();
  await tx.rows(queries.lockRunSlots, [accountId]);
  const members = await endAccount(scope, accountId);
  scope.audit({ targetId: accountId, metadata: { slug, members } });
}
