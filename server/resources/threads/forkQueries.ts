import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';
import { returningColumns } from './queries.ts';

/**
 * The visible messages up to and including `lastMessageId`, with the internal ones. The last message is found by a scalar subquery: with
 * outdated statistics of a growing thread, a join compares every pair of messages.
 */
export const selectMessagesToCopy = statement<{ accountId: string; threadId: string; lastMessageId: string }>({ bound: 'thread' })(
  (db, $) =>
    db
      .selectFrom('messages')
      .select(['id', 'role', 'number'])
      .where('account_id', '=', $.accountId)
      .where('thread_id', '=', $.threadId)
      .where('number', '<=', (eb) =>
        eb
          .selectFrom('messages as last')
          .select('last.number')
          .where('last.account_id', '=', $.accountId)
          .where('last.thread_id', '=', $.threadId)
          .where('last.id', '=', $.lastMessageId)
          .where('last.visible', '=', sql.lit(true))
          .where('last.role', '<>', sql.lit('tool' as const)),
      )
      .where('visible', '=', sql.lit(true))
      .orderBy('number'),
);

export type MessageToCopy = RowOf<typeof selectMessagesToCopy>;

/** The visible messages up to a number, with the internal ones. */
export const selectMessagesUpTo = statement<{ accountId: string; threadId: string; number: number }>({ bound: 'thread' })((db, $) =>
  db
    .selectFrom('messages')
    .select(['id', 'role', 'number'])
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('number', '<=', $.number)
    .where('visible', '=', sql.lit(true))
    .orderBy('number'),
);

type NewFork = {
  accountId: string;
  id: string;
  userId: string;
  forkId: string;
  isPrivate: boolean | null;
  lastMessageNumber: number;
};

/** Inserts a copy of the thread row without messages. A null `isPrivate` copies the setting of the original. */
export const insertFork = statement<NewFork>()((db, $) =>
  db
    .insertInto('threads')
    .columns([
      'account_id',
      'id',
      'created_by_user_id',
      'title',
      'title_locked',
      'title_provisional',
      'project_id',
      'is_private',
      'expires_at',
      'parent_thread_id',
      'last_message_number',
    ])
    .expression(
      db
        .selectFrom('threads as t')
        .select([
          't.account_id',
          sql<string>`${$.forkId}::uuid`.as('id'),
          sql<string>`${$.userId}::uuid`.as('created_by_user_id'),
          't.title',
          't.title_locked',
          't.title_provisional',
          't.project_id',
          sql<boolean>`coalesce(${$.isPrivate}::boolean, t.is_private)`.as('is_private'),
          sql<string | null>`case when coalesce(${$.isPrivate}::boolean, t.is_private) then now() + interval '24 hours' end`.as(
            'expires_at',
          ),
          't.id as parent_thread_id',
          sql<number>`${$.lastMessageNumber}::integer`.as('last_message_number'),
        ])
        .where('t.account_id', '=', $.accountId)
        .where('t.id', '=', $.id),
    )
    .returning(returningColumns),
);

type Copied = { old_number: number; id: string; number: number };
type Copies = {
  accountId: string;
  threadId: string;
  forkId: string;
  userId: string;
  numbers: readonly number[];
  newIds: readonly string[];
};

/**
 * Copies messages with new ids, numbered from 1. Copies keep their `run_id`, so that the run can be retried. `limit` prevents the planner
 * from flattening the subquery: each message is found by primary key, even with outdated statistics of a growing thread.
 */
export const copyMessages = statement<Copies>()((db, $) =>
  db
    .insertInto('messages')
    .columns([
      'account_id',
      'thread_id',
      'thread_owner_id',
      'number',
      'id',
      'created_by_user_id',
      'role',
      'content',
      'content_json',
      'run_id',
      'completion',
      'created_at',
    ])
    .expression(
      db
        .selectFrom(
          sql<Copied>`unnest(${$.numbers}::integer[], ${$.newIds}::uuid[]) with ordinality`.as<'copy'>(sql`copy (old_number, id, number)`),
        )
        .innerJoinLateral(
          (eb) =>
            eb
              .selectFrom('messages')
              .selectAll()
              .where('account_id', '=', $.accountId)
              .where('thread_id', '=', $.threadId)
              .whereRef('number', '=', 'copy.old_number')
              .limit(sql.lit(1))
              .as('m'),
          (join) => join.onTrue(),
        )
        .select([
          'm.account_id',
          sql<string>`${$.forkId}::uuid`.as('thread_id'),
          sql<string>`${$.userId}::uuid`.as('thread_owner_id'),
          'copy.number',
          'copy.id',
          'm.created_by_user_id',
          'm.role',
          'm.content',
          'm.content_json',
          'm.run_id',
          'm.completion',
          'm.created_at',
        ]),
    ),
);
