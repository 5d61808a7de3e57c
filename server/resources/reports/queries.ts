import { sql } from 'kysely';
import type { ReportCategory } from '../../../contract/reports.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

type NewReport = {
  accountId: string;
  threadId: string;
  id: string;
  userId: string;
  categories: readonly ReportCategory[];
  feedback: string | null;
};

export const insertReport = statement<NewReport>()((db, $) =>
  db
    .insertInto('thread_reports')
    .columns(['account_id', 'id', 'thread_id', 'user_id', 'categories', 'feedback'])
    .expression(
      db
        .selectFrom('threads as t')
        .select([
          't.account_id',
          sql<string>`${$.id}::uuid`.as('id'),
          't.id as thread_id',
          sql<string>`${$.userId}::uuid`.as('user_id'),
          sql<ReportCategory[]>`${$.categories}::text[]`.as('categories'),
          sql<string | null>`${$.feedback}::text`.as('feedback'),
        ])
        .where('t.account_id', '=', $.accountId)
        .where('t.id', '=', $.threadId)
        .where('t.deleted_at', 'is', null),
    )
    .returning(['id', 'created_at']),
);

/** A thread of any account, including deleted ones, because their reports remain. */
export const selectAnyThread = statement<{ id: string }>()((db, $) =>
  db.selectFrom('threads').select(sql.lit(true).as('is_there')).where('id', '=', $.id),
);

/** Reports of all accounts, newest first. A null parameter filters nothing. */
export const selectReports = statement<{ category: string | null; threadId: string | null } & PageKey>({ rowBytes: 8_000 })((db, $) =>
  db
    .selectFrom('thread_reports as r')
    .select(['r.id', 'r.thread_id', 'r.account_id', 'r.user_id', 'r.categories', 'r.feedback', 'r.created_at'])
    .where(sql<boolean>`(${$.category}::text is null or ${$.category} = any (r.categories))`)
    .where(sql<boolean>`(${$.threadId}::uuid is null or r.thread_id = ${$.threadId})`)
    .where(onPage($, 'r.created_at', 'r.id'))
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit($.limit),
);

export type ReportRow = RowOf<typeof selectReports>;
