import type { Notification } from '../../../contract/notifications.ts';
import { statement } from '../../kernel/sql.ts';

/** A notification with the text of its broadcast, if it is of one; its columns are the fields that are published. */
export type NotificationRow = Notification;

export const insertNews = statement<never>(`
  insert into notifications (account_id, user_id, type, title, body, payload)
  select $1, u.id, $3, $4, $5, $6::jsonb from unnest($2::uuid[]) u (id)`);

/** Fan-outs write no texts: ten thousand users read the one that the broadcast has. */
const columns = `n.id, n.user_id, n.account_id, n.type, coalesce(n.title, b.title) as title, coalesce(n.body, b.body) as body,
  coalesce(n.payload, b.payload) as payload, n.read_at, n.created_at`;

/**
 * Of the user $1 in each of his accounts; only unread ones if $2, only of the type $3 unless that is null; from the sort key ($4, $5) on.
 * Every account gives its newest by its own index, so that the many of one are never sorted.
 */
export const selectNotifications = statement<NotificationRow>(`
  select n.* from memberships m cross join lateral (
    select ${columns} from notifications n left join broadcasts b on b.id = n.broadcast_id
    where n.account_id = m.account_id and n.user_id = m.user_id and b.deleted_at is null
      and (not $2::boolean or n.read_at is null) and ($3::text is null or n.type = $3)
      and ($4::timestamptz is null or (n.created_at, n.id) < ($4::timestamptz, $5::uuid))
    order by n.created_at desc, n.id desc limit $6) n
  where m.user_id = $1
  order by n.created_at desc, n.id desc limit $6`);

const one = `
  select ${columns} from memberships m join notifications n on n.account_id = m.account_id and n.user_id = m.user_id and n.id = $2
  left join broadcasts b on b.id = n.broadcast_id
  where m.user_id = $1 and b.deleted_at is null`;

export const selectNotification = statement<NotificationRow>(one);
export const lockNotification = statement<NotificationRow>(`${one} for no key update of n`);

export const markRead = statement<never>('update notifications set read_at = now() where account_id = $1 and id = $2');

export const markAllRead = statement<never>(`
  update notifications n set read_at = now() from memberships m
  where m.user_id = $1 and n.account_id = m.account_id and n.user_id = m.user_id and n.read_at is null
    and not exists (select from broadcasts b where b.id = n.broadcast_id and b.deleted_at is not null)`);
