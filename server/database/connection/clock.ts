import { sql } from 'kysely';
import { maxClockDifferenceMs, setDatabaseClock } from '../../platform/databaseClock.ts';
import { createPeriodicTasks } from '../../platform/periodicTasks.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { Queryable } from '../sql.ts';
import { sqlStatement } from '../statement.ts';

// A template, because it reads no table.
const readClock = sqlStatement()(() => sql<{ ms: number }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`);

const intervalMs = 60_000;
/** A slower answer does not say when the clock was read. */
const maxRoundTripMs = 2_000;

/** Returns the time of PostgreSQL and the monotonic time of this process at which it was read. Undefined if the answer came too late. */
async function read(database: Queryable): Promise<{ databaseMs: number; monotonicMs: number } | undefined> {
  const asked = performance.now();
  const databaseMs = (await database.row(readClock))!.ms;
  const answered = performance.now();
  return answered - asked > maxRoundTripMs ? undefined : { databaseMs, monotonicMs: (asked + answered) / 2 };
}

/** Measures the clock of PostgreSQL now and every minute. `measured` resolves after the first attempt. */
export function followDatabaseClock(database: Queryable, log: Log): { measured: Promise<void>; stop(): Promise<void> } {
  const failure = 'the clock of the database could not be read';
  const measure = async () => {
    const time = await read(database);
    if (!time) return;
    setDatabaseClock(time.databaseMs, time.monotonicMs);
    report(Date.now() - time.databaseMs, log);
  };
  const measured = measure().catch((err) => log.warn({ err }, failure));
  const periodic = createPeriodicTasks(log);
  periodic.every(intervalMs, measure, failure);
  return { measured, stop: periodic.stop };
}

let isReported = false;

/** One line when the clocks begin to differ, and one when they agree again. */
function report(aheadMs: number, log: Log): boolean {
  const agree = Math.abs(aheadMs) <= maxClockDifferenceMs;
  if (agree && isReported) log.info('the clocks of this process and of the database agree again');
  if (!agree && !isReported)
    log.error(
      { seconds_ahead: Math.round(aheadMs / 1_000) },
      'the clocks of this process and of the database differ by more than a minute: this process deletes nothing until they agree',
    );
  isReported = !agree;
  return agree;
}

/** Whether something may be deleted for good: one of two clocks that differ by more than a minute is wrong, and it may be that of the database. */
export async function clocksAgree(database: Queryable, log: Log): Promise<boolean> {
  const time = await read(database);
  return time !== undefined && report(Date.now() - time.databaseMs, log);
}

/** The time of the statement by the clock of PostgreSQL. Tests give another. */
export const orNow = (at: unknown) => sql<string>`coalesce(${at}::timestamptz, now())`;

/** The smallest UUID version 7 of a time, like `firstIdOf`. */
export const firstIdAt = (time: unknown) =>
  sql<string>`(lpad(to_hex((extract(epoch from ${time}) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

/** The start of the month (UTC) that was `months` months before `time`. */
export const monthsBefore = (time: unknown, months: unknown) =>
  sql<string>`((date_trunc('month', ${time} at time zone 'UTC') - ${months}::int * interval '1 month') at time zone 'UTC')`;
