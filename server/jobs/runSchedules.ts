import { sql } from 'kysely';
import { z } from 'zod';
import type { ScheduleDisabledReason } from '../../contract/schedules.ts';
import type { Database, Transaction } from '../database/sql.ts';
import { sqlStatement, statement } from '../database/statement.ts';
import type { Queue } from '../http/app.ts';
import type { Config } from '../platform/config/config.ts';
import { newId } from '../platform/crypto/ids.ts';
import { Failure, failWith } from '../platform/failure.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { currentSpan, newTraceId } from '../platform/telemetry/spans.ts';
import { lostAuthority } from '../resources/accounts/authority.ts';
import { notifyUsers } from '../resources/notifications/service.ts';
import { checkQuota } from '../resources/quotas/check.ts';
import type { LockedSchedule, ScheduleKey } from '../resources/schedules/queries.ts';
import * as queries from '../resources/schedules/queries.ts';
import { queueSchedule, runScheduleTask } from '../resources/schedules/queue.ts';
import { requireInterval } from '../resources/schedules/service.ts';
import { startScheduledRun } from '../resources/schedules/startRun.ts';
import { dueTimes, nextTimes } from '../resources/schedules/times.ts';
import { readEntitlements } from '../resources/settings/settings.ts';

type Deps = { config: Config; database: Database; queue: Queue; stopping: AbortSignal; log: Log };

const Payload = z.object({ v: z.literal(1), account_id: z.guid(), schedule_id: z.guid() });

/** An occurrence that is later than this was missed, in milliseconds. */
const missedAfterMs = 60_000;
/** Occurrences that wait at the same time, and missed ones that are made up for. */
const maxWaiting = 10;
/** How often a schedule with a waiting occurrence looks whether it can start, in seconds. */
const waitingSeconds = 2;
/** How often a schedule looks whether its run has ended, in seconds: the run may be one failure too many. */
const busySeconds = 30;
/** The recovery of schedules: one instance at a time. */
const recoveryLock = 7_203_118_407;
const tryLock = statement()((db) => db.selectNoFrom(sql<boolean>`pg_try_advisory_xact_lock(${sql.lit(recoveryLock)})`.as('locked')));

/**
 * Handles what is due of a schedule. The job may run twice, also at the same time, because each step locks the schedule: the times become
 * occurrences, each once; each occurrence becomes a run in the transaction that takes it; and the next job is queued.
 */
export async function runSchedule(deps: Deps, payload: unknown): Promise<void> {
  const { config, database, stopping, log } = deps;
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a job of a schedule has a payload this worker does not know');
  const key = { accountId: known.data.account_id, id: known.data.schedule_id };
  await database.transaction((tx) => addDueOccurrences(deps, tx, key));
  while (!stopping.aborted && (await startNext(deps, key)));
  await database.transaction((tx) => queueNext(deps, tx, key, Math.max(waitingSeconds, config.workerPollSeconds * 2)));
}

/** Adds the occurrences that are due, and moves the schedule to its next time. */
async function addDueOccurrences(deps: Deps, tx: Transaction, key: ScheduleKey): Promise<void> {
  const schedule = await tx.row(queries.lockSchedule, key);
  if (schedule?.status !== 'active' || (await disableAfterFailures(deps, tx, schedule))) return;
  const now = new Date(schedule.now);
  const first = new Date(schedule.next_run_at!);
  if (first > now) return;
  const due = dueTimes(schedule, first, now, maxWaiting);
  const { is_busy: isBusy, waiting } = (await tx.row(queries.selectProgress, key))!;
  let room = maxWaiting - waiting;
  let isFree = !isBusy && waiting === 0;
  for (const time of due) {
    const isLast = time === due.at(-1);
    const isMissed = now.getTime() - time.getTime() > missedAfterMs;
    const isWanted = !isMissed || schedule.missed === 'run_all' || (schedule.missed === 'run_once' && isLast);
    // A missed occurrence waits, because skipping it would contradict the other policy.
    const hasRoom = isFree || (room > 0 && (schedule.overlap === 'queue' || isMissed));
    const skipReason = !isWanted ? 'missed' : hasRoom ? null : 'overlap';
    const added = await tx.run(queries.insertOccurrence, {
      accountId: key.accountId,
      id: newId(),
      scheduleId: key.id,
      scheduledFor: time.toISOString(),
      trigger: 'schedule',
      status: skipReason ? 'skipped' : 'waiting',
      skipReason,
      runId: null,
    });
    if (added === 0 || skipReason) continue;
    isFree = false;
    room--;
  }
  // A single time is over, whatever the clock says later.
  const [next] = schedule.cron === null ? [] : nextTimes(schedule, now, 1);
  await tx.run(queries.advance, { ...key, status: next ? 'active' : 'completed', nextRunAt: next?.toISOString() ?? null });
}

