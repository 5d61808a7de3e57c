import type { BroadcastsQuery, NewBroadcast } from '../../../contract/broadcasts.ts';
import { notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { demandAccount } from '../accounts/existing.ts';
import type { BroadcastRow } from './queries.ts';
import * as queries from './queries.ts';
import { queueBroadcast } from './queue.ts';

/** Accept a broadcast; it and the job that sends it are committed together. Throws 404 `account_not_found`. */
export async function createBroadcast(scope: Scope, { target, type, title, body, payload }: NewBroadcast): Promise<BroadcastRow> {
  const { tx, actor, origin, audit } = scope;
  const [targetType, targetId] = target === 'all' ? ['all', null] : ['account', target];
  if (targetId) await demandAccount(tx, targetId);
  const id = newId();
  const values = [id, type, title, body, JSON.stringify(payload), targetType, targetId, actor.userId];
  const broadcast = (await tx.row(queries.insertBroadcast, values))!;
  await queueBroadcast(tx, id, origin.traceId);
  audit({ accountId: null, targetId: id, metadata: { type, title, target_type: targetType, target_id: targetId } });
  return broadcast;
}

/** All that were not deleted, newest first. */
export async function listBroadcasts({ app, read }: Scope, { limit, before, cursor = before }: BroadcastsQuery) {
  const list = ['broadcasts'];
  const [createdAt = null, id = null] = app.cursors.open(cursor, list) ?? [];
  const rows = await read.rows(queries.selectBroadcasts, [createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The broadcast a path names. Throws 404 once it was deleted. */
export async function findBroadcast({ read }: Pick<Scope, 'read'>, id: string): Promise<BroadcastRow> {
  const broadcast = await read.row(queries.selectBroadcast, [id]);
  if (!broadcast) throw notFound();
  return broadcast;
}

/** Take a broadcast back: nobody sees it any more, and a fan-out stops before its next batch. */
export async function deleteBroadcast({ tx, audit }: Scope, { id }: BroadcastRow): Promise<void> {
  await tx.row(queries.takeTurn, [id]);
  const deleted = await tx.row(queries.deleteBroadcast, [id]);
  if (!deleted) throw notFound();
  const { type, title, sent_count } = deleted;
  audit({ accountId: null, metadata: { type, title, sent_count } });
}
