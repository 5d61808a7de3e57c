import type { NotificationsQuery } from '../../../contract/notifications.ts';
import { notFound } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import type { NotificationRow } from './queries.ts';
import * as queries from './queries.ts';

/** What users are told of an account. */
export type News = {
  accountId: string;
  userIds: readonly string[];
  /** What it is about, for programs: `webhook.endpoint_disabled`. */
  type: string;
  title: string;
  body: string;
  payload?: Record<string, unknown>;
};

/** Tell users something, in the transaction of what happened. They see it as long as they are members of the account. */
export async function notify(tx: Sql, { accountId, userIds, type, title, body, payload = {} }: News): Promise<void> {
  await tx.run(queries.insertNews, [accountId, userIds, type, title, body, JSON.stringify(payload)]);
}

/** What the caller was told, over all his accounts, newest first. */
export async function listNotifications(
  { app, read, actor }: Scope,
  { limit, before, unread_only: unread, type = '' }: NotificationsQuery,
) {
  const list = ['notifications', actor.userId, unread, type];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectNotifications, [actor.userId, unread, type || null, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The notification a path names. Throws 404 for one of somebody else, or of a broadcast that was deleted. */
export async function findNotification({ read, actor }: Scope, id: string): Promise<NotificationRow> {
  const notification = await read.row(queries.selectNotification, [actor.userId, id]);
  if (!notification) throw notFound();
  return notification;
}

/** Mark a notification as read; the first time is kept. Throws 404 when it has gone meanwhile. */
export async function markRead({ tx, actor, audit, skipAudit }: Scope, { account_id: accountId, id }: NotificationRow): Promise<void> {
  const found = await tx.row(queries.lockNotification, [actor.userId, id]);
  if (!found) throw notFound();
  if (found.read_at !== null) return skipAudit();
  await tx.run(queries.markRead, [accountId, id]);
  audit({ accountId });
}

/** Mark all that the caller sees as read. How many were not. */
export async function markAllRead({ tx, actor, audit, skipAudit }: Scope): Promise<number> {
  const count = await tx.run(queries.markAllRead, [actor.userId]);
  if (count > 0) audit({ metadata: { count } });
  else skipAudit();
  return count;
}
