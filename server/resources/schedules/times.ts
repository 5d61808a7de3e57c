import { Cron } from 'croner';
import { type Failure, invalid } from '../../platform/failure.ts';
import { canonicalTimeZone, fieldRules } from '../auth/fields.ts';

/** When a schedule has occurrences: a cron pattern in a time zone, or a single time. */
export type Times = { cron: string | null; run_at: string | null; timezone: string };

/** How many times of a pattern are compared to find its shortest interval. More than a month of any pattern whose intervals are an hour or more. */
const comparedTimes = 100;

/** `?` would mean the current time, and croner accepts names for whole patterns, such as `@daily`. */
const isReadable = (cron: string) => !/[?@]/.test(cron);

/**
 * Reads a pattern of five fields. A fixed local time that daylight saving skips becomes the first one after the gap; one that is repeated
 * counts once. A pattern with `*` or a step in its minutes or hours counts both, as an interval. Throws if the pattern is not valid.
 */
const parse = (cron: string, timezone: string) => new Cron(cron, { paused: true, mode: '5-part', timezone, fixedTimeRule: 'no-wildcard' });

/** Where a request gives the values. */
type Location = 'body' | 'query';

const wrongValue = (location: Location, name: string, message: string, reason: string): Failure =>
  invalid([{ location, path: location === 'body' ? `/${name}` : name, message }], reason);

/** Throws 400 `invalid_timezone`. */
export function readTimeZone(text: string, location: Location = 'body'): string {
  const zone = canonicalTimeZone(text);
  if (!zone) throw wrongValue(location, 'timezone', ...fieldRules.timezone);
  return zone;
}

/** Throws 400 `invalid_cron` for a pattern that is not valid or never matches. */
export function requireCron(cron: string, timezone: string, now: Date, location: Location = 'body'): void {
  const wrong = (message: string) => wrongValue(location, 'cron', message, 'invalid_cron');
  if (!isReadable(cron)) throw wrong('must not contain ? or @');
  let next: Date | null;
  try {
    next = parse(cron, timezone).nextRun(now);
  } catch (error) {
    throw wrong(`is not a cron pattern of five fields: ${(error as Error).message.replace(/^CronPattern: /, '').slice(0, 200)}`);
  }
  if (!next) throw wrong('never matches');
}

/** The times after `from`, at most `count`. */
export function nextTimes({ cron, run_at: runAt, timezone }: Times, from: Date, count: number): Date[] {
  if (cron !== null) return parse(cron, timezone).nextRuns(count, from);
  return runAt !== null && new Date(runAt) > from ? [new Date(runAt)] : [];
}

/** The times from `first` up to and including `now`, oldest first: at most the last `count`. */
export function dueTimes({ cron, timezone }: Times, first: Date, now: Date, count: number): Date[] {
  if (cron === null) return first <= now ? [first] : [];
  // Excludes its reference, to the second. The clock of the database may be a little before the time that its queue has reached.
  const until = new Date(Math.floor(now.getTime() / 1_000) * 1_000 + 1_000);
  return parse(cron, timezone)
    .previousRuns(count, until)
    .filter((time) => time >= first && time <= now)
    .reverse();
}

/** The shortest interval between the next times of a pattern, in seconds. Stops at an interval below `enough`. */
export function shortestInterval(cron: string, timezone: string, from: Date, enough: number): number {
  const pattern = parse(cron, timezone);
  let [previous, shortest] = [pattern.nextRun(from), Infinity];
  for (let at = 1; previous && at < comparedTimes && shortest >= enough; at++) {
    const next: Date | null = pattern.nextRun(previous);
    if (next) shortest = Math.min(shortest, (next.getTime() - previous.getTime()) / 1_000);
    previous = next;
  }
  return shortest;
}
