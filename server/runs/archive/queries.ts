import { sql } from 'kysely';
import { firstIdAt, monthsBefore, orNow } from '../../database/connection/clock.ts';
import { bytesOf, pageInBytes } from '../../database/paging.ts';
import { type Parameters, statement } from '../../database/statement.ts';
import type { ArchivePart } from '../../resources/runs/entity.ts';
import { endedStatuses, openStatuses } from '../../resources/runs/statuses.ts';

export type Claim = { runId: string; claimId: string };

/** `at`: the time of the statement, if it is not that of PostgreSQL. */
export type Age = { days: number; at: string | null };
const daysBefore = ($: Parameters<Age>) => sql<string>`(${orNow($.at)} - ${$.days}::int * interval '1 day')`;

export type Retention = { months: number; at: string | null };
const retentionStart = ($: Parameters<Retention>) => monthsBefore(orNow($.at), $.months);

/** The next run that has events, in the order of ids, which is that of time. The events of archived runs are deleted, so none is looked at twice. */
export const selectNextRun = statement<{ after: string } & Age>()((db, $) =>
  db
    .selectFrom('run_events')
    .select('run_id')
    .where('run_id', '>', $.after)
    .where('run_id', '<', firstIdAt(daysBefore($)))
    .orderBy('run_id')
    .limit(sql.lit(1)),
);

const finishedAt = sql<string>`coalesce(r.completed_at, r.failed_at, r.cancelled_at)`;

/** A run that ended more than `days` days ago. */
export const selectEndedRun = statement<{ id: string } & Age>()((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id'))
    .select(['r.id', 'r.account_id', 'r.next_seq', sql<boolean>`t.deleted_at is not null`.as('is_deleted')])
    .where('r.id', '=', $.id)
    .where('r.status', 'in', endedStatuses)
    .where(finishedAt, '<', daysBefore($)),
);

/** How long a writer may need for one run. Its objects are not removed, and nobody else writes them, for that time. */
const claimEnds = sql<string>`now() - interval '10 minutes'`;

/** Changes nothing if another writer has the run, or has archived it. */
export const claimRun = statement<Claim & { accountId: string }>()((db, $) =>
  db
    .insertInto('run_event_archives')
    .values({ run_id: $.runId, account_id: $.accountId, state: sql.lit('writing' as const), claim_id: $.claimId })
    .onConflict((conflict) =>
      conflict
        .column('run_id')
        .doUpdateSet({ claim_id: $.claimId, claimed_at: sql`now()` })
        .where('run_event_archives.state', '=', sql.lit('writing' as const))
        .where('run_event_archives.claimed_at', '<', claimEnds),
    ),
);

export const selectRawEvents = statement<{ runId: string; after: number; limit: number }>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('run_events')
      .select(['seq', 'event_id', 'type', 'created_at', sql<string>`data::text`.as('data')])
      .where('run_id', '=', $.runId)
      .where('seq', '>', $.after)
      .orderBy('seq')
      .limit($.limit),
    bytesOf('data'),
    { order: sql`seq` },
  ),
);

/** Locks a run and its thread, so that the thread is not deleted meanwhile. Run and thread, in the order of all transactions that lock both. */
export const lockEndedRun = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .innerJoin('threads as t', (join) => join.onRef('t.account_id', '=', 'r.account_id').onRef('t.id', '=', 'r.thread_id'))
    .select(['r.next_seq', sql<boolean>`t.deleted_at is not null`.as('is_deleted')])
    .where('r.id', '=', $.id)
    .where('r.status', 'in', endedStatuses)
    .forShare('t')
    .forNoKeyUpdate('r'),
);

export type Summary = {
  eventCount: number;
  /** JSON of an object. */
  eventCounts: string;
  tailMessageId: string | null;
  inputKeys: string[] | null;
};

/** `parts`: JSON of an array. */
export const markKept = statement<Claim & Summary & { parts: string; bytes: number }>()((db, $) =>
  db
    .updateTable('run_event_archives')
    .set({
      state: sql.lit('kept' as const),
      parts: sql<ArchivePart[]>`${$.parts}::jsonb`,
      bytes: $.bytes,
      event_count: $.eventCount,
      event_counts: sql<Record<string, number>>`${$.eventCounts}::jsonb`,
      tail_message_id: $.tailMessageId,
      input_keys: sql<string[] | null>`${$.inputKeys}::text[]`,
    })
    .where('run_id', '=', $.runId)
    .where('claim_id', '=', $.claimId)
    .where('state', '=', sql.lit('writing' as const)),
);

