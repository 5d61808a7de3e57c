import { expressionBuilder, sql } from 'kysely';
import type { MissedPolicy, OverlapPolicy, ScheduleDisabledReason, ScheduleStatus } from '../../../contract/schedules.ts';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type Builder, jsonb, type Parameters, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { lostAuthorityOf } from '../accounts/authority.ts';
import { activeStatuses, openStatuses } from '../runs/statuses.ts';

const columns = [
  'id',
  'account_id',
  'created_by_user_id',
  'api_key_id',
  'name',
  'cron',
  'run_at',
  'timezone',
  'persona_id',
  'input',
  'thread_id',
  'missed',
  'overlap',
  'status',
  'disabled_reason',
  'next_run_at',
  'last_run_id',
  'created_at',
  'updated_at',
] as const;

export type ScheduleKey = { accountId: string; id: string };

type Values = {
  name: string;
  cron: string | null;
  runAt: string | null;
  timezone: string;
  personaId: string | null;
  input: string;
  threadId: string | null;
  missed: MissedPolicy;
  overlap: OverlapPolicy;
  status: ScheduleStatus;
  nextRunAt: string | null;
};

const valuesOf = ($: Parameters<Values>) => ({
  name: $.name,
  cron: $.cron,
  run_at: $.runAt,
  timezone: $.timezone,
  persona_id: $.personaId,
  input: $.input,
  thread_id: $.threadId,
  missed: $.missed,
  overlap: $.overlap,
  status: $.status,
  next_run_at: $.nextRunAt,
});

export const insertSchedule = statement<ScheduleKey & { userId: string; apiKeyId: string | null } & Values>()((db, $) =>
  db
    .insertInto('schedules')
    .values({
      account_id: $.accountId,
      id: $.id,
      created_by_user_id: $.userId,
      api_key_id: $.apiKeyId,
      ...valuesOf($),
    })
    .returning(columns),
);

/** Locks a run that may create schedules. None is created after the run is cancelled: what ends the access of its user then pauses those that there are. */
export const lockRunOrigin = statement<{ accountId: string; runId: string }>()((db, $) =>
  db
    .selectFrom('runs')
    .select(['persona_id', 'api_key_id'])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.runId)
    .where('status', 'in', activeStatuses)
    .forShare(),
);

export const selectSchedules = statement<{ accountId: string; userId: string } & PageKey>({ isShort: true })((db, $) =>
  pageInBytes(
    db
      .selectFrom('schedules as s')
      .select(columns)
      .where('s.account_id', '=', $.accountId)
      .where('s.created_by_user_id', '=', $.userId)
      .where(onPage($, 's.created_at', 's.id'))
      .orderBy('s.created_at', 'desc')
      .orderBy('s.id', 'desc')
      .limit($.limit),
    bytesOf('input'),
  ),
);

/** Only the user's own. */
export const selectSchedule = statement<ScheduleKey & { userId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('schedules as s')
    .select(columns)
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id)
    .where('s.created_by_user_id', '=', $.userId),
);

export type ScheduleRow = RowOf<typeof selectSchedule>;

/** Locks a schedule for its next change, with the clock of the database. */
export const lockSchedule = statement<ScheduleKey>()((db, $) =>
  db
    .selectFrom('schedules as s')
    .select([...columns, sql<string>`clock_timestamp()::timestamptz(3)`.as('now')])
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id)
    .forUpdate(),
);

export type LockedSchedule = RowOf<typeof lockSchedule>;

/** Why the user of a schedule, or its API key, may not start its runs any more; null if they may. */
export const selectLostAuthority = statement<ScheduleKey>()((db, $) =>
  db
    .selectFrom('schedules as s')
    .select(
      lostAuthorityOf(
        { accountId: $.accountId, userId: sql.ref<string>('s.created_by_user_id'), apiKeyId: sql.ref<string>('s.api_key_id') },
        // What changing a schedule requires.
        ['data.runs.write', 'data.threads.write'],
      ).as('lost'),
    )
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id),
);

/** `apiKeyId` is null if no API key makes the change. */
export const updateSchedule = statement<ScheduleKey & { apiKeyId: string | null } & Values>()((db, $) =>
  db
    .updateTable('schedules as s')
    .set({
      ...valuesOf($),
      api_key_id: sql`coalesce(${$.apiKeyId}::uuid, s.api_key_id)`,
      updated_at: sql`now()`,
    })
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id)
    .returning(columns),
);

type Change = {
  status: ScheduleStatus;
  nextRunAt: string | null;
  disabledReason: ScheduleDisabledReason | null;
  /** Whether earlier failures no longer count. */
  forgets: boolean;
};

