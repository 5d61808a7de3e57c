import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
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
  usedAt: number;
};

/** How long counts of keys with and without request limits may stay in memory. Others see them later. */
const storeMs = { limited: 1_000, unlimited: 10_000 };
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
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let storing: Promise<void> | undefined;
  let closed = false;

  function storeWithin(ms: number) {
    const at = performance.now() + ms;
    if (closed || dueAt <= at) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void store(), ms).unref();
  }

  function store(): Promise<void> {
    clearTimeout(timer);
    dueAt = Infinity;
    // A second batch in parallel could return older counts than the first.
    storing = (storing ?? Promise.resolve()).then(storeBatch).catch((error: unknown) => {
      onFailed(error);
      storeWithin(storeMs.unlimited);
    });
    return storing;
  }

  async function storeBatch() {
    const now = new Date();
    const { day, minute } = periodsOf(now);
    for (const [id, counter] of counters) {
      advance(counter, now);
      if (counter.unstored === 0 && now.getTime() - counter.usedAt > idleMs) counters.delete(id);
    }
    const batch = [...counters]
      .filter(([, { unstored }]) => unstored > 0)
      .map(([id, counter]) => ({ id, counter, count: counter.unstored, inMinute: counter.unstoredInMinute }));
    if (batch.length === 0) return;
    for (const { counter } of batch) [counter.unstored, counter.unstoredInMinute] = [0, 0];
    try {
      const rows = await db.rows(addRequests, {
        accountIds: batch.map(({ counter }) => counter.accountId),
        ids: batch.map(({ id }) => id),
        counts: batch.map(({ count }) => count),
        minuteCounts: batch.map(({ inMinute }) => inMinute),
        day: day.start,
        minute: minute.start,
      });
      for (const { api_key_id: id, requests, minute: at, minute_requests } of rows) {
        const counter = counters.get(id);
        if (counter) merge(counter, { day: day.start, requests_today: requests, minute: at, requests_in_minute: minute_requests });
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
      const now = new Date();
      const counter = counters.get(key.key_id) ?? newCounter(key, now);
      counters.set(key.key_id, counter);
      advance(counter, now);
      merge(counter, key);
      checkLimits(key, counter, now);
      counter.usedAt = now.getTime();
      counter.inMinute++;
      counter.today++;
      counter.unstored++;
      counter.unstoredInMinute++;
      storeWithin(hasLimit(key) ? storeMs.limited : storeMs.unlimited);
    },
    store,
    async close() {
      await store();
      closed = true;
      clearTimeout(timer);
    },
  };
}

const hasLimit = (key: KeyRequests) =>
  (key.requests_per_minute ?? key.requests_per_day ?? key.requests_per_month ?? key.requests_total) !== null;

function newCounter(key: KeyRequests, now: Date): Counter {
  const { day, month, minute } = periodsOf(now);
  const zero = { inMinute: 0, today: 0, earlierInMonth: 0, earlier: 0, unstored: 0, unstoredInMinute: 0 };
  return { accountId: key.account_id, day: day.start, month: month.start, minute: minute.start, ...zero, usedAt: now.getTime() };
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

type Stored = Pick<KeyRequests, 'day' | 'requests_today' | 'minute' | 'requests_in_minute'> &
  Partial<Pick<KeyRequests, 'requests_earlier_in_month' | 'requests_earlier'>>;

/** Counts only grow within a period, so the larger count is the newer one. */
function merge(counter: Counter, stored: Stored) {
  if (stored.day !== counter.day) return;
  counter.today = Math.max(counter.today, stored.requests_today + counter.unstored);
  counter.earlierInMonth = Math.max(counter.earlierInMonth, stored.requests_earlier_in_month ?? 0);
  counter.earlier = Math.max(counter.earlier, stored.requests_earlier ?? 0);
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
