import type { Broadcast } from '../../contract/broadcasts.ts';
import type { Notification } from '../../contract/notifications.ts';
import type { EngineBase } from './engine.ts';
import { resourceType } from './resourceTypes.ts';

const notificationKind = resourceType('/v1/notifications');
const broadcastKind = resourceType('/v1/admin/notifications/broadcasts');
/** Days in which new users and members receive a broadcast. */
const backfillDays = 30;

type Content = Pick<Notification, 'type' | 'title' | 'body' | 'payload'>;

export function notify(
  { state, fakes, now, time }: EngineBase,
  { userId, accountId, broadcastId }: { userId: string; accountId: string; broadcastId?: string },
  { type, title, body, payload }: Content,
) {
  const value: Notification = {
    ...{ id: fakes.id(now()), user_id: userId, account_id: accountId, type, title, body, payload, read_at: null, created_at: time() },
  };
  state.add(notificationKind, { owner: userId, parents: { ...(broadcastId && { broadcast_id: broadcastId }) }, value });
}

/** Delivers a broadcast to a user, once. */
export function deliverBroadcast(engine: EngineBase, broadcast: Broadcast, userId: string, accountId: string) {
  const isReceived = engine.state.rows(notificationKind, ({ owner, parents }) => owner === userId && parents.broadcast_id === broadcast.id);
  if (isReceived.length > 0) return;
  notify(engine, { userId, accountId, broadcastId: broadcast.id }, broadcast);
}

/** Delivers the recent broadcasts to all users, or to the account `targetId`, to somebody new. */
export function backfillBroadcasts(engine: EngineBase, userId: string, accountId: string, targetId: string | null) {
  const since = engine.time(-backfillDays * 86_400_000);
  const isDue = ({ target_id, created_at }: Broadcast) => target_id === targetId && created_at >= since;
  const rows = engine.state.rows(broadcastKind, ({ value }) => isDue(value as Broadcast));
  for (const { value } of rows.reverse()) deliverBroadcast(engine, value as Broadcast, userId, accountId);
}
