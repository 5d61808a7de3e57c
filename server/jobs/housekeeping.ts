import { firstIdOf, newId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, statement } from '../kernel/sql.ts';
import { appendEvent } from '../resources/runs/queries.ts';
import { makePartition } from './partitions.ts';
import { forgetWebhooks } from './webhooks/forget.ts';

const monthStart = (from: Date, offset: number) => new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + offset, 1));
const partitionName = (month: Date) => `run_events_${month.toISOString().slice(0, 7).replace('-', '_')}`;

const selectPartitions = statement<{ name: string }>(
  `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'run_events'::regclass`,
);

/** Events live in one partition a month, by the time in the id of their run: those of this month and the next two exist, those past their keeping go. */
export async function keepEventPartitions(
  { database, months, log }: { database: Database; months: number; log: Log },
  now = new Date(),
): Promise<void> {
  const existing = new Set((await database.rows(selectPartitions)).map(({ name }) => name));
  for (const offset of [0, 1, 2]) {
    const [from, to] = [monthStart(now, offset), monthStart(now, offset + 1)];
    if (existing.has(partitionName(from))) continue;
    const bounds = { from: firstIdOf(from), to: firstIdOf(to) };
    await makePartition(database, { table: 'run_events', column: 'run_id', name: partitionName(from), ...bounds }, log);
  }
  const oldest = partitionName(monthStart(now, -months));
  for (const name of existing) if (/^run_events_\d{4}_\d{2}$/.test(name) && name < oldest) await database.pool.query(`drop table ${name}`);
}

const expireThreads = statement<never>(`
  with gone as (
    delete from threads t where t.is_private and t.expires_at < now()
      and not exists (select from runs r where r.thread_id = t.id and r.status in ('running', 'waiting_for_input', 'cancelling'))
    returning t.id, (select array_agg(r.id) from runs r where r.thread_id = t.id) as run_ids)
  delete from run_events e using gone where e.run_id = any (gone.run_ids)`);
const lockExpired = statement<{ id: string; trace_id: string }>(`
  select r.id, r.trace_id from runs r join threads t on t.id = r.thread_id
  where t.is_private and t.expires_at < now() and r.status in ('running', 'waiting_for_input') for update of r`);

/** Private threads go when their time is over; a run that is still active is stopped first, so that it is charged. Gives the runs to be stopped. */
export async function removeExpiredThreads(database: Database): Promise<string[]> {
  const stopping = await database.transaction(async (tx) => {
    const runs = await tx.rows(lockExpired);
    for (const { id, trace_id } of runs)
      await tx.run(appendEvent, [id, newId(), 'run.cancel_requested', JSON.stringify({ trace_id }), 'cancelling']);
    return runs.map(({ id }) => id);
  });
  await database.run(expireThreads);
  return stopping;
}

const forgetKeys = statement<never>(`delete from idempotency_keys where claimed_at < now() - interval '24 hours'`);
const forgetCounts = statement<never>('delete from attempt_counts where window_ends < now()');
const forgetWorkers = statement<never>(`delete from workers where last_seen_at < now() - interval '1 day'`);
const forgetTokens = statement<never>(`delete from refresh_tokens where expires_at < now() - interval '1 day'`);
/** A session whose last refresh token is gone can never be used again. */
const forgetSessions = statement<never>(`
  delete from sessions s where s.created_at < now() - interval '1 day' and not exists (select from refresh_tokens t where t.session_id = s.id)`);
const forgetCodes = statement<never>('delete from login_codes where expires_at < now()');
const forgetVerifications = statement<never>('delete from email_verifications where expires_at < now()');

const forgetAudit = statement<never>(`delete from audit_logs where created_at < now() - $1 * interval '1 day'`);

/** Rows that have served their purpose; entries of the audit log after `auditDays`. */
export async function sweep(database: Database, auditDays: number): Promise<void> {
  await database.run(forgetAudit, [auditDays]);
  await forgetWebhooks(database);
  for (const one of [forgetKeys, forgetCounts, forgetWorkers, forgetTokens, forgetSessions, forgetCodes, forgetVerifications])
    await database.run(one);
}