/** Pauses, resumes or disables a schedule. */
export const changeStatus = statement<ScheduleKey & Change>()((db, $) =>
  db
    .updateTable('schedules as s')
    .set({
      status: $.status,
      next_run_at: $.nextRunAt,
      disabled_reason: $.disabledReason,
      failures_since: sql`case when ${$.forgets}::boolean then clock_timestamp() else s.failures_since end`,
      updated_at: sql`now()`,
    })
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id)
    .returning(columns),
);

/** The key whose access and limits apply from now on; null for those of the user. */
export const replaceApiKey = statement<ScheduleKey & { apiKeyId: string | null }>()((db, $) =>
  db.updateTable('schedules').set({ api_key_id: $.apiKeyId }).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** Moves to the next time. Not a change by the user. */
export const advance = statement<ScheduleKey & { status: ScheduleStatus; nextRunAt: string | null }>()((db, $) =>
  db
    .updateTable('schedules')
    .set({ status: $.status, next_run_at: $.nextRunAt })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id),
);

export const setLastRun = statement<ScheduleKey & { runId: string }>()((db, $) =>
  db.updateTable('schedules').set({ last_run_id: $.runId }).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

export const deleteSchedule = statement<ScheduleKey>()((db, $) =>
  db.deleteFrom('schedules').where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** A thread in which the user may start runs: their own. */
export const selectOwnThread = statement<ScheduleKey & { userId: string }>()((db, $) =>
  db
    .selectFrom('threads')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('created_by_user_id', '=', $.userId)
    .where('deleted_at', 'is', null)
    .where('is_private', '=', sql.lit(false)),
);

function isOpen() {
  const eb = expressionBuilder<WithAlias<'schedules', 's'>, 's'>();
  return eb.exists(
    eb
      .selectFrom('runs as r')
      .select(sql.lit(1).as('one'))
      .whereRef('r.account_id', '=', 's.account_id')
      .where('r.parent_run_id', 'is', null)
      .where('r.status', 'in', openStatuses)
      .where((of) =>
        of.or([
          of('r.thread_id', '=', of.ref('s.thread_id')),
          of.exists(
            of
              .selectFrom('schedule_occurrences as o')
              .select(sql.lit(1).as('one'))
              .whereRef('o.account_id', '=', 'r.account_id')
              .whereRef('o.run_id', '=', 'r.id')
              .whereRef('o.schedule_id', '=', 's.id'),
          ),
        ]),
      ),
  );
}

/** Whether a run of the schedule, or of its thread, has not ended; and how many occurrences wait. */
export const selectProgress = statement<ScheduleKey>()((db, $) =>
  db
    .selectFrom('schedules as s')
    .select((eb) => [
      isOpen().as('is_busy'),
      sql<number>`${eb
        .selectFrom('schedule_occurrences as o')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('o.account_id', '=', 's.account_id')
        .whereRef('o.schedule_id', '=', 's.id')
        .where('o.status', '=', sql.lit('waiting' as const))}::int`.as('waiting'),
    ])
    .where('s.account_id', '=', $.accountId)
    .where('s.id', '=', $.id),
);

type OfSchedule = { accountId: string; scheduleId: string };
type SkipReason = 'missed' | 'overlap' | 'paused';

/** Inserts nothing for a time that the schedule has had already. */
export const insertOccurrence = statement<
  OfSchedule & {
    id: string;
    scheduledFor: string;
    trigger: 'schedule' | 'manual';
    status: 'waiting' | 'started' | 'skipped';
    skipReason: SkipReason | null;
    runId: string | null;
  }
>()((db, $) =>
  db
    .insertInto('schedule_occurrences')
    .values({
      account_id: $.accountId,
      id: $.id,
      schedule_id: $.scheduleId,
      scheduled_for: $.scheduledFor,
      trigger: $.trigger,
      status: $.status,
      skip_reason: $.skipReason,
      run_id: $.runId,
      created_at: sql`clock_timestamp()`,
    })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'schedule_id', 'scheduled_for']).where('trigger', '=', sql.lit('schedule')).doNothing(),
    ),
);

/** The oldest waiting occurrence, and whether it has waited for an hour. */
export const selectWaiting = statement<OfSchedule>()((db, $) =>
  db
    .selectFrom('schedule_occurrences')
    .select(['id', 'scheduled_for', sql<boolean>`created_at < now() - interval '1 hour'`.as('is_late')])
    .where('account_id', '=', $.accountId)
    .where('schedule_id', '=', $.scheduleId)
    .where('status', '=', sql.lit('waiting' as const))
    .orderBy('scheduled_for')
    .limit(sql.lit(1)),
);

