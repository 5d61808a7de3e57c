import type { NotificationsQuery } from '../../../contract/notifications.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import type { NotificationRow } from './queries.ts';
import * as queries from './queries.ts';

export type NewNotification = {
  accountId: string;
  userIds: readonly string[];
  /** A machine-readable type, such as `webhook.endpoint_disabled`. */
  type: string;
  title: string;
  body: string;
  payload?: Record<string, unknown>;
};

/** Inserts notifications in the caller's transaction. Users see them as long as they are members of the account. */
export async function notifyUsers(tx: Queryable, { accountId, userIds, type, title, body, payload = {} }: NewNotification): Promise<void> {
  await tx.run(queries.insertNotifications, { accountId, userIds, type, title, body, payload: JSON.stringify(payload) });
}

export const listNotifications = (
  { app, db, actor: { userId } }: Scope,
  { unread_only: unreadOnly, type = '', ...page }: NotificationsQuery,
) =>
  app.cursors.fetchPage(
    page,
    ['notifications', userId, unreadOnly, type],
    (key) => db.rows(queries.selectNotifications, { userId, unreadOnly, type: type || null, ...key }),
    (row) => [row.created_at, row.id],
  );

/** Throws 404 for a notification of another user or of a deleted broadcast. */
export async function findNotification({ db, actor }: Scope, id: string): Promise<NotificationRow> {
  const notification = await db.row(queries.selectNotification, { userId: actor.userId, id });
  if (!notification) throw notFound();
  return notification;
}

/** Keeps the first `read_at`. Throws 404 if the notification was deleted in the meantime. */
export async function markRead({ tx, actor, audit, skipAudit }: Scope, { account_id: accountId, id }: NotificationRow): Promise<void> {
  const found = await tx.row(queries.lockNotification, { userId: actor.userId, id });
  if (!found) throw notFound();
  if (found.read_at !== null) return skipAudit();
  await tx.run(queries.markRead, { accountId, id });
  audit({ accountId });
}

/** Returns the number of notifications that were unread. */
export async function markAllRead({ tx, actor, audit, skipAudit }: Scope): Promise<number> {
  const count = await tx.run(queries.markAllRead, { userId: actor.userId });
  if (count > 0) audit({ metadata: { count } });
  else skipAudit();
  return count;
}
