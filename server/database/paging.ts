import { type Compilable, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { builder, type Parameters } from './statement.ts';

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

/** What the rows of `pageInBytes` also have: the size of the row, at most `maxBytes`, and of all rows of the page up to it. */
export type PageBytes = { row_bytes: number; page_bytes: number };

type Page = {
  /** What the page is sorted by. */
  order?: RawBuilder<unknown>;
  maxBytes?: number;
};

/**
 * A page of a list whose rows can be large, which ends when its rows exceed `maxBytes`; the first row that does says that there is a next page. The
 * others are not read. `size` is an expression over the columns of the list.
 */
export function pageInBytes<Row extends object>(
  list: Compilable<Row>,
  size: RawBuilder<number>,
  { order = sql`created_at desc, id desc`, maxBytes = maxPageBytes }: Page = {},
): SelectQueryBuilder<Record<'page', Row & Partial<PageBytes>>, 'page', Row & Partial<PageBytes>> {
  const listed = list as SelectQueryBuilder<Record<'listed', object>, 'listed', object>;
  const counted = sql<number>`least(${size}, ${sql.lit(maxBytes)})`;
  const page = builder
    .selectFrom(listed.as('listed'))
    .selectAll('listed')
    .select([
      counted.as('row_bytes'),
      sql<number>`(sum(${counted}) over (order by ${order} rows unbounded preceding))::int8`.as('page_bytes'),
    ]);
  const within = sql<boolean>`page_bytes - row_bytes <= ${sql.lit(maxBytes)}`;
  return builder.selectFrom(page.as('page')).selectAll('page').where(within).orderBy(order) as never;
}

/** The size of a row with these columns of text, JSON, bytes or arrays, and others that are small. The length of text is known without reading it. */
export const bytesOf = (...columns: readonly string[]): RawBuilder<number> =>
  sql`(1000 + ${sql.join(
    columns.map((name) => sql`coalesce(octet_length(${sql.ref(name)}::text), 0)`),
    sql` + `,
  )})`;
