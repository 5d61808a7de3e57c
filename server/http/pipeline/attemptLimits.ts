import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { rateLimited } from '../../platform/failure.ts';
import type { LimiterKey } from '../../platform/limiterKey.ts';

/**
 * At most `max` attempts in a window that starts with the first attempt and lasts `seconds`. With `isLockout`, reaching the limit starts the
 * window again.
 */
export type AttemptLimit = {
  readonly bucket: LimiterKey;
  readonly max: number;
  readonly seconds: number;
  readonly reason: string;
  readonly isLockout?: true;
};

const now = sql<string>`now()`;
const counted = [
  'bucket',
  'count',
  sql<number>`extract(epoch from attempt_counts.window_ends - clock_timestamp())::float8`.as('seconds'),
] as const;

/** Reaching `locksAt` starts the window again. Null disables this. */
const incrementCount = statement<{ bucket: LimiterKey; seconds: number; locksAt: number | null }>()((db, $) =>
  db
    .insertInto('attempt_counts')
    .values({ bucket: $.bucket, count: sql.lit(1), window_ends: sql<string>`now() + make_interval(secs => ${$.seconds})` })
    .onConflict((conflict) =>
      conflict.column('bucket').doUpdateSet({
        count: sql<number>`case when attempt_counts.window_ends <= now() then 1 else attempt_counts.count + 1 end`,
        window_ends: sql<string>`case when attempt_counts.window_ends <= now() or attempt_counts.count + 1 = ${$.locksAt}
          then excluded.window_ends else attempt_counts.window_ends end`,
      }),
    )
    .returning(counted),
);
/** Two parameters and no array, for which PostgreSQL would make a plan each time. */
const selectCounts = statement<{ first: LimiterKey; second: LimiterKey | null }>()((db, $) =>
  db.selectFrom('attempt_counts').select(counted).where('bucket', 'in', [$.first, $.second]).where('window_ends', '>', now),
);
const decrementCount = statement<{ bucket: LimiterKey }>()((db, $) =>
  db
    .updateTable('attempt_counts')
    .set((eb) => ({ count: eb('count', '-', sql.lit(1)) }))
    .where('bucket', '=', $.bucket)
    .where('count', '>', sql.lit(0)),
);
const deleteCount = statement<{ bucket: LimiterKey }>()((db, $) => db.deleteFrom('attempt_counts').where('bucket', '=', $.bucket));
const deleteExpired = statement()((db) =>
  db
    .deleteFrom('attempt_counts')
    .where('bucket', 'in', (eb) =>
      eb
        .selectFrom('attempt_counts')
        .select('bucket')
        .where('window_ends', '<', now)
        .orderBy('window_ends')
        .limit(sql.lit(10))
        .forUpdate()
        .skipLocked(),
    ),
);

type Count = RowOf<typeof incrementCount>;

type OneOrTwo = readonly [AttemptLimit] | readonly [AttemptLimit, AttemptLimit];

/** Throws 429 if one of the limits is reached. Returns those that have counted attempts. */
export async function throwIfLimitReached(db: Queryable, limits: OneOrTwo): Promise<AttemptLimit[]> {
  const [first, second] = limits;
  const counts = await db.rows(selectCounts, { first: first.bucket, second: second?.bucket ?? null });
  throwIfOver(limits, counts, 0);
  return limits.filter(({ bucket }) => counts.some((row) => row.bucket === bucket));
}

/** Adds an attempt to each limit, even if the request fails later. Throws 429 if this exceeds a limit. */
export async function countAttempt(db: Queryable, limits: readonly AttemptLimit[]): Promise<void> {
  const counts: Count[] = [];
  for (const { bucket, seconds, max, isLockout } of limits)
    counts.push((await db.row(incrementCount, { bucket, seconds, locksAt: isLockout ? max : null }))!);
  await sweep(db, counts);
  throwIfOver(limits, counts, 1);
}

/**
 * Adds an attempt to each limit in order, up to the first that is exceeded. Returns the seconds until that one's window ends, or undefined.
 */
export async function countAttemptUntilLimit(db: Queryable, limits: readonly AttemptLimit[]): Promise<number | undefined> {
  const counts: Count[] = [];
  let exceeded: Count | undefined;
  for (const { bucket, seconds, max } of limits) {
    const row = (await db.row(incrementCount, { bucket, seconds, locksAt: null }))!;
    counts.push(row);
    if (row.count > max) {
      exceeded = row;
      break;
    }
  }
  await sweep(db, counts);
  return exceeded?.seconds;
}

/**
 * Counts that may have added rows, each of which is 1 then, delete more expired rows than they added, so that attempts under ever new names cannot
 * fill the table. Other counts need no second statement.
 */
async function sweep(db: Queryable, counts: readonly Count[]) {
  if (counts.some(({ count }) => count === 1)) await db.run(deleteExpired);
}

/** Removes one attempt from the count. */
export const undoAttempt = (db: Queryable, { bucket }: AttemptLimit) => db.run(decrementCount, { bucket });

export const resetCount = (db: Queryable, { bucket }: AttemptLimit) => db.run(deleteCount, { bucket });

function throwIfOver(limits: readonly AttemptLimit[], counts: readonly Count[], own: number) {
  const full = limits.flatMap(({ bucket, max, reason }) =>
    counts.filter((row) => row.bucket === bucket && row.count - own >= max).map(({ seconds }) => ({ reason, seconds })),
  );
  const last = full.sort((a, b) => b.seconds - a.seconds)[0];
  if (last) throw rateLimited(last.reason, last.seconds);
}
