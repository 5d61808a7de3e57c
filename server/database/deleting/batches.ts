import { type RawBuilder, sql } from 'kysely';
import { type Parameters, sqlStatement, type Statement } from '../statement.ts';
import type { Tables } from '../tables.ts';

/** Rows that one statement deletes or looks at, at most. */
const defaultSize = 5_000;
/** The batches of a step begin within this time, in milliseconds. The next round does the rest. */
const maxStepMs = 5_000;

/** Calls `next` until it finds less than a batch, or the time of a step is over. Returns the sum of what it found. */
export async function inBatches(next: (limit: number) => Promise<number>, limit = defaultSize): Promise<number> {
  let total = 0;
  for (const until = performance.now() + maxStepMs; ;) {
    const found = await next(limit);
    total += found;
    if (found < limit || performance.now() >= until) return total;
  }
}

export const firstId = '00000000-0000-0000-0000-000000000000';

/** Goes through a table by its key. A round that ends early is continued by the next one. */
export function createWalk<Key>(first: Key) {
  let after = first;
  return async (look: (after: Key) => Promise<{ count: number; last: Key | null } | undefined>, limit: number): Promise<number> => {
    const { count, last } = (await look(after))!;
    after = count === limit && last !== null ? last : first;
    return count;
  };
}

/**
 * Deletes the rows whose `age` is before a time, oldest first. Needs an index on `age`, and a table without partitions. A row that another transaction
 * has changed meanwhile must still be old.
 */
export function deleteOldest<P extends object = Record<never, never>>(
  table: keyof Tables,
  age: RawBuilder<unknown>,
  before: ($: Parameters<P>) => RawBuilder<unknown>,
  also: RawBuilder<unknown> = sql`true`,
): Statement<P & { limit: number }, never> {
  return sqlStatement<P & { limit: number }>()(($) => {
    const isOld = sql`${also} and ${age} < ${before($ as unknown as Parameters<P>)}`;
    const { limit } = $ as unknown as Parameters<{ limit: number }>;
    return sql`delete from ${sql.table(table)} where ctid = any (array(
      select ctid from ${sql.table(table)} where ${isOld} order by ${age} limit ${limit})) and ${isOld}`;
  });
}
