/**
 * The clock of PostgreSQL. What expires, is deleted or loses access is decided by it, never by the clock of this process, which may be wrong or be set
 * while the process runs. Between two measurements, a monotonic clock goes on from the last one. Until the first one, and in a process without a
 * database, it is the clock of the process.
 */
let measured: { databaseMs: number; monotonicMs: number } | undefined;

/** Milliseconds since 1970. */
export const databaseNow = (): number =>
  measured ? Math.round(measured.databaseMs + performance.now() - measured.monotonicMs) : Date.now();

export const databaseDate = (): Date => new Date(databaseNow());

/** How far the clock of this process is ahead of that of PostgreSQL, in milliseconds. 0 until the first measurement. */
export const millisecondsAhead = (): number => (measured ? Date.now() - databaseNow() : 0);

/** Above this difference of the two clocks, nothing is deleted, and ids take the time of the database. */
export const maxClockDifferenceMs = 60_000;

/** Sets the clock. `monotonicMs`: the time of `performance.now()` at which PostgreSQL read its clock. */
export function setDatabaseClock(databaseMs: number, monotonicMs: number): void {
  measured = { databaseMs, monotonicMs };
}

/** For tests: forgets the measurement. */
export function resetDatabaseClock(): void {
  measured = undefined;
}