type Occurrence = { accountId: string; id: string };

/** These change waiting occurrences only. */
export const markStarted = statement<Occurrence & { runId: string }>()((db, $) =>
  db
    .updateTable('schedule_occurrences')
    .set({ status: sql.lit('started' as const), run_id: $.runId })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('waiting' as const)),
);
export const markFailed = statement<Occurrence & { code: string; message: string }>()((db, $) =>
  db
    .updateTable('schedule_occurrences')
    .set({ status: sql.lit('failed' as const), error_code: $.code, error_message: $.message })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('waiting' as const)),
);
export const markSkipped = statement<Occurrence & { reason: SkipReason }>()((db, $) =>
  db
    .updateTable('schedule_occurrences')
    .set({ status: sql.lit('skipped' as const), skip_reason: $.reason })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('waiting' as const)),
);
export const skipWaiting = statement<OfSchedule>()((db, $) =>
  db
    .updateTable('schedule_occurrences')
    .set({ status: sql.lit('skipped' as const), skip_reason: sql.lit('paused' as const) })
    .where('account_id', '=', $.accountId)
    .where('schedule_id', '=', $.scheduleId)
    .where('status', '=', sql.lit('waiting' as const)),
);

/**
 * The number of failures among the last `most` results. An occurrence that could not start a run has failed, and one whose run has failed.
 * Open and canceled runs are no result.
 */
export const countFailures = statement<OfSchedule & { most: number }>()((db, $) =>
  db
    .selectFrom(
      db
        .selectFrom('schedule_occurrences as o')
        .innerJoin('schedules as s', (join) => join.onRef('s.account_id', '=', 'o.account_id').onRef('s.id', '=', 'o.schedule_id'))
        .leftJoin('runs as r', (join) => join.onRef('r.account_id', '=', 'o.account_id').onRef('r.id', '=', 'o.run_id'))
        .select(sql<boolean>`coalesce(r.status, o.status) = 'failed'`.as('has_failed'))
        .where('o.account_id', '=', $.accountId)
        .where('o.schedule_id', '=', $.scheduleId)
        .whereRef('o.created_at', '>=', 's.failures_since')
        .where((eb) =>
          eb.or([
            eb('o.status', '=', sql.lit('failed' as const)),
            eb('r.status', 'in', [sql.lit('completed' as const), sql.lit('failed' as const)]),
          ]),
        )
        .orderBy('o.created_at', 'desc')
        .orderBy('o.id', 'desc')
        .limit($.most)
        .as('results'),
    )
    .select(sql<number>`(count(*) filter (where has_failed))::int`.as('failures')),
);

const occurrences = (db: Builder, { accountId }: Parameters<{ accountId: string }>) =>
  db
    .selectFrom('schedule_occurrences as o')
    .leftJoin('runs as r', (join) => join.onRef('r.account_id', '=', 'o.account_id').onRef('r.id', '=', 'o.run_id'))
    .select([
      'o.id',
      'o.schedule_id',
      'o.scheduled_for',
      'o.trigger',
      'o.status',
      'o.skip_reason',
      'o.error_code',
      'o.error_message',
      'o.run_id',
      'r.thread_id',
      'r.status as run_status',
      'o.created_at',
    ])
    .where('o.account_id', '=', accountId);

export const selectOccurrence = statement<Occurrence>({ isShort: true })((db, $) => occurrences(db, $).where('o.id', '=', $.id));

export const selectOccurrences = statement<OfSchedule & PageKey>({ isShort: true, rowBytes: 4_000 })((db, $) =>
  occurrences(db, $)
    .where('o.schedule_id', '=', $.scheduleId)
    .where(onPage($, 'o.created_at', 'o.id'))
    .orderBy('o.created_at', 'desc')
    .orderBy('o.id', 'desc')
    .limit($.limit),
);

export type OccurrenceRow = RowOf<typeof selectOccurrences>;

type Audit = {
  id: string;
  accountId: string;
  userId: string | null;
  scheduleId: string;
  action: 'schedule.auto_disable' | 'schedule.create' | 'schedule.delete';
  traceId: string;
  metadata: string;
};

/** For changes that no request makes: by the server, and by tools of a run. */
export const insertAudit = statement<Audit>()((db, $) =>
  db.insertInto('audit_logs').values({
    id: $.id,
    account_id: $.accountId,
    actor_user_id: $.userId,
    action: $.action,
    target_type: sql.lit('schedule' as const),
    target_id: $.scheduleId,
    trace_id: $.traceId,
    metadata: jsonb<Record<string, unknown>>($.metadata),
  }),
);
