import type { BroadcastsQuery, NewBroadcast } from '../../../contract/broadcasts.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { notFound } from '../../platform/failure.ts';
import { requireAccount } from '../accounts/requireAccount.ts';
import type { BroadcastRow } from './queries.ts';
import * as queries from './queries.ts';
import { queueBroadcast } from './queue.ts';

/** The broadcast and the job that sends it are committed together. Throws 404 `account_not_found`. */
export async function createBroadcast(scope: Scope, { target, type, title, body, payload }: NewBroadcast): Promise<BroadcastRow> {
  const { tx, actor, client, audit } = scope;
  const targetType = target === 'all' ? 'all' : 'account';
  const targetId = target === 'all' ? null : target;
  if (targetId) await requireAccount(tx, targetId);
  const id = newId();
  const content = { type, title, body, payload: JSON.stringify(payload) };
  const broadcast = (await tx.row(queries.insertBroadcast, { id, ...content, targetType, targetId, userId: actor.userId }))!;
  await queueBroadcast(tx, id, client.traceId);
  audit({ accountId: null, targetId: id, metadata: { type, title, target_type: targetType, target_id: targetId } });
  return broadcast;
}

export async function listBroadcasts({ app, db }: Scope, { limit, before, cursor = before }: BroadcastsQuery) {
  return app.cursors.fetchPage(
    { limit, before: cursor },
    ['broadcasts'],
    (key) => db.rows(queries.selectBroadcasts, key),
    (row) => [row.created_at, row.id],
  );
}

export async function findBroadcast({ db }: Pick<Scope, 'db'>, id: string): Promise<BroadcastRow> {
  const broadcast = await db.row(queries.selectBroadcast, { id });
  if (!broadcast) throw notFound();
  return broadcast;
}

/** Hides a broadcast from all users. A fan-out stops before its next batch. */
export async function deleteBroadcast({ tx, audit }: Scope, { id }: BroadcastRow): Promise<void> {
  await tx.row(queries.lockBroadcast, { id });
  const deleted = await tx.row(queries.deleteBroadcast, { id });
  if (!deleted) throw notFound();
  const { type, title, sent_count } = deleted;
  audit({ accountId: null, metadata: { type, title, sent_count } });
}
