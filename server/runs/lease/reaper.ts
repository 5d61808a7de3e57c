import Big from 'big.js';
import { sql } from 'kysely';
import type { RunEventInput } from '../../../contract/events.ts';
import { eventTotals } from '../../agent/loop/usageTotals.ts';
import { isLockTimeout } from '../../database/connection/connectionErrors.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Queue } from '../../http/app.ts';
import { queuedJobs, repairTurns } from '../../jobs/queue.ts';
import { usdCost } from '../../models/cost.ts';
import type { Config } from '../../platform/config/config.ts';
import { newId } from '../../platform/crypto/ids.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import type { RunNotifier } from '../../pubsub/runNotifier.ts';
import { chargeRun, costOfOtherRuns, type RunCost } from '../../resources/credits/charge.ts';
import { runEventValues } from '../../resources/runs/appendRunEvents.ts';
import { announceCancelled, cancelDescendants, cancelTree } from '../../resources/runs/cancel.ts';
import { reportEnd } from '../../resources/runs/reportEnd.ts';
import { activeStatuses, endedStatuses, openStatuses } from '../../resources/runs/statuses.ts';
import { readSettings, type Settings } from '../../resources/settings/settings.ts';
import { insertDeliveries } from '../../resources/webhooks/outbox.ts';
import { addInterruptedCall } from '../credits/interruptedCall.ts';
import { storeUnfinished } from '../record/answers.ts';
import { replayRun } from '../record/replay.ts';
import { endRun, lockStale, selectStale, type StaleRun } from './staleRuns.ts';

export type ReaperDeps = { config: Config; database: Database; queue: Queue; runNotifier: RunNotifier; log: Log };

/** One instance at a time. Others skip the work. */
const tryLock = statement<{ key: number }>()((db, $) =>
  db.selectNoFrom(sql<boolean>`pg_try_advisory_xact_lock(${$.key}::bigint)`.as('locked')),
);
const recoveryLock = 7_203_118_402;
const reaperLock = 7_203_118_403;

/**
 * Runs whose worker died: the lease expired, or the job is lost or was taken but never started. Those that are locked wait for the next time: the runs of
 * one account must not wait for a lock on one of another.
 */
const selectAbandoned = statement<{ seconds: number }>()((db, $) => {
  const longAgo = sql<string>`clock_timestamp() - ${$.seconds} * interval '1 second'`;
  const job = db
    .selectFrom(queuedJobs.as('j'))
    .select(sql.lit(1).as('one'))
    .where('j.key', '=', sql<string>`'run:' || r.id::text`);
  return db
    .selectFrom('runs as r')
    .select(['r.id', 'r.account_id', 'r.trace_id', 'r.parent_run_id'])
    .where('r.status', 'in', openStatuses)
    .where((eb) =>
      eb.or([
        eb.and([eb('r.lease_token', 'is not', null), eb('r.lease_until', '<', sql<string>`clock_timestamp()`)]),
        eb.and([
          eb('r.lease_token', 'is', null),
          eb('r.last_activity_at', '<', longAgo),
          eb.exists(job.where('j.locked_at', '<', longAgo)),
        ]),
        eb.and([eb('r.lease_token', 'is', null), eb('r.last_activity_at', '<', longAgo), eb.not(eb.exists(job))]),
      ]),
    )
    .limit(sql.lit(500))
    .forUpdate('r')
    .skipLocked();
});

const freeLease = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('runs')
    .set({
      lease_token: sql.lit(null),
      lease_until: sql.lit(null),
      lost_leases: sql`lost_leases + (lease_token is not null)::integer`,
    })
    .where('id', '=', $.id)
    .where('status', 'in', openStatuses)
    .where((eb) => eb.or([eb('lease_token', 'is', null), eb('lease_until', '<', sql<string>`clock_timestamp()`)])),
);

/** Queues the runs of dead workers again; `executeRun` then resumes them. Returns their number. Accounts that have lost their turn get one. */
export async function recoverRuns({ database, queue, config, log }: ReaperDeps): Promise<number> {
  return database.transaction(async (tx) => {
    if (!(await tx.row(tryLock, { key: recoveryLock }))?.locked) return 0;
    const maxAttempts = (await readSettings(database, tx))['queue.max_attempts'];
    const abandoned = await tx.rows(selectAbandoned, { seconds: config.workerLeaseSeconds });
    for (const run of abandoned) {
      if ((await tx.run(freeLease, { id: run.id })) === 0) continue;
      await queue.enqueueRun(tx, run, maxAttempts);
      log.warn({ run_id: run.id, trace_id: run.trace_id }, 'the lease of a run expired: the run is queued again');
    }
    await repairTurns(tx);
    return abandoned.length;
  });
}

