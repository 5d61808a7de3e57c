import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { databaseDate } from '../../platform/databaseClock.ts';
import { Failure } from '../../platform/failure.ts';
import { periodsOf } from './periods.ts';

/** The request limits of an API key, and its requests that were stored when the key was read on `day`. */
export type KeyRequests = {
  key_id: string;
  account_id: string;
  requests_per_minute: number | null;
  requests_per_day: number | null;
  requests_per_month: number | null;
  requests_total: number | null;
  day: string;
  requests_today: number;
  minute: string | null;
  requests_in_minute: number;
  /** Before `day`. */
  requests_earlier_in_month: number;
  requests_earlier: number;
};

/** Adds requests, all of one minute and day. Rows are locked in the order of the keys, so that processes cannot deadlock. */
const addRequests = statement<{
  accountIds: string[];
  ids: string[];
  counts: number[];
  minuteCounts: number[];
  day: string;
  minute: string;
}>()((db, $) =>
  db
    .insertInto('api_key_usage')
    .columns(['account_id', 'api_key_id', 'day', 'requests', 'minute', 'minute_requests'])
    .expression((eb) =>
      eb
        .selectFrom(
          sql<{ account_id: string; id: string; requests: number; in_minute: number }>`
            unnest(${$.accountIds}::uuid[], ${$.ids}::uuid[], ${$.counts}::bigint[], ${$.minuteCounts}::bigint[])`.as<'added'>(
            sql`added(account_id, id, requests, in_minute)`,
          ),
        )
        .select([
          'added.account_id',
          'added.id as api_key_id',
          sql<string>`${$.day}::date`.as('day'),
          'added.requests',
          sql<string>`${$.minute}::timestamptz`.as('minute'),
          'added.in_minute as minute_requests',
        ])
        .orderBy('added.id'),
    )
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'api_key_id', 'day']).doUpdateSet(({ eb, ref }) => ({
        requests: eb('api_key_usage.requests', '+', ref('excluded.requests')),
        minute: sql`greatest(${ref('api_key_usage.minute')}, excluded.minute)`,
        minute_requests: sql`case when ${ref('api_key_usage.minute')} > excluded.minute then ${ref('api_key_usage.minute_requests')}
            when ${ref('api_key_usage.minute')} = excluded.minute then ${ref('api_key_usage.minute_requests')} + excluded.minute_requests
            else excluded.minute_requests end`,
      })),
    )
    .returning(['api_key_id', 'requests', 'minute', 'minute_requests']),
);

/** The requests of a key in the current periods, as far as this process knows. */
type Counter = {
  accountId: string;
  day: string;
  month: string;
  minute: string;
  inMinute: number;
  today: number;
  earlierInMonth: number;
  earlier: number;
  /** Not stored yet, in total and in `minute`. */
  unstored: number;
  unstoredInMinute: number;
  /** Whether the key has a request limit. */
  isLimited: boolean;
  /** When the counts of other processes were last asked for (`performance.now()`). */
  askedAt: number;
  usedAt: number;
};

/** Keys with limits are stored in batches of their own, so that the others are not stored as often. */
type Keys = 'limited' | 'all';

/**
 * How long counts of keys with and without request limits may stay in memory, and those of a key with limits if the counts of other processes
 * are older than that.
 */
const storeMs = { limited: 1_000, all: 10_000, outdated: 20 };
/** Longer than keys are cached, so that a dropped counter is never continued from an older row. */
const idleMs = 120_000;

export type KeyRequestCounter = {
  /** Counts a request. Throws 429 if it exceeds a limit of the key; such a request is not counted. */
  count(key: KeyRequests): void;
  store(): Promise<void>;
  /** Stores the rest. */
  close(): Promise<void>;
};

