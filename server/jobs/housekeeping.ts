import { sql } from 'kysely';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Config } from '../platform/config/config.ts';
import { runEventValues } from '../resources/runs/appendRunEvents.ts';
import { appendEvents } from '../resources/runs/eventQueries.ts';
import { activeStatuses, openStatuses } from '../resources/runs/statuses.ts';
import { deleteExpiredWebhooks } from '../resources/webhooks/sending/deleteExpired.ts';

const expireThreads = statement()((db) =>
  db
    .with('gone', (qc) =>
      qc
        .deleteFrom('threads as t')
        .where('t.is_private', '=', sql.lit(true))
        .where('t.expires_at', '<', sql<string>`now()`)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('runs as r')
                .select(sql.lit(1).as('one'))
                .whereRef('r.thread_id', '=', 't.id')
                .where('r.status', 'in', openStatuses),
            ),
          ),
        )
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
    .deleteFrom('run_events as e')
    .using('gone')
    .where('e.run_id', '=', sql<string>`any (gone.run_ids)`),
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
    .forUpdate('r'),
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
  await database.run(expireThreads);
  return stopping;
}

/** Rows that one statement deletes or looks at, at most. */
const batch = 5_000;

const now = sql<string>`now()`;
const dayAgo = sql<string>`now() - interval '1 day'`;

const forgetKeys = statement()((db) =>
  db.deleteFrom('idempotency_keys').where('claimed_at', '<', sql<string>`now() - interval '24 hours'`),
);
const forgetCounts = statement()((db) => db.deleteFrom('attempt_counts').where('window_ends', '<', now));
const forgetWorkers = statement()((db) => db.deleteFrom('workers').where('last_seen_at', '<', dayAgo));
const forgetTokens = statement<{ limit: number }>()((db, $) =>
  db
    .deleteFrom('refresh_tokens')
    .where(({ eb, selectFrom }) =>
      eb(
        'token_hash',
        'in',
        selectFrom('refresh_tokens as t').select('t.token_hash').where('t.expires_at', '<', dayAgo).orderBy('t.expires_at').limit($.limit),
      ),
    ),
);
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
const firstSession = '00000000-0000-0000-0000-000000000000';
/** Where the next round goes on. */
let lastSession = firstSession;

async function forgetNextSessions(database: Database): Promise<number> {
  const { count, last } = (await database.row(forgetSessions, { after: lastSession, limit: batch }))!;
  lastSession = count === batch && last !== null ? last : firstSession;
  return count;
}

const forgetCodes = statement()((db) => db.deleteFrom('login_codes').where('expires_at', '<', now));
const forgetChallenges = statement()((db) => db.deleteFrom('sign_in_challenges').where('expires_at', '<', now));
const forgetIdentityFlows = statement()((db) => db.deleteFrom('identity_flows').where('expires_at', '<', now));
const forgetPasskeyChallenges = statement()((db) => db.deleteFrom('passkey_challenges').where('expires_at', '<', now));
const forgetVerifications = statement()((db) => db.deleteFrom('email_verifications').where('expires_at', '<', now));
const forgetOccurrences = statement()((db) =>
  db.deleteFrom('schedule_occurrences').where('created_at', '<', sql<string>`now() - interval '90 days'`),
);
/** Schedules without further times, with their history. */
const forgetSchedules = statement()((db) =>
  db
    .deleteFrom('schedules')
    .where('status', '=', sql.lit('completed' as const))
    .where(sql<string>`greatest(run_at, updated_at)`, '<', sql<string>`now() - interval '90 days'`),
);

/**
 * Completed schedules do not count toward `limit.schedules`, and those whose runs were rejected, for example without credits, cost nothing. So an account
 * keeps the newest ones only.
 */
