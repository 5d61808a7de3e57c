import type { NewSchedule, ScheduleChanges, SchedulePreview } from '../../../contract/schedules.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { App } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { fieldNames } from '../llmProviders/service.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { OccurrenceRow, ScheduleRow } from './queries.ts';
import * as queries from './queries.ts';
import { dequeueSchedule, queueSchedule } from './queue.ts';
import { startScheduledRun } from './startRun.ts';
import { nextTimes, readTimeZone, requireCron, shortestInterval, type Times } from './times.ts';

const previewedTimes = 5;

/** Who changes schedules: a request, or a tool of a run. */
export type ScheduleOwner = Pick<Scope, 'tx' | 'accountId'> & {
  app: Pick<App, 'database'>;
  actor: Pick<Scope['actor'], 'userId' | 'apiKeyId'>;
};

/** Only the caller's own: anything else is 404. */
export async function findSchedule({ db, accountId, actor }: Pick<Scope, 'db' | 'accountId' | 'actor'>, id: string): Promise<ScheduleRow> {
  const schedule = await db.row(queries.selectSchedule, { accountId, id, userId: actor.userId });
  if (!schedule) throw notFound();
  return schedule;
}

export const listSchedules = ({ app, db, accountId, actor: { userId } }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['schedules', accountId, userId],
    (key) => db.rows(queries.selectSchedules, { accountId, userId, ...key }),
    (row) => [row.created_at, row.id],
  );

export const listOccurrences = ({ app, db, accountId }: Scope, { id }: ScheduleRow, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['schedule occurrences', accountId, id],
    (key) => db.rows(queries.selectOccurrences, { accountId, scheduleId: id, ...key }),
    (row) => [row.created_at, row.id],
  );

/** Throws 400 `invalid_cron` or `invalid_timezone`. */
export function previewTimes(cron: string, zone: string, now = databaseDate()): SchedulePreview {
  const timezone = readTimeZone(zone, 'query');
  requireCron(cron, timezone, now, 'query');
  const times = nextTimes({ cron, run_at: null, timezone }, now, previewedTimes);
  return { timezone, times: times.map((time) => time.toISOString()) };
}

/** Checks when a schedule runs, and returns its next time. Throws 400. */
async function requireTimes(owner: ScheduleOwner, times: Times): Promise<string> {
  const now = databaseDate();
  if (times.cron !== null) {
    requireCron(times.cron, times.timezone, now);
    await requireInterval(owner, times.cron, times.timezone, now);
  }
  const [next] = nextTimes(times, now, 1);
  if (!next) throw invalidField('/run_at', 'must be in the future', 'time_in_past');
  return next.toISOString();
}

/** Throws 400 `interval_too_short`. */
export async function requireInterval(
  { app, tx, accountId }: Pick<ScheduleOwner, 'app' | 'tx' | 'accountId'>,
  cron: string,
  timezone: string,
  now: Date,
): Promise<void> {
  const least = (await readEntitlements(app.database, accountId, tx))['limit.schedule_min_interval_seconds'];
  // A pattern cannot have times that are less than a minute apart.
  const shortest = least > 60 ? shortestInterval(cron, timezone, now, least) : Infinity;
  if (shortest < least)
    throw invalidField('/cron', `has times ${shortest} seconds apart; the plan requires ${least} or more`, 'interval_too_short');
}

async function requireThread({ tx, accountId, actor }: ScheduleOwner, threadId: string | null | undefined) {
  if (threadId && !(await tx.row(queries.selectOwnThread, { accountId, id: threadId, userId: actor.userId })))
    throw invalidField('/thread_id', 'is not a thread of yours that is kept', 'thread_not_found');
}

/** The caller checks the quota `schedules` before the commit. Throws 400. */
export async function createSchedule(owner: ScheduleOwner, input: NewSchedule): Promise<ScheduleRow> {
  const { tx, accountId, actor } = owner;
  const times = { cron: input.cron ?? null, run_at: input.run_at ?? null, timezone: readTimeZone(input.timezone) };
  const nextRunAt = await requireTimes(owner, times);
  await requireThread(owner, input.thread_id);
  await lockCredential(owner);
  const schedule = await tx.row(queries.insertSchedule, {
    accountId,
    id: newId(),
    userId: actor.userId,
    apiKeyId: actor.apiKeyId ?? null,
    name: input.name,
    cron: times.cron,
    runAt: times.run_at,
    timezone: times.timezone,
    personaId: input.persona_id || null,
    input: input.input,
    threadId: input.thread_id ?? null,
    missed: input.missed,
    overlap: input.overlap,
    status: 'active',
    nextRunAt,
  });
  await queueSchedule(tx, { accountId, id: schedule!.id }, { at: nextRunAt });
  return schedule!;
}

/** Throws 404 if the schedule was deleted in the meantime. */
async function lock({ tx, accountId }: Pick<Scope, 'tx' | 'accountId'>, id: string) {
  const schedule = await tx.row(queries.lockSchedule, { accountId, id });
  if (!schedule) throw notFound();
  return schedule;
}

