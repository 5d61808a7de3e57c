import type { Notification } from '../../../contract/notifications.ts';
import type { NotificationRow } from './queries.ts';

export const viewNotification = (row: NotificationRow): Notification => ({
  id: row.id,
  user_id: row.user_id,
  account_id: row.account_id,
  type: row.type,
  title: row.title,
  body: row.body,
  payload: row.payload,
  read_at: row.read_at,
  created_at: row.created_at,
});
