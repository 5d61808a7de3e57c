import type { AdminErasuresQuery, NewErasure, NewUserErasure } from '../../../contract/erasures.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, failWith, invalidField, notFound } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { accountNotFound } from '../accounts/requireAccount.ts';
import { lockAccountFor, personalAccountError } from '../accounts/service.ts';
import { selectActiveAdmin } from '../adminAccounts/queries.ts';
import { requirePassword } from '../auth/changePassword.ts';
import { lockAdminSession } from '../auth/sessions/lockSession.ts';
import { readSettings } from '../settings/settings.ts';
import { announceErasure } from './announce.ts';
import type { ErasureDetailsRow, ErasureRow } from './queries.ts';
import * as queries from './queries.ts';
import { dequeueErasure, queueErasure } from './queue.ts';

/** Loads an account, closed or not. Throws 404 `account_not_found`. */
export async function findAnyAccount({ db }: Scope, id: string): Promise<{ id: string }> {
  if (!(await db.row(queries.selectOwner, { accountId: id }))) throw accountNotFound();
  return { id };
}

/** Loads a user, deleted or not, with their personal account. */
export async function findDeletedUser({ db }: Scope, userId: string) {
  const user = await db.row(queries.selectDeletedUser, { userId });
  if (!user) throw notFound();
  return user;
}

export async function findErasure({ db }: Scope, id: string): Promise<ErasureDetailsRow> {
  const erasure = await db.row(queries.selectErasure, { id });
  if (!erasure) throw notFound();
  return erasure;
}

/** Throws 404 for an erasure that somebody else has requested. */
export async function findOwnErasure(scope: Scope, id: string): Promise<ErasureDetailsRow> {
  const erasure = await findErasure(scope, id);
  if (erasure.requested_by !== scope.actor.userId) throw notFound();
  return erasure;
}

export const listOwnErasures = ({ app, db, actor: { userId } }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['own erasures', userId],
    (key) => db.rows(queries.selectRequested, { userId, ...key }),
    (row) => [row.created_at, row.id],
  );

export const listErasures = ({ app, db }: Scope, { state, ...page }: AdminErasuresQuery) =>
  app.cursors.fetchPage(
    page,
    ['erasures', state],
    (key) => db.rows(queries.selectErasures, { state: state ?? null, ...key }),
    (row) => [row.created_at, row.id],
  );

/** The erasure of the account of the path. Throws 404 if none is scheduled. */
export async function getOpenErasure({ db, accountId }: Scope): Promise<ErasureRow> {
  const open = await db.row(queries.selectOpen, { accountId });
  if (!open) throw notFound();
  return open;
}

/**
 * Schedules the erasure of the caller's workspace. Throws 403 `not_owner`, 401 without a recent sign-in or the password, 400 `slug_mismatch`, 409
 * `personal_account` and `erasure_exists`.
 */
export async function requestErasure(scope: Scope, { slug, current_password: password, reference }: NewErasure): Promise<ErasureRow> {
  const { accountId } = scope;
  await requireOwner(scope);
  await requirePassword(scope, password);
  const account = await lockAccountFor(scope, 'account.members.revoke');
  if (slug !== account.slug) throw invalidField('/slug', 'must be the slug of the account', 'slug_mismatch');
  if (account.type === 'personal') throw personalAccountError();
  return schedule(scope, { accountId, userId: null, byPlatform: false, reference, name: account.name });
}

/** Throws 404, 403 `not_owner`, and 409 `erasure_running` if it has begun or a platform admin has requested it. */
export async function cancelOwnErasure(scope: Scope): Promise<void> {
  await requireOwner(scope);
  await lockAccountFor(scope, 'account.members.revoke');
  const open = await scope.tx.row(queries.selectOpen, { accountId: scope.accountId });
  if (!open) throw notFound();
  if (open.by_platform) throw failWith('conflict', 'erasure_of_platform', 'A platform admin has requested this erasure.');
  await cancel(scope, open, scope.accountId);
}

/**
 * Schedules the erasure of any account: a workspace, or a closed account. Throws as `requestErasure`, 409 `user_not_deleted` for the personal account
 * of a user, and 409 `account_of_platform_admin` for a service key.
 */