/** Starts the run of the oldest waiting occurrence. Returns whether there was one that does not wait any more. */
async function startNext(deps: Deps, key: ScheduleKey): Promise<boolean> {
  const { database, config, queue, log } = deps;
  const { accountId } = key;
  let taken: { id: string; isLate: boolean } | undefined;
  try {
    return await database.transaction(async (tx) => {
      taken = undefined;
      const schedule = await tx.row(queries.lockSchedule, key);
      const occurrence = schedule && (await tx.row(queries.selectWaiting, { accountId, scheduleId: key.id }));
      if (!occurrence) return false;
      if ((await tx.row(queries.selectProgress, key))!.is_busy)
        return occurrence.is_late && (await tx.run(queries.markSkipped, { accountId, id: occurrence.id, reason: 'overlap' })) > 0;
      taken = { id: occurrence.id, isLate: occurrence.is_late };
      await requireAuthority(deps, tx, schedule);
      const { created_by_user_id: userId, api_key_id } = schedule;
      const traceId = currentSpan()?.traceId ?? newTraceId();
      const actor = { userId, apiKeyId: api_key_id ?? undefined };
      const creator = { app: { config, database, queue }, tx, accountId, actor, client: { traceId }, audit: () => undefined };
      const runId = await startScheduledRun(creator, schedule);
      await tx.run(queries.markStarted, { accountId, id: occurrence.id, runId });
      await checkQuota(database, tx, 'messages', { accountId, userId });
      log.info({ schedule_id: key.id, run_id: runId, trace_id: traceId, at: occurrence.scheduled_for }, 'a schedule started a run');
      return true;
    });
  } catch (error) {
    if (!(error instanceof Failure) || !taken) throw error;
    const { id, isLate } = taken;
    const code = reasonOf(error);
    // These end by themselves.
    if ((error.status === 429 || code === 'thread_busy') && !isLate) return false;
    await database.transaction((tx) => recordFailure(deps, tx, key, { id, code, message: error.message }));
    return true;
  }
}

/** Throws 403 if the author of the schedule may not start its runs any more, and 400 `interval_too_short` if the plan does not allow its times. */
async function requireAuthority({ database }: Deps, tx: Transaction, { account_id: accountId, id, cron, timezone, now }: LockedSchedule) {
  const { lost } = (await tx.row(queries.selectLostAuthority, { accountId, id }))!;
  if (lost) throw failWith('forbidden', lost, lostAuthority[lost]);
  if (cron !== null) await requireInterval({ app: { database }, tx, accountId }, cron, timezone, new Date(now));
}

const reasonOf = ({ details, code }: Failure) => (typeof details.reason === 'string' ? details.reason : code);

async function recordFailure(
  deps: Deps,
  tx: Transaction,
  key: ScheduleKey,
  { id, code, message }: { id: string; code: string; message: string },
): Promise<void> {
  const schedule = await tx.row(queries.lockSchedule, key);
  if (!schedule || (await tx.run(queries.markFailed, { accountId: key.accountId, id, code, message })) === 0) return;
  const reason = disablingReasonOf(code);
  if (schedule.status === 'completed') await notifyOfFailure(tx, schedule, code, message);
  else if (reason && schedule.status === 'active') await disable(deps, tx, schedule, reason);
  else await disableAfterFailures(deps, tx, schedule);
}

/** Of an error that the next occurrence would have too. */
function disablingReasonOf(code: string): ScheduleDisabledReason | undefined {
  if (code === 'thread_not_found') return code;
  if (code === 'interval_too_short') return 'plan_limit';
  return Object.hasOwn(lostAuthority, code) ? 'access_ended' : undefined;
}

/** A schedule without further times cannot be disabled, but its only run is missing. */
const notifyOfFailure = (
  tx: Transaction,
  { account_id: accountId, id, created_by_user_id: userId, name }: LockedSchedule,
  code: string,
  message: string,
) =>
  notifyUsers(tx, {
    accountId,
    userIds: [userId],
    type: 'schedule.failed',
    title: 'A scheduled run was not started',
    body: `“${name}”: ${message}`,
    payload: { schedule_id: id, error_code: code },
  });

/** Returns whether the schedule was disabled. */
async function disableAfterFailures(deps: Deps, tx: Transaction, schedule: LockedSchedule): Promise<boolean> {
  const { account_id: accountId, id: scheduleId, status } = schedule;
  if (status !== 'active') return false;
  const most = (await readEntitlements(deps.database, accountId, tx))['limit.schedule_max_failures'];
  const { failures } = (await tx.row(queries.countFailures, { accountId, scheduleId, most }))!;
  if (failures < most) return false;
  await disable(deps, tx, schedule, 'consecutive_failures', `it failed ${failures} times in a row`);
  return true;
}

