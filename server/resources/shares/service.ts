import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { NewShare } from '../../../contract/shares.ts';
import { notFound } from '../../kernel/failure.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { seal, unseal } from '../../kernel/seal.ts';
import { holdThread, type ThreadRow } from '../threads/queries.ts';
import { findThread } from '../threads/service.ts';
import type { ShareRow } from './queries.ts';
import * as queries from './queries.ts';
import { newShareToken } from './token.ts';

/** A share of the caller's, with the token that its link ends with. */
export type OwnShare = { row: ShareRow; token: string };

/** The thread a path names: shares are its creator's business only, to look at as well. */
export const findSharable = (scope: Scope, id: string): Promise<ThreadRow> => findThread(scope, id, 'write');

const sealedFor = (id: string, accountId: string) => `thread_share:${id}:${accountId}`;

/** Show a thread to whoever has the link, and the password if there is one. */
export async function createShare(scope: Scope, { id: threadId }: ThreadRow, input: NewShare): Promise<OwnShare> {
  const { app, tx, accountId, actor } = scope;
  const { password, live_update: isLive, access_type } = input;
  const hash = password === undefined ? null : await app.passwords.hash(password);
  const [id, token] = [newId(), newShareToken()];
  const secret = [sha256(token), seal(app.keys.encryptionKey, token, sealedFor(id, accountId))];
  // An edit that is under way comes before or after as a whole.
  if (!(await tx.row(holdThread, [accountId, threadId]))) throw notFound();
  const row = await tx.row(queries.insertShare, [accountId, threadId, id, actor.userId, ...secret, hash, isLive]);
  if (!row) throw notFound();
  scope.audit({ metadata: { thread_id: threadId, access_type, live_update: isLive } });
  return { row, token };
}

/** The shares of a thread, newest first. */
export async function listShares({ app, read, accountId }: Scope, { id: threadId }: ThreadRow, { limit, before }: PageQuery) {
  const list = ['shares', accountId, threadId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const found = await read.rows(queries.selectShares, [accountId, threadId, createdAt, id, limit + 1]);
  const { rows, next } = app.cursors.page(found, limit, list, (row) => [row.created_at, row.id]);
  const open = (row: ShareRow) => unseal(app.keys.encryptionKey, row.token_sealed, sealedFor(row.id, accountId)).toString();
  return { rows: rows.map((row): OwnShare => ({ row, token: open(row) })), next };
}

/** The share of the caller's thread that a query names. */
export async function findShareOf({ read, accountId }: Scope, id: string, { thread }: Record<string, unknown>): Promise<{ id: string }> {
  const share = await read.row(queries.selectShareOf, [accountId, (thread as ThreadRow).id, id]);
  if (!share) throw notFound();
  return share;
}

/** Delete a share of a thread. Throws 404. */
export async function deleteShare(scope: Scope, { id: threadId }: ThreadRow, id: string): Promise<void> {
  const deleted = await scope.tx.row(queries.deleteShare, [scope.accountId, threadId, id]);
  if (!deleted) throw notFound();
  scope.audit({ targetId: id, metadata: { thread_id: threadId } });
}