export async function eraseAnyAccount(
  scope: Scope,
  { id: accountId }: { id: string },
  { slug, current_password: password, reference }: NewErasure,
): Promise<ErasureRow> {
  await confirm(scope, password);
  const account = await scope.tx.row(queries.lockAnyAccount, { accountId });
  if (!account) throw accountNotFound();
  if (slug !== account.slug) throw invalidField('/slug', 'must be the slug of the account', 'slug_mismatch');
  if (account.type === 'personal' && account.owner_status !== 'deleted') throw userNotDeleted();
  if (scope.actor.serviceKeyId && (await scope.tx.row(selectActiveAdmin, { accountId })))
    throw failWith('conflict', 'account_of_platform_admin', 'A service key cannot erase an account with a platform admin as member.');
  return schedule(scope, { accountId, userId: null, byPlatform: true, reference, name: account.name });
}

/** Schedules the erasure of a deleted user with their personal account. Throws 409 `user_not_deleted`. */
export async function eraseDeletedUser(
  scope: Scope,
  { id: userId, account_id: accountId, status }: Awaited<ReturnType<typeof findDeletedUser>>,
  { current_password: password, reference }: NewUserErasure,
): Promise<ErasureRow> {
  if (status !== 'deleted') throw userNotDeleted();
  await confirm(scope, password);
  await scope.tx.row(queries.lockAnyAccount, { accountId });
  return schedule(scope, { accountId, userId, byPlatform: true, reference, name: '' });
}

/** Throws 409 `erasure_running` if it has begun or ended. */
export const cancelAnyErasure = (scope: Scope, erasure: ErasureDetailsRow): Promise<void> => cancel(scope, erasure, erasure.account_id);

const userNotDeleted = () => failWith('conflict', 'user_not_deleted', 'Delete the user first.');

/** A service key has no password. */
async function confirm(scope: Scope, password: string | null | undefined) {
  if (scope.actor.serviceKeyId) return;
  await requirePassword(scope, password);
  await lockAdminSession(scope.tx, scope.actor);
}

async function requireOwner({ db, accountId, actor }: Scope): Promise<void> {
  const account = await db.row(queries.selectOwner, { accountId });
  if (account?.owner_user_id !== actor.userId)
    throw new Failure('forbidden', 'Only the owner of the account may do this.', { reason: 'not_owner', deny_reason: 'owner_mismatch' });
}

/** Each request tells all members, and so does each cancellation. */
const requestLimit = (accountId: string): AttemptLimit => ({
  bucket: limiterKeyOf('erasure', accountId),
  max: 5,
  seconds: 86_400,
  reason: 'erasure_rate_limited',
});

type Wanted = { accountId: string; userId: string | null; byPlatform: boolean; reference: string | null | undefined; name: string };

/** The caller has locked the account. Throws 409 `erasure_exists`, 429 `erasure_rate_limited`. */
async function schedule(scope: Scope, { name, reference = null, ...wanted }: Wanted): Promise<ErasureRow> {
  const { app, tx, actor, client } = scope;
  const { accountId } = wanted;
  if (await tx.row(queries.selectOpen, { accountId })) throw erasureExists();
  await countAttempt(tx, [requestLimit(accountId)]);
  const { 'erasure.grace_days': graceDays } = await readSettings(app.database, tx);
  const id = newId();
  const added = await tx.row(queries.insertErasure, {
    ...wanted,
    id,
    requestedBy: actor.userId,
    serviceKeyId: actor.serviceKeyId ?? null,
    reference,
    traceId: client.traceId,
    graceDays,
  });
  if (!added) throw erasureExists();
  const { due_at: dueAt } = added;
  await queueErasure(tx, { accountId, id }, client.traceId, { at: dueAt });
  await announceErasure(scope, { accountId, id, name, dueAt, isCancelled: false });
  scope.audit({ accountId, targetId: id, metadata: { account_id: accountId, due_at: dueAt, reference } });
  return (await tx.row(queries.selectOpen, { accountId }))!;
}

const erasureExists = () => failWith('conflict', 'erasure_exists', 'The account has an erasure that has not ended.');

async function cancel(scope: Scope, { id, due_at: dueAt }: ErasureRow, accountId: string): Promise<void> {
  const { tx } = scope;
  const account = (await tx.row(queries.lockAnyAccount, { accountId }))!;
  if ((await tx.run(queries.cancelErasure, { accountId, id })) === 0)
    throw failWith('conflict', 'erasure_running', 'The erasure has begun or has ended.');
  await dequeueErasure(tx, id);
  if (account.deleted_at === null) await announceErasure(scope, { accountId, id, name: account.name, dueAt, isCancelled: true });
  scope.audit({ accountId, targetId: id, metadata: { account_id: accountId } });
}