/** Open child runs of runs that have ended. Normally a run cancels them when it ends. */
const selectOrphans = statement()((db) =>
  db
    .selectFrom('runs as r')
    .innerJoin('runs as p', (join) => join.onRef('p.account_id', '=', 'r.account_id').onRef('p.id', '=', 'r.parent_run_id'))
    .select(['r.id', 'r.account_id'])
    .where('r.status', 'in', activeStatuses)
    .where('p.status', 'in', endedStatuses)
    .limit(sql.lit(500)),
);

async function cancelOrphans({ database, queue, runNotifier, log }: ReaperDeps) {
  for (const { id, account_id: accountId } of await database.rows(selectOrphans))
    try {
      announceCancelled(await database.transaction((tx) => cancelTree(tx, queue, { accountId, id }, {})), runNotifier);
    } catch (err) {
      // It must not keep the other runs from their end.
      log.warn({ err, run_id: id }, 'a child run without a parent could not be canceled');
    }
}

/** Ends runs that are stuck. Returns their number. */
export async function reapRuns(deps: ReaperDeps): Promise<number> {
  const { database, config, log } = deps;
  await cancelOrphans(deps);
  const settings = await readSettings(database);
  const { runTimeoutMinutes: minutes } = config;
  const stale = await database.rows(selectStale, { minutes, wallClockMs: settings['limit.run_wall_clock_timeout_ms'] });
  let reaped = 0;
  for (const run of stale)
    try {
      if (await reapRun(deps, run, settings)) reaped++;
    } catch (err) {
      if (!isLockTimeout(err)) throw err;
      log.warn({ err, run_id: run.id }, 'a stuck run is locked and was not ended');
    }
  if (reaped > 0) log.warn({ runs: reaped }, 'stuck runs were ended');
  return reaped;
}

/** Ends a run in a transaction of its own, which takes the locks in the order of `finishRun`: run, open runs below it, account. */
async function reapRun({ database, config, queue, runNotifier }: ReaperDeps, run: StaleRun, settings: Settings): Promise<boolean> {
  const { status, eventWith, error, completion } = endOf(run.status);
  const cancelled = await database.transaction(async (tx) => {
    if (
      !(await tx.row(tryLock, { key: reaperLock }))?.locked ||
      !(await tx.row(lockStale, { id: run.id, minutes: config.runTimeoutMinutes }))
    )
      return undefined;
    const spent = await spendingOf(tx, run);
    const { input_tokens: input = 0, output_tokens: output = 0, estimated = false } = spent.usage ?? {};
    const stored = await storeUnfinished(tx, run, completion);
    const event = eventWith({ ...eventTotals(spent), ...(stored && { message_id: stored.id }) });
    await tx.run(endRun, {
      id: run.id,
      status,
      error: error && JSON.stringify(error),
      ...runEventValues(run.trace_id, [event]),
      auditId: newId(),
      inputTokens: input,
      outputTokens: output,
      costUsd: usdCost(new Big(spent.cost)).usd,
      isEstimated: estimated,
    });
    await queue.dequeueRun(tx, run.id);
    // Before the charge: whoever ends a child has locked its run when it charges the account.
    const below = await cancelDescendants(tx, queue, { accountId: run.account_id, id: run.id });
    chargeRun(tx, run, spent, settings, await costOfOtherRuns(tx, run));
    await insertDeliveries(tx, run);
    return below;
  });
  if (!cancelled) return false;
  announceCancelled(cancelled, runNotifier);
  runNotifier.notify(run.id);
  // If this fails, the parent finds the end of its child by polling.
  await reportEnd({ database, runNotifier }, run.account_id, run.id).catch(() => {});
  metricsEvents.runEnded.emit({ status, errorClass: error?.error_class ?? '' });
  return true;
}

/** The usage of a run, including the call during which its worker stopped. Zero if its events cannot be read. */
async function spendingOf(connection: Queryable, run: StaleRun): Promise<RunCost> {
  const replayed = await replayRun(connection, run.id).catch(() => undefined);
  if (!replayed) return { usage: undefined, cost: '0' };
  addInterruptedCall(run, replayed);
  return replayed.usageTotals;
}

type EventTotals = ReturnType<typeof eventTotals> & { message_id?: string };

function endOf(status: StaleRun['status']) {
  if (status === 'cancelling')
    return {
      status: 'cancelled',
      eventWith: (totals: EventTotals): RunEventInput => ({ type: 'run.cancelled', data: { reason: 'reaped', ...totals } }),
      error: null,
      completion: 'stopped',
    } as const;
  const error = { error_class: 'worker.timeout', message: 'Nothing happened in the run for too long.', resumable: true };
  return {
    status: 'failed',
    eventWith: (totals: EventTotals): RunEventInput => ({ type: 'run.failed', data: { ...error, reason: 'stale', ...totals } }),
    error,
    completion: 'failed',
  } as const;
}
