import type { AccountChanges, AccountClosing, NewAccount } from '../../../contract/accounts.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { type Permission, permissionsOf } from '../../../contract/shared/permissions.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, failWith, invalidField, notFound } from '../../platform/failure.ts';
import { isPlainName } from '../../platform/identity/lookalikes.ts';
import { fieldRules, readTimeZone } from '../auth/fields.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { closeLockedAccount } from './endAccess.ts';
import { selectRole } from './memberQueries.ts';
import type { AccountRow } from './queries.ts';
import * as queries from './queries.ts';

/** Locks the account until the commit. Throws 404 if it is closed. */
export async function lockAccount({ tx, accountId }: Pick<Scope, 'tx' | 'accountId'>) {
  const account = await tx.row(queries.lockAccount, { accountId });
  if (!account) throw notFound();
  return account;
}

export const personalAccountError = () => failWith('conflict', 'personal_account', 'This is not possible in a personal account.');

/** Locks a user who joins an account. Throws 401 if the user was suspended or deleted after the request was authenticated. */
export async function lockActiveUser(tx: Queryable, userId: string): Promise<void> {
  if (!(await tx.row(queries.lockUser, { userId }))) throw failWith('unauthenticated', 'session_revoked', 'The session has ended.');
}

/**
 * Locks the account until the commit and checks the caller's permission again, because it may have been revoked since the request was
 * authorized. Throws 401, 403 and 404 as the authorization of the request does.
 */
export async function lockAccountFor(scope: Scope, permission: Permission) {
  const { tx, accountId, actor } = scope;
  await lockSession(tx, actor);
  const account = await lockAccount(scope);
  const member = await tx.row(selectRole, { accountId, userId: actor.userId });
  if (!member) throw notFound();
  if (!permissionsOf(member.role).includes(permission))
    throw new Failure('forbidden', 'You may not do this.', { reason: 'missing_permission', permission });
  return { ...account, role: member.role };
}

/** Creates a workspace without credits; the caller becomes its admin. Throws 409 `slug_taken`. */
export async function createAccount({ app, tx, actor, audit, afterCommit }: Scope, { slug, name }: NewAccount): Promise<AccountRow> {
  const { userId } = actor;
  checkName(name);
  await lockActiveUser(tx, userId);
  const account = await tx.row(queries.insertWorkspace, { id: newId(), slug, name, userId });
  if (!account) throw failWith('conflict', 'slug_taken', 'This slug is taken.');
  await tx.run(queries.insertAdmin, { accountId: account.id, userId });
  await tx.run(queries.insertEmptyBalance, { accountId: account.id });
  await ensureDefaultProject(tx, account.id, userId);
  audit({ accountId: account.id, targetId: account.id, metadata: { slug, name } });
  afterCommit(() => app.accessControl.invalidateUser(userId));
  return { ...account, role: 'admin' };
}

/** Throws 400 for a name that can imitate another one, because invitations are mailed under it. */
function checkName(name: string) {
  if (!isPlainName(name)) throw invalidField('/name', ...fieldRules.name);
}

export const listAccounts = ({ app, db, actor: { userId } }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['accounts', userId],
    (key) => db.rows(queries.selectAccountsOfUser, { userId, ...key }),
    (row) => [row.created_at, row.id],
  );

export async function getAccount({ db, accountId, actor }: Pick<Scope, 'db' | 'accountId' | 'actor'>): Promise<AccountRow> {
  const account = await db.row(queries.selectAccount, { accountId, userId: actor.userId });
  if (!account) throw notFound();
  return account;
}

export async function updateAccount(
  scope: Scope,
  { name, timezone, low_credit_threshold: threshold, second_factor_required_from: requiredFrom }: AccountChanges,
): Promise<AccountRow> {
  const zone = readTimeZone(timezone);
  if (zone === undefined) throw invalidField('/timezone', ...fieldRules.timezone);
  if (name !== undefined) checkName(name);
  const account = await lockAccountFor(scope, 'account.members.invite');
  const { timezone: current, low_credit_threshold, second_factor_required_from } = account;
  const before = { name: account.name, timezone: current, low_credit_threshold, second_factor_required_from };
  const after = {
    name: name ?? before.name,
    timezone: timezone === undefined ? current : zone,
    low_credit_threshold: threshold === undefined ? low_credit_threshold : threshold,
    second_factor_required_from: requiredFrom === undefined ? second_factor_required_from : requiredFrom,
  };
  await scope.tx.run(queries.updateAccount, { accountId: account.id, ...after });
  scope.audit({ before, after });
  if (after.second_factor_required_from !== second_factor_required_from)
    scope.afterCommit(() => scope.app.accessControl.invalidateAllUsers());
  return { ...account, ...after };
}

/** Closes a workspace permanently. Throws 400 `slug_mismatch` unless its slug is repeated, or 409 `personal_account`. */
export async function closeAccount(scope: Scope, { slug }: AccountClosing): Promise<void> {
  const { accountId } = scope;
  const account = await lockAccountFor(scope, 'account.members.revoke');
  if (slug !== account.slug) throw invalidField('/slug', 'must be the slug of the account', 'slug_mismatch');
  if (account.type === 'personal') throw personalAccountError();
  const members = await closeLockedAccount(scope, accountId);
  scope.audit({ targetId: accountId, metadata: { slug, members } });
}
