import { sql } from 'kysely';
import type { z } from 'zod';
import type { ErasureReport, ErasureWait } from '../../../contract/erasures.ts';
import { jsonb, type RowOf, sqlStatement, statement } from '../../database/statement.ts';
import { openStatuses } from '../../resources/runs/statuses.ts';

type One = { accountId: string; id: string };

/** Begins an erasure that is due, or continues it. Returns no row if it is canceled, has ended or is not due. */
export const beginErasure = statement<One>()((db, $) =>
  db
    .updateTable('erasures')
    .set({
      state: sql.lit('running' as const),
      started_at: sql<string>`coalesce(started_at, now())`,
      moved_at: sql`clock_timestamp()`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where((eb) =>
      eb.or([
        eb('state', '=', sql.lit('running' as const)),
        eb.and([eb('state', '=', sql.lit('scheduled' as const)), eb('due_at', '<=', sql<string>`clock_timestamp()`)]),
      ]),
    )
    .returning(['account_id', 'id', 'user_id', 'requested_by', 'service_key_id', 'reference', 'trace_id', 'due_at', 'created_at'])
    .returning(sql<string>`started_at`.as('started_at')),
);
export type RunningErasure = RowOf<typeof beginErasure>;

export const selectScheduled = statement<One>()((db, $) =>
  db
    .selectFrom('erasures')
    .select(['due_at', 'trace_id'])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('state', '=', sql.lit('scheduled' as const)),
);

/** Serializes the batches of an erasure. Returns no row if another worker has completed it. */
export const lockErasure = statement<One>()((db, $) =>
  db
    .selectFrom('erasures')
    .select([
      'deleted',
      'anonymized',
      'files_deleted',
      'bytes_deleted',
      'workspace_refs',
      sql<string>`clock_timestamp()::timestamptz(3)`.as('now'),
    ])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('state', '=', sql.lit('running' as const))
    .forUpdate(),
);

type Batch = One & { isDeletion: boolean; table: string; rows: number; files: number; bytes: number; refs: readonly string[] };

/** Adds a batch to the progress, in its transaction. */
export const recordBatch = statement<Batch>()((db, $) => {
  const added = (column: 'deleted' | 'anonymized') =>
    sql<
      Record<string, number>
    >`${sql.ref(column)} || jsonb_build_object(${$.table}::text, coalesce((${sql.ref(column)} ->> ${$.table}::text)::bigint, 0) + ${$.rows}::bigint)`;
  return db
    .updateTable('erasures')
    .set({
      deleted: sql<Record<string, number>>`case when ${$.isDeletion}::boolean then ${added('deleted')} else deleted end`,
      anonymized: sql<Record<string, number>>`case when ${$.isDeletion}::boolean then anonymized else ${added('anonymized')} end`,
      files_deleted: sql<number>`files_deleted + ${$.files}::bigint`,
      bytes_deleted: sql<number>`bytes_deleted + ${$.bytes}::bigint`,
      workspace_refs: sql<string[]>`workspace_refs || ${$.refs}::text[]`,
      waiting_for: sql.lit(null),
      moved_at: sql`clock_timestamp()`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id);
});

export const markWaiting = statement<One & { waitingFor: z.infer<typeof ErasureWait> }>()((db, $) =>
  db
    .updateTable('erasures')
    .set({ waiting_for: $.waitingFor, moved_at: sql`clock_timestamp()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('state', '=', sql.lit('running' as const)),
);

export const markCompleted = statement<One & { report: string; proof: string }>()((db, $) =>
  db
    .updateTable('erasures')
    .set({
      state: sql.lit('completed' as const),
      waiting_for: sql.lit(null),
      report: jsonb<ErasureReport>($.report),
      proof: $.proof,
      finished_at: sql<string>`(${$.report}::jsonb ->> 'finished_at')::timestamptz`,
      moved_at: sql`clock_timestamp()`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

export const selectClosedAt = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('deleted_at').where('id', '=', $.accountId),
);

/** Runs and chat completions that still write. */
export const selectOpenWork = statement<{ accountId: string }>()((db, $) =>
  db.selectNoFrom(({ exists, or, selectFrom }) =>
    or([
      exists(selectFrom('runs as r').select('r.id').where('r.account_id', '=', $.accountId).where('r.status', 'in', openStatuses)),
      exists(
        selectFrom('chat_completions as c')
          .select('c.id')
          .where('c.account_id', '=', $.accountId)
          .where('c.status', '=', sql.lit('running' as const)),
      ),
    ])
      .$castTo<boolean>()
      .as('found'),
  ),
);

/**
 * Whether a transaction that may have seen the account open can still write: one that began before it was closed, or until `settleSeconds` after, in
 * which requests that were authorized before begin theirs. A template, because the catalog has no types. Transactions of other roles are hidden.
 */
export const selectOldTransaction = sqlStatement<{ closedAt: string; settleSeconds: number }>({ bound: 'one' })(
  ($) => sql<{ found: boolean }>`
  select now() < ${$.closedAt}::timestamptz + ${$.settleSeconds}::float8 * interval '1 second' or exists (
    select from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
      and a.xact_start < ${$.closedAt}::timestamptz + ${$.settleSeconds}::float8 * interval '1 second') as found`,
);

/** Erasures that are due and have no job. A template, because the queue's tables have no types. */
export const selectAbandoned = sqlStatement()(
  () => sql<{ account_id: string; id: string; trace_id: string }>`
  select e.account_id, e.id, e.trace_id from erasures e where e.state in ('scheduled', 'running') and e.due_at <= now() and not exists (
    select from graphile_worker.jobs j where j.key = 'erasure:' || e.id and (j.locked_at is not null or j.attempts = 0))
  limit 1000`,
);

/** An active user, with their personal account. Mail goes to confirmed addresses only. */
export const selectRequester = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as home', (join) =>
      join
        .onRef('home.owner_user_id', '=', 'u.id')
        .on('home.type', '=', sql.lit('personal' as const))
        .on('home.deleted_at', 'is', null),
    )
    .select(['home.id as home_id', 'u.locale', sql<string | null>`case when u.email_verified_at is not null then u.email end`.as('email')])
    .where('u.id', '=', $.userId)
    .where('u.status', '=', sql.lit('active' as const)),
);

export const selectSlug = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('slug').where('id', '=', $.accountId),
);

type Entry = { id: string; targetId: string; traceId: string; metadata: string };

/** An entry of the platform, which outlives the account. */
export const insertAudit = statement<Entry>()((db, $) =>
  db.insertInto('audit_logs').values({
    id: $.id,
    account_id: sql.lit(null),
    action: sql.lit('account.erase'),
    target_type: sql.lit('erasure'),
    target_id: $.targetId,
    trace_id: $.traceId,
    metadata: jsonb($.metadata),
  }),
);
