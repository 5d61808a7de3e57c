import type { Queryable } from '../../database/sql.ts';
import { type FoundThread, type Search, searchIndex, walkArchivedThreads, walkThreads } from './searchQueries.ts';

/** How many threads the first walk reads. Each further walk reads as many as all before it. */
const firstWalk = 8;

/** The share of walked threads that must match for another walk. */
const minShare = 1 / 4;

/**
 * The threads of a user whose title or visible messages contain `q`, most recently updated first. Walks through the newest threads while many of
 * them match, so a common word costs no more than its page, and gets the rest from the index, which is small for a rare word.
 */
export async function searchThreadsOfUser(db: Pick<Queryable, 'rows'>, { limit, ...search }: Search): Promise<FoundThread[]> {
  const walk = search.isArchived ? walkArchivedThreads : walkThreads;
  const found: FoundThread[] = [];
  let { beforeTime, beforeId } = search;
  for (let walked = 0, size = firstWalk; ; size = walked) {
    const threads = await db.rows(walk, { ...search, beforeTime, beforeId, limit: size });
    const partial = threads.findIndex(({ is_partial }) => is_partial);
    const read = partial < 0 ? threads : threads.slice(0, partial);
    walked += read.length;
    found.push(...read.filter(({ snippet, has_title }) => snippet !== null || has_title));
    if (found.length >= limit) return found.slice(0, limit);
    if (threads.length < size && partial < 0) return found;
    const last = read.at(-1);
    if (last) ({ updated_at: beforeTime, id: beforeId } = last);
    if (partial >= 0 || found.length < walked * minShare) break;
  }
  return [...found, ...(await db.rows(searchIndex, { ...search, beforeTime, beforeId, limit: limit - found.length }))];
}