const maxCompletedSchedules = 1_000;
const forgetManySchedules = statement()((db) =>
  db
    .with('ranked', (qc) =>
      qc
        .selectFrom('schedules')
        .select(['account_id', 'id'])
        .select(sql<number>`row_number() over (partition by account_id order by greatest(run_at, updated_at) desc, id desc)`.as('rank'))
        .where('status', '=', sql.lit('completed' as const)),
    )
    .deleteFrom('schedules as s')
    .using('ranked as r')
    .whereRef('s.account_id', '=', 'r.account_id')
    .whereRef('s.id', '=', 'r.id')
    .where('s.status', '=', sql.lit('completed' as const))
    .where('r.rank', '>', sql.lit(maxCompletedSchedules)),
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
const forgetCompletions = statement<{ months: number; limit: number }>()((db, $) =>
  db.deleteFrom('chat_completions').where(({ eb, refTuple, selectFrom }) =>
    eb(
      refTuple('account_id', 'id'),
      'in',
      selectFrom('chat_completions as c')
        .select(['c.account_id', 'c.id'])
        .where('c.status', '<>', sql.lit('running' as const))
        .where('c.ended_at', '<', sql<string>`now() - ${$.months} * interval '1 month'`)
        .orderBy('c.ended_at')
        .limit($.limit)
        .$asTuple('account_id', 'id'),
    ),
  ),
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

const forgetNotifications = statement<{ days: number; limit: number }>()((db, $) =>
  db.deleteFrom('notifications').where(({ eb, refTuple, selectFrom }) =>
    eb(
      refTuple('account_id', 'id'),
      'in',
      selectFrom('notifications as n')
        .select(['n.account_id', 'n.id'])
        .where('n.created_at', '<', sql<string>`now() - ${$.days} * interval '1 day'`)
        .orderBy('n.created_at')
        .limit($.limit)
        .$asTuple('account_id', 'id'),
    ),
  ),
);

/** In days and months. 0 days of the audit log and of notifications mean forever. */
type Retention = Pick<Config, 'auditRetentionDays' | 'runEventsRetentionMonths' | 'notificationRetentionDays' | 'webhookRetentionDays'>;

/** Runs a named step of the housekeeping. One that fails must not keep the next from running. */
export type RunStep = (name: string, step: () => Promise<unknown>) => Promise<unknown>;

/** The batches of a step begin within this time, in milliseconds. The next round does the rest. */
const maxStepMs = 5_000;

async function inBatches(deleteSome: () => Promise<number>): Promise<void> {
  for (const until = performance.now() + maxStepMs; (await deleteSome()) === batch && performance.now() < until;);
}

/** Deletes what is older than its retention, expired rows, and superseded rows of the count of runs. Each kind is a step. */
export async function deleteExpiredRows(database: Database, retention: Retention, runStep: RunStep = (_, step) => step()): Promise<void> {
  const { auditRetentionDays: days, runEventsRetentionMonths: months, notificationRetentionDays: noticeDays } = retention;
  const steps: Record<string, () => Promise<unknown>> = {
    ...(days > 0 && { audit_log: () => inBatches(() => database.run(forgetAudit, { days, limit: batch })) }),
    chat_completions: () => inBatches(() => database.run(forgetCompletions, { months, limit: batch })),
    ...(noticeDays > 0 && { notifications: () => inBatches(() => database.run(forgetNotifications, { days: noticeDays, limit: batch })) }),
    run_counts: () => database.run(mergeRunCount),
    directory_counts: () => database.run(mergeDirectoryCounts),
    webhooks: () => deleteExpiredWebhooks(database, retention.webhookRetentionDays),
    idempotency_keys: () => database.run(forgetKeys),
    attempt_counts: () => database.run(forgetCounts),
    workers: () => database.run(forgetWorkers),
    refresh_tokens: () => inBatches(() => database.run(forgetTokens, { limit: batch })),
    sessions: () => inBatches(() => forgetNextSessions(database)),
    login_codes: () => database.run(forgetCodes),
    sign_in_challenges: () => database.run(forgetChallenges),
    identity_flows: () => database.run(forgetIdentityFlows),
    passkey_challenges: () => database.run(forgetPasskeyChallenges),
    email_verifications: () => database.run(forgetVerifications),
    schedule_occurrences: () => database.run(forgetOccurrences),
    schedules: () => database.run(forgetSchedules),
    completed_schedules: () => database.run(forgetManySchedules),
  };
  for (const [name, step] of Object.entries(steps)) await runStep(name, step);
}
