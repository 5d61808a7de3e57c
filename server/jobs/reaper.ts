import { totalsOf } from '../agent/loop/spending.ts';
import type { Bell, Queue } from '../kernel/app.ts';
import type { Config } from '../kernel/config.ts';
import { facts } from '../kernel/facts.ts';
import { newId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, type Sql, statement } from '../kernel/sql.ts';
import { chargeRun, type Spending } from '../resources/credits/charge.ts';
import { readSettings, type Settings } from '../resources/settings/settings.ts';
import { insertDeliveries } from '../resources/webhooks/outbox.ts';
import { storeUnfinished } from './answers.ts';
import type { LeasedRun } from './lease.ts';
import { addLostCall } from './lostCall.ts';
import { readLog } from './recovery.ts';

export type ReaperDeps = { config: Config; database: Database; queue: Queue; bell: Bell; log: Log };

/** One instance at a time; whoever comes second has nothing to do. */
const tryLock = statement<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked');
const recoveryLock = 7_203_118_402;
const reaperLock = 7_203_118_403;

const open = `status in ('running', 'waiting_for_input', 'cancelling')`;

/** Runs whose worker died: the lease ran out, or the job was taken and never begun. */
const selectAbandoned = statement<{ id: string; account_id: string; trace_id: string }>(`
  select r.id, r.account_id, r.trace_id from runs r where r.${open} and (
    (r.lease_token is not null and r.lease_until < clock_timestamp())
    or (r.lease_token is null and r.last_activity_at < clock_timestamp() - $1 * interval '1 second' and exists (
      select from graphile_worker.jobs j where j.key = 'run:' || r.id::text and j.locked_at < clock_timestamp() - $1 * interval '1 second'))
    or (r.lease_token is null and r.last_activity_at < clock_timestamp() - $1 * interval '1 second' and not exists (
      select from graphile_worker.jobs j where j.key = 'run:' || r.id::text)))
  limit 500`);
const freeLease = statement<never>(
  `update runs set lease_token = null, lease_until = null where id = $1 and ${open} and (lease_token is null or lease_until < clock_timestamp())`,
);

/** Hand the runs of dead workers to living ones. How many. */
export async function recoverRuns({ database, queue, config, log }: ReaperDeps): Promise<number> {
  return database.transaction(async (tx) => {
    if (!(await tx.row(tryLock, [recoveryLock]))?.locked) return 0;
    const maxAttempts = (await readSettings(database, tx))['queue.max_attempts'];
    const abandoned = await tx.rows(selectAbandoned, [config.workerLeaseSeconds]);
    for (const run of abandoned) {
      if ((await tx.run(freeLease, [run.id])) === 0) continue;
      await queue.executeRun(tx, run, maxAttempts);
      log.warn({ run_id: run.id, trace_id: run.trace_id }, 'a run was taken back from a dead worker');
    }
    return abandoned.length;
  });
}

type StaleRun = Pick<
  LeasedRun,
  'id' | 'account_id' | 'thread_id' | 'continues_run_id' | 'trace_id' | 'status' | 'prompt_tokens' | 'route_snapshot'
> & {
  multiplier: string | null;
};

/** Runs that nothing has happened in for too long; a queued one only when no worker was alive all that time. */
const selectStale = statement<StaleRun>(`
  select id, account_id, thread_id, continues_run_id, trace_id, status, prompt_tokens, route_snapshot, route_snapshot ->> 'multiplier' as multiplier from runs where ${open} and last_activity_at < now() - $1 * interval '1 minute'
    and (attempt > 0 or not exists (select from workers where last_seen_at > now() - $1 * interval '1 minute') or created_at < now() - $2 * interval '1 millisecond')
  limit 500`);

/** A worker that has just committed wins. */
const lockStale = statement<{ id: string }>(
  `select id from runs where id = $1 and ${open} and last_activity_at < now() - $2 * interval '1 minute' for update`,
);

const endRun = statement<never>(`
  with run as (
    update runs set next_seq = next_seq + 1, status = $2, error = $3, lease_token = null, lease_until = null, total_input_tokens = $8, total_output_tokens = $9, total_cost_usd = $10, usage_estimated = $11,
      failed_at = case when $2 = 'failed' then now() end, cancelled_at = case when $2 = 'cancelled' then now() end
    where id = $1 returning id, account_id, trace_id, next_seq - 1 as seq),
  event as (insert into run_events (run_id, seq, event_id, type, data, created_at) select id, seq, $4, $5, $6, now() from run)
  insert into audit_logs (id, account_id, action, target_type, target_id, trace_id, metadata)
  select $7, account_id, 'run.force_expired', 'run', id::text, trace_id, '{"actor": "system"}' from run`);

/** End the runs that are stuck for good. How many. */
export async function reapRuns(deps: ReaperDeps): Promise<number> {
  const { database, config, log } = deps;
  const settings = await readSettings(database);
  const stale = await database.rows(selectStale, [config.runTimeoutMinutes, settings['limit.run_wall_clock_timeout_ms']]);
  let reaped = 0;
  for (const run of stale) if (await reapRun(deps, run, settings)) reaped++;
  if (reaped > 0) log.warn({ runs: reaped }, 'stuck runs were ended');
  return reaped;
}

/** Each in a transaction of its own, which locks what the end of a run by its worker locks, in the same order. */
async function reapRun({ database, config, queue, bell }: ReaperDeps, run: StaleRun, settings: Settings): Promise<boolean> {
  const { status, type, data, error, completion } = endOf(run);
  const isEnded = await database.transaction(async (tx) => {
    if (!(await tx.row(tryLock, [reaperLock]))?.locked || !(await tx.row(lockStale, [run.id, config.runTimeoutMinutes]))) return false;
    const spent = await spendingOf(tx, run);
    const { input_tokens: input = 0, output_tokens: output = 0, estimated = false } = spent.usage ?? {};
    const stored = await storeUnfinished(tx, run, completion);
    const event = { ...data, ...totalsOf(spent), ...(stored && { message_id: stored.id }) };
    const totals = [input, output, Number(spent.cost).toFixed(6), estimated];
    await tx.run(endRun, [run.id, status, error && JSON.stringify(error), newId(), type, JSON.stringify(event), newId(), ...totals]);
    await queue.withdrawRun(tx, run.id);
    chargeRun(tx, run, spent, settings);
    insertDeliveries(tx, run);
    return true;
  });
  if (!isEnded) return false;
  bell.ring(run.id);
  facts.runEnded.tell({ status, errorClass: error?.error_class ?? '' });
  return true;
}

/** What a run has used, with the call in which its worker stopped; nothing if its log cannot be read. */
async function spendingOf(sql: Sql, run: StaleRun): Promise<Spending> {
  const log = await readLog(sql, run.id).catch(() => undefined);
  if (!log) return { usage: undefined, cost: '0' };
  addLostCall(run, log);
  return log.spent;
}

function endOf({ status, trace_id }: { status: string; trace_id: string }) {
  if (status === 'cancelling')
    return {
      status: 'cancelled',
      type: 'run.cancelled',
      data: { reason: 'reaped', trace_id },
      error: null,
      completion: 'stopped',
    } as const;
  const error = { error_class: 'worker.timeout', message: 'Nothing happened in the run for too long.', resumable: true };
  return { status: 'failed', type: 'run.failed', data: { ...error, reason: 'stale', trace_id }, error, completion: 'failed' } as const;
}
