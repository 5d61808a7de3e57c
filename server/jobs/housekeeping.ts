import { expressionBuilder, sql } from 'kysely';
import { createWalk, deleteOldest, firstId, inBatches } from '../database/deleting/batches.ts';
import type { Database } from '../database/sql.ts';
import { sqlStatement, statement, type WithAlias } from '../database/statement.ts';
import type { Config } from '../platform/config/config.ts';
import { runEventValues } from '../resources/runs/appendRunEvents.ts';
import { appendEvents } from '../resources/runs/eventQueries.ts';
import { activeStatuses, openStatuses } from '../resources/runs/statuses.ts';
import { deleteExpiredWebhooks } from '../resources/webhooks/sending/deleteExpired.ts';

/** Each with its messages, runs and events. */
const threadBatch = 100;

const isExpired = (thread: 't' | 'e') => {
  const eb = expressionBuilder<WithAlias<'threads', 't' | 'e'>, 't' | 'e'>();
  const openRun = eb.selectFrom('runs as r').select(sql.lit(1).as('one')).whereRef('r.thread_id', '=', `${thread}.id`);
  return eb.and([
    eb(`${thread}.is_private`, '=', sql.lit(true)),
    eb(`${thread}.expires_at`, '<', sql<string>`now()`),
    eb.not(eb.exists(openRun.where('r.status', 'in', openStatuses))),
  ]);
};
const expireThreads = statement<{ limit: number }>()((db, $) =>
  db
    .with('gone', (qc) =>
      qc
        .deleteFrom('threads as t')
        .where(({ selectFrom }) => {
          const oldest = selectFrom('threads as e').select('e.id').where(isExpired('e')).orderBy('e.expires_at').limit($.limit);
          return sql<boolean>`t.id = any (array(${oldest}))`;
        })
        .where(isExpired('t'))
        .returning(({ selectFrom }) => [
          't.id',
          selectFrom('runs as r')
            .select(sql<string[]>`array_agg(r.id)`.as('ids'))
            .whereRef('r.thread_id', '=', 't.id')
            .as('run_ids'),
        ]),
    )
    .with('archives', (qc) =>
      qc
        .updateTable('run_event_archives as a')
        .from('gone')
        .set({ state: sql.lit('removing' as const) })
        .where('a.run_id', '=', sql<string>`any (gone.run_ids)`),
    )
    .with('events', (qc) =>
      qc
        .deleteFrom('run_events as e')
        .using('gone')
        .where('e.run_id', '=', sql<string>`any (gone.run_ids)`),
    )
    .selectFrom('gone')
    .select(({ fn }) => fn.countAll<number>().as('count')),
);
const lockExpired = statement()((db) =>
  db
    .selectFrom('runs as r')
    .innerJoin('threads as t', 't.id', 'r.thread_id')
    .select(['r.id', 'r.trace_id'])
    .where('t.is_private', '=', sql.lit(true))
    .where('t.expires_at', '<', sql<string>`now()`)
    .where('r.status', 'in', activeStatuses)
    .limit(sql.lit(1_000))
    .forUpdate('r')
    .skipLocked(),
);

/** Deletes expired private threads. A run that is still active is canceled first, so that it is charged. Returns the runs to cancel. */
export async function removeExpiredThreads(database: Database): Promise<string[]> {
  const stopping = await database.transaction(async (tx) => {
    const runs = await tx.rows(lockExpired);
    for (const { id, trace_id } of runs)
      await tx.run(appendEvents, {
        runId: id,
        status: 'cancelling',
        ...runEventValues(trace_id, [{ type: 'run.cancel_requested', data: {} }]),
      });
    return runs.map(({ id }) => id);
  });
  await inBatches(async (limit) => (await database.row(expireThreads, { limit }))!.count, threadBatch);
  return stopping;
}

const now = sql<string>`now()`;
const dayAgo = sql<string>`now() - interval '1 day'`;
const daysAgo = sql<string>`now() - interval '90 days'`;

