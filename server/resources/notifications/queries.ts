import { sql } from 'kysely';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type Builder, jsonb, type Parameters, type RowOf, statement } from '../../database/statement.ts';

type NewNotifications = { accountId: string; userIds: readonly string[]; type: string; title: string; body: string; payload: string };

export const insertNotifications = statement<NewNotifications>()((db, $) =>
  db
    .insertInto('notifications')
    .columns(['account_id', 'user_id', 'type', 'title', 'body', 'payload'])
    .expression(
      db
        .selectFrom(sql<{ id: string }>`unnest(${$.userIds}::uuid[])`.as<'u'>(sql`u (id)`))
        .select([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          'u.id',
          sql<string>`${$.type}::text`.as('type'),
          sql<string>`${$.title}::text`.as('title'),
          sql<string>`${$.body}::text`.as('body'),
          jsonb<Record<string, unknown>>($.payload).as('payload'),
        ]),
    ),
);

/**
 * The columns of notification `n`. Notifications of a broadcast `b` store no text of their own: thousands of rows share the text of the
 * broadcast.
 */
const columns = [
  'n.id',
  'n.user_id',
  'n.account_id',
  'n.type',
  sql<string>`coalesce(n.title, b.title)`.as('title'),
  sql<string>`coalesce(n.body, b.body)`.as('body'),
  sql<Record<string, unknown>>`coalesce(n.payload, b.payload)`.as('payload'),
  'n.read_at',
  'n.created_at',
] as const;

/**
 * The notifications of a user in all of their accounts. A null `type` matches every type. The lateral join reads the newest of each account
 * by index, so no account's rows are sorted in full.
 */
export const selectNotifications = statement<{ userId: string; unreadOnly: boolean; type: string | null } & PageKey>({ isShort: true })(
  (db, $) =>
    pageInBytes(
      db
        .selectFrom('memberships as m')
        .crossJoinLateral((from) =>
          from
            .selectFrom('notifications as n')
            .leftJoin('broadcasts as b', 'b.id', 'n.broadcast_id')
            .select(columns)
            .whereRef('n.account_id', '=', 'm.account_id')
            .whereRef('n.user_id', '=', 'm.user_id')
            .where('b.deleted_at', 'is', null)
            .where(sql<boolean>`(not ${$.unreadOnly}::boolean or n.read_at is null)`)
            .where(sql<boolean>`(${$.type}::text is null or n.type = ${$.type})`)
            .where(onPage($, 'n.created_at', 'n.id'))
            .orderBy('n.created_at', 'desc')
            .orderBy('n.id', 'desc')
            .limit($.limit)
            .as('n'),
        )
        .selectAll('n')
        .where('m.user_id', '=', $.userId)
        .orderBy('n.created_at', 'desc')
        .orderBy('n.id', 'desc')
        .limit($.limit),
      bytesOf('body', 'payload'),
    ),
);

type NotificationKey = { userId: string; id: string };

const one = (db: Builder, $: Parameters<NotificationKey>) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.account_id', '=', 'm.account_id').onRef('n.user_id', '=', 'm.user_id').on('n.id', '=', $.id),
    )
    .leftJoin('broadcasts as b', 'b.id', 'n.broadcast_id')
    .select(columns)
    .where('m.user_id', '=', $.userId)
    .where('b.deleted_at', 'is', null);

export const selectNotification = statement<NotificationKey>({ isShort: true })(one);
export const lockNotification = statement<NotificationKey>()((db, $) => one(db, $).forNoKeyUpdate('n'));

export type NotificationRow = RowOf<typeof selectNotification>;

export const markRead = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .updateTable('notifications')
    .set({ read_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

export const markAllRead = statement<{ userId: string }>()((db, $) =>
  db
    .updateTable('notifications as n')
    .from('memberships as m')
    .set({ read_at: sql`now()` })
    .where('m.user_id', '=', $.userId)
    .whereRef('n.account_id', '=', 'm.account_id')
    .whereRef('n.user_id', '=', 'm.user_id')
    .where('n.read_at', 'is', null)
    .where(({ exists, not, selectFrom }) =>
      not(
        exists(
          selectFrom('broadcasts as b')
            .select(sql.lit(1).as('one'))
            .whereRef('b.id', '=', 'n.broadcast_id')
            .where('b.deleted_at', 'is not', null),
        ),
      ),
    ),
);