/** Counts the requests of API keys in memory and stores the counts in batches, so that no request waits for its count. */
export function createKeyRequestCounter(db: Queryable, onFailed: (error: unknown) => void): KeyRequestCounter {
  const counters = new Map<string, Counter>();
  const timers = { limited: newTimer(), all: newTimer() };
  let storing = Promise.resolve();
  let closed = false;

  function storeWithin(keys: Keys, ms: number) {
    const timer = timers[keys];
    const at = performance.now() + ms;
    if (closed || timer.dueAt <= at) return;
    clearTimeout(timer.timeout);
    timer.dueAt = at;
    timer.timeout = setTimeout(() => void store(keys), ms).unref();
  }

  /** A batch that waits for the one before takes what is counted meanwhile. In parallel, it could return older counts. */
  function store(keys: Keys): Promise<void> {
    const timer = timers[keys];
    clearTimeout(timer.timeout);
    timer.dueAt = Infinity;
    if (timer.waiting) return timer.waiting;
    storing = storing
      .then(() => {
        timer.waiting = undefined;
        return storeBatch(keys);
      })
      .catch((error: unknown) => {
        onFailed(error);
        storeWithin('all', storeMs.all);
      });
    return (timer.waiting = storing);
  }

  async function storeBatch(keys: Keys) {
    const now = databaseDate();
    const { day, minute } = periodsOf(now);
    for (const [id, counter] of counters) {
      advance(counter, now);
      if (counter.unstored === 0 && now.getTime() - counter.usedAt > idleMs) counters.delete(id);
    }
    const batch = [...counters]
      .filter(([, { unstored, isLimited }]) => unstored > 0 && (isLimited || keys === 'all'))
      .map(([id, counter]) => {
        const { earlier, earlierInMonth } = counter;
        return { id, counter, count: counter.unstored, inMinute: counter.unstoredInMinute, earlier, earlierInMonth };
      });
    if (batch.length === 0) return;
    for (const { counter } of batch) Object.assign(counter, { unstored: 0, unstoredInMinute: 0, askedAt: performance.now() });
    try {
      const rows = await db.rows(addRequests, {
        accountIds: batch.map(({ counter }) => counter.accountId),
        ids: batch.map(({ id }) => id),
        counts: batch.map(({ count }) => count),
        minuteCounts: batch.map(({ inMinute }) => inMinute),
        day: day.start,
        minute: minute.start,
      });
      const stored = new Map(rows.map((row) => [row.api_key_id, row]));
      for (const { id, counter, earlier, earlierInMonth } of batch) {
        const row = stored.get(id);
        if (row)
          merge(counter, {
            day: day.start,
            requests_today: row.requests,
            minute: row.minute,
            requests_in_minute: row.minute_requests,
            requests_earlier_in_month: earlierInMonth,
            requests_earlier: earlier,
          });
      }
    } catch (error) {
      for (const { counter, count, inMinute } of batch) {
        counter.unstored += count;
        if (counter.minute === minute.start) counter.unstoredInMinute += inMinute;
      }
      throw error;
    }
  }

  return {
    count(key) {
      const now = databaseDate();
      const counter = counters.get(key.key_id) ?? newCounter(key, now);
      counters.set(key.key_id, counter);
      advance(counter, now);
      merge(counter, key);
      counter.isLimited = hasLimit(key);
      counter.usedAt = now.getTime();
      checkLimits(key, counter, now);
      counter.inMinute++;
      counter.today++;
      counter.unstored++;
      counter.unstoredInMinute++;
      if (!counter.isLimited) return storeWithin('all', storeMs.all);
      const age = performance.now() - counter.askedAt;
      storeWithin('limited', Math.max(storeMs.outdated, storeMs.limited - age));
    },
    store: () => store('all'),
    async close() {
      await store('all');
      closed = true;
      for (const { timeout } of Object.values(timers)) clearTimeout(timeout);
    },
  };
}

type Timer = { timeout: NodeJS.Timeout | undefined; dueAt: number; waiting: Promise<void> | undefined };
const newTimer = (): Timer => ({ timeout: undefined, dueAt: Infinity, waiting: undefined });

const hasLimit = (key: KeyRequests) =>
  (key.requests_per_minute ?? key.requests_per_day ?? key.requests_per_month ?? key.requests_total) !== null;

function newCounter(key: KeyRequests, now: Date): Counter {
  const { day, month, minute } = periodsOf(now);
  const zero = { inMinute: 0, today: 0, earlierInMonth: 0, earlier: 0, unstored: 0, unstoredInMinute: 0 };
  const periods = { day: day.start, month: month.start, minute: minute.start };
  return { accountId: key.account_id, ...periods, ...zero, isLimited: false, askedAt: -Infinity, usedAt: now.getTime() };
}

/** Starts the counts of new periods. Requests that are not stored yet when a day ends are stored as requests of the next day. */
function advance(counter: Counter, now: Date) {
  const { day, month, minute } = periodsOf(now);
  if (counter.minute !== minute.start) Object.assign(counter, { minute: minute.start, inMinute: 0, unstoredInMinute: 0 });
  if (counter.day === day.start) return;
  const stored = counter.today - counter.unstored;
  counter.earlier += stored;
  counter.earlierInMonth = counter.month === month.start ? counter.earlierInMonth + stored : 0;
  Object.assign(counter, { day: day.start, month: month.start, today: counter.unstored });
}

type Stored = Pick<
  KeyRequests,
  'day' | 'requests_today' | 'minute' | 'requests_in_minute' | 'requests_earlier_in_month' | 'requests_earlier'
>;

/** Counts only grow within a period, so the larger count is the newer one. The requests of a row of an earlier day are all earlier ones. */
function merge(counter: Counter, stored: Stored) {
  if (stored.day > counter.day) return;
  const isToday = stored.day === counter.day;
  const before = isToday ? 0 : stored.requests_today;
  counter.earlier = Math.max(counter.earlier, stored.requests_earlier + before);
  if (stored.day >= counter.month) counter.earlierInMonth = Math.max(counter.earlierInMonth, stored.requests_earlier_in_month + before);
  if (!isToday) return;
  counter.today = Math.max(counter.today, stored.requests_today + counter.unstored);
  if (stored.minute === counter.minute) counter.inMinute = Math.max(counter.inMinute, stored.requests_in_minute + counter.unstoredInMinute);
}

/** The longest `Retry-After`, in seconds, also for a limit that is never reset. */
const maxRetryAfter = 86_400;

function checkLimits(key: KeyRequests, { inMinute, today, earlierInMonth, earlier }: Counter, now: Date) {
  const { minute, day, month } = periodsOf(now);
  const limits = [
    ['requests_total', key.requests_total, earlier + today, null],
    ['requests_per_month', key.requests_per_month, earlierInMonth + today, month.end],
    ['requests_per_day', key.requests_per_day, today, day.end],
    ['requests_per_minute', key.requests_per_minute, inMinute, minute.end],
  ] as const;
  const [name, limit, used, resets_at] = limits.find(([, max, count]) => max !== null && count >= max) ?? [];
  if (name === undefined) return;
  const seconds = resets_at ? Math.ceil((Date.parse(resets_at) - now.getTime()) / 1_000) : maxRetryAfter;
  const retryAfter = String(Math.max(1, Math.min(seconds, maxRetryAfter)));
  throw new Failure(
    'rate_limited',
    `The API key has reached its limit ${name}.`,
    { reason: 'key_requests_exhausted', budget: name, limit, used, resets_at },
    { 'retry-after': retryAfter },
  );
}