const forgetKeys = deleteOldest('idempotency_keys', sql`claimed_at`, () => dayAgo);
const forgetCounts = deleteOldest('attempt_counts', sql`window_ends`, () => now);
const forgetWorkers = statement()((db) => db.deleteFrom('workers').where('last_seen_at', '<', dayAgo));
const forgetTokens = deleteOldest('refresh_tokens', sql`expires_at`, () => dayAgo);
/** Looks at the sessions that follow `after`. One without refresh tokens can never be used again. */
const forgetSessions = statement<{ after: string; limit: number }>()((db, $) =>
  db
    .with('walked', (qc) => qc.selectFrom('sessions as w').select('w.id').where('w.id', '>', $.after).orderBy('w.id').limit($.limit))
    .with('gone', (qc) =>
      qc
        .deleteFrom('sessions as s')
        // An array and not a join, so that the planner looks each id up.
        .where('s.id', '=', sql<string>`any (array(${qc.selectFrom('walked').select('walked.id')}))`)
        .where('s.created_at', '<', dayAgo)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('refresh_tokens as t').select(sql.lit(1).as('one')).whereRef('t.session_id', '=', 's.id'))),
        ),
    )
    .selectFrom('walked')
    .select(({ fn }) => [fn.countAll<number>().as('count'), sql<string | null>`max(id::text)`.as('last')]),
);

const forgetCodes = deleteOldest('login_codes', sql`expires_at`, () => now);
const forgetChallenges = deleteOldest('sign_in_challenges', sql`expires_at`, () => now);
const forgetIdentityFlows = deleteOldest('identity_flows', sql`expires_at`, () => now);
const forgetPasskeyChallenges = deleteOldest('passkey_challenges', sql`expires_at`, () => now);
const forgetVerifications = deleteOldest('email_verifications', sql`expires_at`, () => now);
const forgetOccurrences = deleteOldest('schedule_occurrences', sql`created_at`, () => daysAgo);
/** Schedules without further times, with their history. */
const completedAt = sql<string>`greatest(run_at, updated_at)`;
const forgetSchedules = deleteOldest('schedules', completedAt, () => daysAgo, sql`status = 'completed'`);

/**
 * Completed schedules do not count toward `limit.schedules`, and those whose runs were rejected, for example without credits, cost nothing. So an account
 * keeps the newest ones only. Looks at the accounts that follow `after`.
 */
const maxCompletedSchedules = 1_000;
const forgetManySchedules = sqlStatement<{ after: string; limit: number }>({ bound: 'one' })<{ count: number; last: string | null }>(
  ($) => sql`with walked as (select id from accounts where id > ${$.after} order by id limit ${$.limit}),
    gone as (delete from schedules where status = 'completed' and ctid = any (array(
      select s.ctid from walked cross join lateral (
        select ctid from schedules where account_id = walked.id and status = 'completed'
        order by ${completedAt} desc, id desc offset ${sql.lit(maxCompletedSchedules)} limit ${$.limit}) s)))
    select count(*) as count, max(id::text) as last from walked`,
);

// An array and not `in`, so that the planner looks each id up.
const forgetAudit = statement<{ days: number; limit: number }>()((db, $) => {
  const oldest = db
    .selectFrom('audit_logs')
    .select('id')
    .where('created_at', '<', sql<string>`now() - ${$.days} * interval '1 day'`)
    // Always true: the condition of the index.
    .where('action', '>', sql.lit(''))
    .orderBy('created_at')
    .orderBy('id')
    .limit($.limit);
  return db.deleteFrom('audit_logs').where('id', '=', sql<string>`any (array(${oldest}))`);
});
const forgetCompletions = deleteOldest<{ months: number }>(
  'chat_completions',
  sql`ended_at`,
  ($) => sql`now() - ${$.months} * interval '1 month'`,
  sql`status <> 'running'`,
);
const forgetNotifications = deleteOldest<{ days: number }>(
  'notifications',
  sql`created_at`,
  ($) => sql`now() - ${$.days} * interval '1 day'`,
);