/** For a run whose events nobody can read any more. Changes nothing while objects of the run wait for removal. */
export const insertRemoved = statement<Claim & { accountId: string } & Summary>()((db, $) =>
  db
    .insertInto('run_event_archives')
    .values({
      run_id: $.runId,
      account_id: $.accountId,
      state: sql.lit('removed' as const),
      claim_id: $.claimId,
      event_count: $.eventCount,
      event_counts: sql<Record<string, number>>`${$.eventCounts}::jsonb`,
      tail_message_id: $.tailMessageId,
      input_keys: sql<string[] | null>`${$.inputKeys}::text[]`,
    })
    .onConflict((conflict) =>
      conflict
        .column('run_id')
        .doUpdateSet((eb) => ({
          event_count: eb.ref('excluded.event_count'),
          event_counts: eb.ref('excluded.event_counts'),
          tail_message_id: eb.ref('excluded.tail_message_id'),
          input_keys: eb.ref('excluded.input_keys'),
        }))
        .where('run_event_archives.state', '=', sql.lit('removed' as const)),
    ),
);

export const deleteEvents = statement<{ runId: string }>()((db, $) => db.deleteFrom('run_events').where('run_id', '=', $.runId));

export const lockClaim = statement<{ runId: string }>()((db, $) =>
  db.selectFrom('run_event_archives').select(['state', 'claim_id']).where('run_id', '=', $.runId).forUpdate(),
);

export const deleteArchive = statement<{ runId: string }>()((db, $) => db.deleteFrom('run_event_archives').where('run_id', '=', $.runId));

const removedColumns = ['a.run_id', 'a.account_id', 'a.parts'] as const;

/** Whether the counts are still needed: the run exists and is within the retention period. */
export const lockRemovable = statement<Retention & { limit: number }>({ bound: 'batch' })((db, $) =>
  db
    .selectFrom('run_event_archives as a')
    .select(removedColumns)
    .select((eb) =>
      eb
        .and([
          eb('a.run_id', '>=', firstIdAt(retentionStart($))),
          eb.exists(eb.selectFrom('runs as r').select(sql.lit(1).as('one')).whereRef('r.id', '=', 'a.run_id')),
        ])
        .as('is_counted'),
    )
    .where('a.state', '=', sql.lit('removing' as const))
    .where('a.claimed_at', '<', claimEnds)
    // One that is being cancelled appends its last event.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('runs as r').select(sql.lit(1).as('one')).whereRef('r.id', '=', 'a.run_id').where('r.status', 'in', openStatuses),
        ),
      ),
    )
    .orderBy('a.claimed_at')
    .limit($.limit)
    .forUpdate('a')
    .skipLocked(),
);

/** Archives of runs that are older than the retention period. */
export const lockExpired = statement<Retention & { limit: number }>({ bound: 'batch' })((db, $) =>
  db
    .selectFrom('run_event_archives as a')
    .select([...removedColumns, sql.lit(false).as('is_counted')])
    .where('a.run_id', '<', firstIdAt(retentionStart($)))
    // The id of a run may have the time of a wrong clock.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('runs as r')
            .select(sql.lit(1).as('one'))
            .whereRef('r.id', '=', 'a.run_id')
            .where('r.created_at', '>=', retentionStart($)),
        ),
      ),
    )
    .where('a.claimed_at', '<', claimEnds)
    .orderBy('a.run_id')
    .limit($.limit)
    .forUpdate('a')
    .skipLocked(),
);

/** Also deletes the events that were not archived, and keeps their counts. */
export const markRemoved = statement<{ runId: string }>()((db, $) =>
  db
    .with('gone', (qc) => qc.deleteFrom('run_events').where('run_id', '=', $.runId).returning('type'))
    .with('counted', (qc) =>
      qc
        .selectFrom(
          qc
            .selectFrom('gone')
            .select(({ fn }) => ['type', fn.countAll<number>().as('count')])
            .groupBy('type')
            .as('each'),
        )
        .select([
          sql<number>`coalesce(sum(count), 0)::integer`.as('events'),
          sql<Record<string, number>>`coalesce(jsonb_object_agg(type, count), '{}')`.as('by_type'),
        ]),
    )
    .updateTable('run_event_archives as a')
    .from('counted')
    .set({
      state: sql.lit('removed' as const),
      parts: sql.lit(null),
      bytes: sql.lit(null),
      event_count: sql`coalesce(a.event_count, counted.events)`,
      event_counts: sql`coalesce(a.event_counts, counted.by_type)`,
    })
    .where('a.run_id', '=', $.runId),
);
