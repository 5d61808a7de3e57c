import { expressionBuilder, sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { openStatuses } from '../runs/statuses.ts';
import { isThreadAlive, isThreadReadable } from './visibility.ts';

const storedColumns = [
  'id',
  'account_id',
  'created_by_user_id',
  'title',
  'title_locked',
  'is_private',
  'expires_at',
  'parent_thread_id',
  'created_at',
  'updated_at',
  'archived_at',
] as const;

/** The project of a thread unless it is deleted, and its active run. */
function computedColumns(thread: 't' | 'threads') {
  const eb = expressionBuilder<WithAlias<'threads', 't'>, 't' | 'threads'>();
  const project = eb
    .selectFrom('projects as p')
    .select('p.id')
    .whereRef('p.account_id', '=', `${thread}.account_id` as const)
    .whereRef('p.id', '=', `${thread}.project_id` as const)
    .where('p.deleted_at', 'is', null);
  const run = eb
    .selectFrom('runs as r')
    .select('r.id')
    .whereRef('r.account_id', '=', `${thread}.account_id` as const)
    .whereRef('r.thread_id', '=', `${thread}.id` as const)
    .where('r.parent_run_id', 'is', null)
    .where('r.status', 'in', openStatuses);
  return [project.as('project_id'), run.as('active_run_id')] as const;
}

export const columns = [...storedColumns, ...computedColumns('t')] as const;
/** For `returning` of an insert, which refers to the table without an alias. */
export const returningColumns = [...storedColumns, ...computedColumns('threads')] as const;

type NewThread = {
  accountId: string;
  id: string;
  userId: string;
  title: string | null;
  projectId: string | null;
  isPrivate: boolean;
};

export const insertThread = statement<NewThread>()((db, $) =>
  db
    .insertInto('threads')
    .values({
      account_id: $.accountId,
      id: $.id,
      created_by_user_id: $.userId,
      title: $.title,
      title_locked: sql<boolean>`${$.title}::text is not null`,
      project_id: $.projectId,
      is_private: $.isPrivate,
      expires_at: sql<string | null>`case when ${$.isPrivate}::boolean then now() + interval '24 hours' end`,
    })
    .returning(returningColumns),
);

type Viewer = { accountId: string; userId: string; seesAll: boolean };

export const selectReadableThread = statement<Viewer & { id: string }>({ isShort: true })((db, $) =>
  db.selectFrom('threads as t').select(columns).where('t.account_id', '=', $.accountId).where('t.id', '=', $.id).where(isThreadReadable($)),
);

export type ThreadRow = RowOf<typeof selectReadableThread>;

type OwnPage = { accountId: string; userId: string } & PageKey;

/** Two statements instead of a parameter, because each has its own partial index. */
const ownThreads = (db: Builder, $: Parameters<OwnPage>, isArchived: boolean) =>
  db
    .selectFrom('threads as t')
    .select(columns)
    .where('t.account_id', '=', $.accountId)
    .where('t.created_by_user_id', '=', $.userId)
    .where('t.deleted_at', 'is', null)
    .where('t.is_private', '=', sql.lit(false))
    .where('t.archived_at', isArchived ? 'is not' : 'is', null)
    .where(onPage($, 't.updated_at', 't.id'))
    .orderBy('t.updated_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit($.limit);

export const selectThreads = statement<OwnPage>({ isShort: true, rowBytes: 2_000 })((db, $) => ownThreads(db, $, false));
export const selectArchivedThreads = statement<OwnPage>({ isShort: true, rowBytes: 2_000 })((db, $) => ownThreads(db, $, true));

export const selectThreadsOfProject = statement<OwnPage & { projectId: string }>({ isShort: true, rowBytes: 2_000 })((db, $) =>
  ownThreads(db, $, false).where('t.project_id', '=', $.projectId),
);
export const selectArchivedThreadsOfProject = statement<OwnPage & { projectId: string }>({ isShort: true, rowBytes: 2_000 })((db, $) =>
  ownThreads(db, $, true).where('t.project_id', '=', $.projectId),
);

type ThreadKey = { accountId: string; id: string };
type Changes = {
  changesTitle: boolean;
  title: string | null;
  changesProject: boolean;
  projectId: string | null;
  /** Null keeps the value. */
  isArchived: boolean | null;
};

export const updateThread = statement<ThreadKey & { userId: string } & Changes>()((db, $) =>
  db
    .updateTable('threads as t')
    .set({
      title: sql<string | null>`case when ${$.changesTitle}::boolean then ${$.title} else t.title end`,
      title_locked: sql<boolean>`case when ${$.changesTitle}::boolean then ${$.title}::text is not null else t.title_locked end`,
      title_provisional: sql<boolean>`t.title_provisional and not ${$.changesTitle}::boolean`,
      updated_at: sql<string>`case when ${$.changesTitle}::boolean and t.title is distinct from ${$.title} then now() else t.updated_at end`,
      archived_at: sql<
        string | null
      >`case ${$.isArchived}::boolean when true then coalesce(t.archived_at, now()) when false then null else t.archived_at end`,
      project_id: sql<string | null>`case when ${$.changesProject}::boolean then ${$.projectId}::uuid else t.project_id end`,
    })
    .where('t.account_id', '=', $.accountId)
    .where('t.id', '=', $.id)
    .where('t.created_by_user_id', '=', $.userId)
    .where('t.deleted_at', 'is', null)
    .returning(columns),
);

export const deleteThread = statement<ThreadKey>()((db, $) =>
  db
    .updateTable('threads')
    .set({ deleted_at: sql<string>`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('deleted_at', 'is', null)
    .returning('id'),
);

/** The hidden threads of the sub-agents of a thread that the transaction has deleted. */
export const deleteHiddenThreads = statement<ThreadKey>({ bound: 'thread' })((db, $) =>
  db
    .updateTable('threads')
    .set({ deleted_at: sql<string>`now()` })
    .where('account_id', '=', $.accountId)
    .where('root_thread_id', '=', $.id)
    .where('deleted_at', 'is', null)
    .returning(['account_id', 'id']),
);

/** The run of a thread that has not ended. While the thread row is locked, no other transaction can start one. */
export const selectActiveRun = statement<{ accountId: string; threadId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('thread_id', '=', $.threadId)
    .where('parent_run_id', 'is', null)
    .where('status', 'in', openStatuses),
);

/** Locks a thread that is neither deleted nor expired. Until the commit no message can be added, hidden or removed. */
export const lockThreadShare = statement<ThreadKey>()((db, $) =>
  db
    .selectFrom('threads as t')
    .select('t.id')
    .where('t.account_id', '=', $.accountId)
    .where('t.id', '=', $.id)
    .where(isThreadAlive())
    .forShare(),
);

type Star = { accountId: string; userId: string; threadId: string };

export const insertStar = statement<Star>()((db, $) =>
  db
    .insertInto('thread_stars')
    .values({ account_id: $.accountId, user_id: $.userId, thread_id: $.threadId })
    .onConflict((conflict) => conflict.doNothing()),
);

export const deleteStar = statement<Star>()((db, $) =>
  db.deleteFrom('thread_stars').where('account_id', '=', $.accountId).where('user_id', '=', $.userId).where('thread_id', '=', $.threadId),
);

export const selectStars = statement<Viewer>()((db, $) =>
  db
    .selectFrom('thread_stars as s')
    .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 's.account_id').onRef('t.id', '=', 's.thread_id'))
    .select('s.thread_id')
    .where('s.account_id', '=', $.accountId)
    .where('s.user_id', '=', $.userId)
    .where(isThreadReadable($))
    .orderBy('s.created_at', 'desc'),
);