/** Replaces the changes of the number of runs by two sums: of the runs of today, and of all earlier ones. */
const mergeRunCount = statement()((db) =>
  db
    .with('merged', (qc) => qc.deleteFrom('run_count_changes').returning(['change', 'created_on']))
    .insertInto('run_count_changes')
    .columns(['change', 'created_on'])
    .expression((eb) =>
      eb
        .selectFrom('merged')
        .select([
          sql<number>`sum(change)`.as('change'),
          sql<string | null>`case when created_on >= (now() at time zone 'UTC')::date then created_on end`.as('day'),
        ])
        .groupBy('day'),
    ),
);

/** Replaces the changes of the numbers of users and accounts by their sums, of users by the day of the last sign-in as long as the dashboard asks for it. */
const mergeDirectoryCounts = statement()((db) =>
  db
    .with('merged', (qc) => qc.deleteFrom('directory_count_changes').returning(['subject', 'change', 'last_login_on']))
    .insertInto('directory_count_changes')
    .columns(['subject', 'change', 'last_login_on'])
    .expression((eb) =>
      eb
        .selectFrom('merged')
        .select([
          'subject',
          sql<number>`sum(change)`.as('change'),
          sql<string | null>`case when last_login_on >= (now() at time zone 'UTC')::date - 30 then last_login_on end`.as('day'),
        ])
        .groupBy(['subject', 'day'])
        .having(sql<number>`sum(change)`, '<>', sql.lit(0)),
    ),
);

/** In days and months. 0 days of the audit log and of notifications mean forever. */
type Retention = Pick<Config, 'auditRetentionDays' | 'runEventsRetentionMonths' | 'notificationRetentionDays' | 'webhookRetentionDays'>;

/** Runs a named step of the housekeeping. One that fails must not keep the next from running. */
export type RunStep = (name: string, step: () => Promise<unknown>) => Promise<unknown>;

const walkSessions = createWalk(firstId);
const walkAccounts = createWalk(firstId);

/** Deletes what is older than its retention, expired rows, and superseded rows of the count of runs. Each kind is a step. */
export async function deleteExpiredRows(database: Database, retention: Retention, runStep: RunStep = (_, step) => step()): Promise<void> {
  const { auditRetentionDays: days, runEventsRetentionMonths: months, notificationRetentionDays: noticeDays } = retention;
  const steps: Record<string, () => Promise<unknown>> = {
    ...(days > 0 && { audit_log: () => inBatches((limit) => database.run(forgetAudit, { days, limit })) }),
    chat_completions: () => inBatches((limit) => database.run(forgetCompletions, { months, limit })),
    ...(noticeDays > 0 && { notifications: () => inBatches((limit) => database.run(forgetNotifications, { days: noticeDays, limit })) }),
    run_counts: () => database.run(mergeRunCount),
    directory_counts: () => database.run(mergeDirectoryCounts),
    webhooks: () => deleteExpiredWebhooks(database, retention.webhookRetentionDays),
    idempotency_keys: () => inBatches((limit) => database.run(forgetKeys, { limit })),
    attempt_counts: () => inBatches((limit) => database.run(forgetCounts, { limit })),
    workers: () => database.run(forgetWorkers),
    refresh_tokens: () => inBatches((limit) => database.run(forgetTokens, { limit })),
    sessions: () => inBatches((limit) => walkSessions((after) => database.row(forgetSessions, { after, limit }), limit)),
    login_codes: () => inBatches((limit) => database.run(forgetCodes, { limit })),
    sign_in_challenges: () => inBatches((limit) => database.run(forgetChallenges, { limit })),
    identity_flows: () => inBatches((limit) => database.run(forgetIdentityFlows, { limit })),
    passkey_challenges: () => inBatches((limit) => database.run(forgetPasskeyChallenges, { limit })),
    email_verifications: () => inBatches((limit) => database.run(forgetVerifications, { limit })),
    schedule_occurrences: () => inBatches((limit) => database.run(forgetOccurrences, { limit })),
    schedules: () => inBatches((limit) => database.run(forgetSchedules, { limit })),
    completed_schedules: () => inBatches((limit) => walkAccounts((after) => database.row(forgetManySchedules, { after, limit }), limit)),
  };
  for (const [name, step] of Object.entries(steps)) await runStep(name, step);
}
