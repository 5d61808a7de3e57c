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
