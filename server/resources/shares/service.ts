import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { NewShare } from '../../../contract/shares.ts';
import type { Scope } from '../../http/scope.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { seal, unseal } from '../../platform/crypto/seal.ts';
import { notFound } from '../../platform/failure.ts';
import { lockMembership } from '../apiKeys/queries.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { lockThreadShare, type ThreadRow } from '../threads/queries.ts';
import { findThread } from '../threads/service.ts';
import type { ShareRow } from './queries.ts';
import * as queries from './queries.ts';
import { encryptionContext, newShareToken } from './token.ts';

export type ShareWithToken = { row: ShareRow; token: string };

/** Only the creator of a thread may list or change its shares. */
export const findOwnThread = (scope: Scope, id: string): Promise<ThreadRow> => findThread(scope, id, 'write');

export async function createShare(scope: Scope, { id: threadId }: ThreadRow, input: NewShare): Promise<ShareWithToken> {
  const { app, tx, accountId, actor } = scope;
  const { password, live_update: isLive, access_type } = input;
  const hash = password === undefined ? null : await app.passwords.hash(password);
  const [id, token] = [newId(), newShareToken()];
  // A share must not outlive the access of its creator, which may have ended while the password was hashed.
  await lockCredential(scope);
  if (!(await tx.row(lockMembership, { accountId, userId: actor.userId }))) throw notFound();
  // The lock orders the share before or after a concurrent edit, never in the middle of one.
  if (!(await tx.row(lockThreadShare, { accountId, id: threadId }))) throw notFound();
  const row = await tx.row(queries.insertShare, {
    accountId,
    threadId,
    id,
    userId: actor.userId,
    tokenHash: sha256(token),
    tokenSealed: seal(app.keys.encryptionKeys, token, encryptionContext(id, accountId)),
    passwordHash: hash,
    isLive,
  });
  if (!row) throw notFound();
  scope.audit({ metadata: { thread_id: threadId, access_type, live_update: isLive } });
  return { row, token };
}

export async function listShares({ app, db, accountId }: Scope, { id: threadId }: ThreadRow, page: PageQuery) {
  const { rows, next } = await app.cursors.fetchPage(
    page,
    ['shares', accountId, threadId],
    (key) => db.rows(queries.selectShares, { accountId, threadId, ...key }),
    (row) => [row.created_at, row.id],
  );
  const open = (row: ShareRow) => unseal(app.keys.encryptionKeys, row.token_sealed, encryptionContext(row.id, accountId)).toString();
  return { rows: rows.map((row): ShareWithToken => ({ row, token: open(row) })), next };
}

export async function findShareOfThread(
  { db, accountId }: Scope,
  id: string,
  { thread }: Record<string, unknown>,
): Promise<{ id: string }> {
  const share = await db.row(queries.selectShareOfThread, { accountId, threadId: (thread as ThreadRow).id, id });
  if (!share) throw notFound();
  return share;
}

export async function deleteShare(scope: Scope, { id: threadId }: ThreadRow, id: string): Promise<void> {
  const deleted = await scope.tx.row(queries.deleteShare, { accountId: scope.accountId, threadId, id });
  if (!deleted) throw notFound();
  scope.audit({ targetId: id, metadata: { thread_id: threadId } });
}