const disabledBecause: Record<ScheduleDisabledReason, string> = {
  consecutive_failures: 'it failed too often',
  thread_not_found: 'its thread was deleted',
  access_ended: 'its user, or its API key, may not start runs any more',
  plan_limit: 'its times are closer together than the plan allows',
};

/** Disables a schedule and notifies its user. */
async function disable(
  { log }: Deps,
  tx: Transaction,
  { account_id: accountId, id, created_by_user_id: userId, name }: LockedSchedule,
  disabledReason: ScheduleDisabledReason,
  why = disabledBecause[disabledReason],
): Promise<void> {
  await tx.run(queries.skipWaiting, { accountId, scheduleId: id });
  await tx.row(queries.changeStatus, { accountId, id, status: 'disabled', nextRunAt: null, disabledReason, forgets: false });
  const facts = { schedule_id: id, reason: disabledReason };
  const traceId = currentSpan()?.traceId ?? newTraceId();
  const metadata = JSON.stringify({ actor: 'system', reason: disabledReason });
  await tx.run(queries.insertAudit, {
    id: newId(),
    accountId,
    userId: null,
    scheduleId: id,
    action: 'schedule.auto_disable',
    traceId,
    metadata,
  });
  await notifyUsers(tx, {
    accountId,
    userIds: [userId],
    type: 'schedule.disabled',
    title: 'A schedule was disabled',
    body: `“${name}” was disabled because ${why}. It starts nothing until you resume it.`,
    payload: facts,
  });
  log.warn({ account_id: accountId, ...facts, trace_id: traceId }, 'a schedule was disabled');
}

/**
 * Queues the next job: soon if an occurrence waits; later while a run of the schedule has not ended, because its result may disable the schedule; or
 * else at the next time.
 */
async function queueNext(deps: Deps, tx: Transaction, key: ScheduleKey, waitingDelay: number): Promise<void> {
  const schedule = await tx.row(queries.lockSchedule, key);
  if (!schedule) return;
  const { is_busy: isBusy, waiting } = (await tx.row(queries.selectProgress, key))!;
  // After the progress: a run that ended since the job began is counted now, because the next job may be far away.
  if (!isBusy && (await disableAfterFailures(deps, tx, schedule))) return;
  const soon = new Date(Date.parse(schedule.now) + (waiting > 0 ? waitingDelay : busySeconds) * 1_000).toISOString();
  if (waiting > 0) await queueSchedule(tx, key, { at: soon });
  else if (schedule.next_run_at) await queueSchedule(tx, key, { at: isBusy && soon < schedule.next_run_at ? soon : schedule.next_run_at });
}

/**
 * Schedules that are late and that no job will handle: it failed, or its worker died. A template, because the queue's tables have no types. Of
 * the jobs of a dead worker the database keeps the lock.
 */
const selectAbandoned = sqlStatement<{ leaseSeconds: number }>()(
  ($) => sql<{ account_id: string; id: string }>`
  with late as (
    select account_id, id from schedules where status = 'active' and next_run_at < now() - ${$.leaseSeconds}::float8 * interval '1 second'
    union select account_id, schedule_id from schedule_occurrences where status = 'waiting'
  )
  select s.account_id, s.id from late s
  where not exists (
      select from graphile_worker.jobs j where j.key = 'schedule:' || s.id
        and (case when j.locked_at is null then j.attempts < j.max_attempts and j.run_at < now() + ${$.leaseSeconds}::float8 * interval '1 second' else j.locked_at > now() - ${$.leaseSeconds}::float8 * interval '1 second' end))
  limit 1000`,
);

/** Unlocks the jobs of dead workers. They find nothing to do, or what their worker has left. */
const unlockLost = sqlStatement<{ task: string; leaseSeconds: number }>({ bound: 'one' })(
  ($) => sql<{ force_unlock_workers: unknown }>`
  select graphile_worker.force_unlock_workers(array_agg(locked_by)) from graphile_worker.jobs
  where task_identifier = ${$.task} and locked_at < now() - ${$.leaseSeconds}::float8 * interval '1 second' having count(*) > 0`,
);

/** Queues schedules whose job was lost. */
export async function recoverSchedules(database: Database, leaseSeconds: number, log: Log): Promise<void> {
  await database.transaction(async (tx) => {
    if (!(await tx.row(tryLock))?.locked) return;
    await tx.rows(unlockLost, { task: runScheduleTask, leaseSeconds });
    for (const { account_id: accountId, id } of await tx.rows(selectAbandoned, { leaseSeconds })) {
      log.warn({ schedule_id: id }, 'a schedule is queued again');
      await queueSchedule(tx, { accountId, id }, {});
    }
  });
}