/** New times apply from now on. Throws 400, and 409 if a completed schedule is to be active again and the quota is exhausted. */
export async function updateSchedule(scope: Scope, { id }: ScheduleRow, changes: ScheduleChanges): Promise<ScheduleRow> {
  const { app, tx, accountId, actor } = scope;
  await lockCredential(scope);
  const old = await lock(scope, id);
  const changesTimes = changes.cron !== undefined || changes.run_at !== undefined || changes.timezone !== undefined;
  const times = {
    cron: changes.cron ?? (changes.run_at === undefined ? old.cron : null),
    run_at: changes.run_at ?? (changes.cron === undefined ? old.run_at : null),
    timezone: changes.timezone === undefined ? old.timezone : readTimeZone(changes.timezone),
  };
  const isRevived = old.status === 'completed' && (changes.cron !== undefined || changes.run_at !== undefined);
  const status = isRevived ? 'active' : old.status;
  const next = changesTimes && status !== 'completed' ? await requireTimes(scope, times) : old.next_run_at;
  const nextRunAt = status === 'active' ? next : null;
  await requireThread(scope, changes.thread_id);
  const updated = await tx.row(queries.updateSchedule, {
    accountId,
    id,
    apiKeyId: actor.apiKeyId ?? null,
    name: changes.name ?? old.name,
    cron: times.cron,
    runAt: times.run_at,
    timezone: times.timezone,
    personaId: changes.persona_id === undefined ? old.persona_id : changes.persona_id || null,
    input: changes.input ?? old.input,
    threadId: changes.thread_id === undefined ? old.thread_id : changes.thread_id,
    missed: changes.missed ?? old.missed,
    overlap: changes.overlap ?? old.overlap,
    status,
    nextRunAt,
  });
  if (isRevived) await (await app.prepareQuota(tx, 'schedules', { accountId, userId: actor.userId }))();
  if (nextRunAt && changesTimes) await queueSchedule(tx, { accountId, id }, { at: nextRunAt });
  scope.audit({ metadata: { fields: fieldNames(changes) } });
  return updated!;
}

/** Deletes a schedule with its occurrences. */
export async function deleteSchedule({ tx, accountId }: Pick<ScheduleOwner, 'tx' | 'accountId'>, id: string): Promise<void> {
  if ((await tx.run(queries.deleteSchedule, { accountId, id })) === 0) throw notFound();
  await dequeueSchedule(tx, id);
}

const completed = () => failWith('conflict', 'schedule_completed', 'The schedule has no time left. Give it a new pattern or time.');

/** Idempotent. Skips waiting occurrences. Throws 409 `schedule_completed`. */
export async function pauseSchedule(
  scope: Pick<Scope, 'tx' | 'accountId' | 'skipAudit'>,
  { id }: Pick<ScheduleRow, 'id'>,
): Promise<ScheduleRow> {
  const { tx, accountId } = scope;
  const old = await lock(scope, id);
  if (old.status === 'completed') throw completed();
  if (old.status === 'paused') {
    scope.skipAudit();
    return old;
  }
  await tx.run(queries.skipWaiting, { accountId, scheduleId: id });
  await dequeueSchedule(tx, id);
  return (await tx.row(queries.changeStatus, { accountId, id, status: 'paused', nextRunAt: null, disabledReason: null, forgets: false }))!;
}

/**
 * Idempotent. Continues with the next time from now: if the access of the schedule's API key has ended, in the name of the caller. Throws 409
 * `schedule_completed` if there is none.
 */
export async function resumeSchedule(scope: Scope, { id }: ScheduleRow): Promise<ScheduleRow> {
  const { tx, accountId, actor } = scope;
  await lockCredential(scope);
  const old = await lock(scope, id);
  if (old.status === 'active') {
    scope.skipAudit();
    return old;
  }
  const [next] = nextTimes(old, databaseDate(), 1);
  if (old.status === 'completed' || !next) throw completed();
  if ((await tx.row(queries.selectLostAuthority, { accountId, id }))!.lost)
    await tx.run(queries.replaceApiKey, { accountId, id, apiKeyId: actor.apiKeyId ?? null });
  const nextRunAt = next.toISOString();
  await queueSchedule(tx, { accountId, id }, { at: nextRunAt });
  return (await tx.row(queries.changeStatus, { accountId, id, status: 'active', nextRunAt, disabledReason: null, forgets: true }))!;
}

/** Starts a run in addition to the times of the schedule. Throws the errors of starting a run. */
export async function runScheduleNow(scope: Scope, { id }: ScheduleRow): Promise<OccurrenceRow> {
  const { tx, accountId } = scope;
  // Before the schedule, as everywhere: what revokes a key pauses its schedules.
  await lockCredential(scope);
  const schedule = await lock(scope, id);
  const runId = await startScheduledRun({ ...scope, tx, audit: () => undefined }, schedule);
  const occurrence = { accountId, id: newId(), scheduleId: id, scheduledFor: schedule.now };
  await tx.run(queries.insertOccurrence, { ...occurrence, trigger: 'manual', status: 'started', skipReason: null, runId });
  // Looks at the result of the run, which may be one failure too many.
  if (schedule.status === 'active') await queueSchedule(tx, { accountId, id }, {});
  scope.audit({ metadata: { schedule_id: id, run_id: runId } });
  return (await tx.row(queries.selectOccurrence, { accountId, id: occurrence.id }))!;
}
