import { type RawBuilder, sql } from 'kysely';
import type { Parameters } from './statement.ts';

/** The sort key of the row before the page (null for the first page), and the maximum number of rows. */
export type PageKey = { beforeTime: string | null; beforeId: string | null; limit: number };

/** Whether a row comes after the page key, in descending order of the columns `time` and `id`. */
export const onPage = (
  { beforeTime, beforeId }: Pick<Parameters<PageKey>, 'beforeTime' | 'beforeId'>,
  time: string,
  id: string,
): RawBuilder<boolean> =>
  sql`(${beforeTime}::timestamptz is null or (${sql.ref(time)}, ${sql.ref(id)}) < (${beforeTime}::timestamptz, ${beforeId}::uuid))`;

/** The rows of a page have at most as many bytes, or the page has one row. */
export const maxPageBytes = 2_000_000;

/** What `withinBytes` compares: the size of a row, and of all rows of the page up to it. A row counts as `maxBytes` at most. */
export type PageBytes = { row_bytes: number; page_bytes: number };

/**
 * Columns for the pages of a list of large rows. `size` is an expression that reads no stored text, such as `octet_length`; `order` is what the page is
 * sorted by. Select from the page with `withinBytes`.
 */
export function pageBytes(size: RawBuilder<number>, order: RawBuilder<unknown>, maxBytes = maxPageBytes) {
  const counted = sql<number>`least(${size}, ${sql.lit(maxBytes)})`;
  return [
    counted.as('row_bytes'),
    sql<number>`(sum(${counted}) over (order by ${order} rows unbounded preceding))::int8`.as('page_bytes'),
  ] as const;
}

/** Keeps the rows of a page and the first that exceeds `maxBytes`, which says that there is a next page. */
export const withinBytes = (maxBytes = maxPageBytes): RawBuilder<boolean> => sql`page_bytes - row_bytes <= ${sql.lit(maxBytes)}`;
