import { protocolError } from '../failures.ts';
import { maxMessageBytes } from '../transport/sizeLimits.ts';

const maxPages = 100;

/** `result`: all that the server sent. */
type Page = { result: unknown; entries: unknown[]; nextCursor?: string | null | undefined };

/**
 * All entries of a list that a server sends page by page, at most `maxEntries`. `read` returns nothing for an invalid entry. Throws
 * `mcp.protocol_error` if there are more than 100 pages or their total size exceeds that of a message.
 */
export async function readPages<T>(
  what: string,
  maxEntries: number,
  read: (entry: unknown) => T[],
  page: (cursor: string | undefined) => Promise<Page>,
): Promise<T[]> {
  const all: T[] = [];
  let [cursor, bytes] = [undefined as string | undefined, 0];
  for (let pages = 0; pages < maxPages; pages++) {
    const { result, entries, nextCursor } = await page(cursor);
    bytes += Buffer.byteLength(JSON.stringify(result));
    if (bytes > maxMessageBytes) throw protocolError(`The list of ${what} is too long.`);
    all.push(...entries.flatMap(read));
    if (all.length >= maxEntries) return all.slice(0, maxEntries);
    if (!nextCursor) return all;
    cursor = nextCursor;
  }
  throw protocolError(`The list of ${what} does not end.`);
}
