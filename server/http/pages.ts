import { createHmac, timingSafeEqual } from 'node:crypto';
import { maxPageBytes, type PageBytes } from '../database/paging.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import { invalid } from '../platform/failure.ts';
import type { Cursors } from './app.ts';

/** Cursors signed with the newest key. Those of older keys stay valid. */
export function createCursors({ keys }: Keyring): Cursors {
  const sign = (text: string, list: readonly unknown[], { secret } = keys[0]) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([text, list]))
      .digest()
      .subarray(0, 12);
  const cursors: Cursors = {
    decode(cursor, list) {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, 'base64url');
      const text = bytes.subarray(12).toString();
      const good =
        bytes.length > 12 &&
        bytes.toString('base64url') === cursor &&
        keys.some((key) => timingSafeEqual(bytes.subarray(0, 12), sign(text, list, key)));
      if (!good) throw invalid([{ location: 'query', path: 'before', message: 'is not a cursor of this list' }], 'invalid_cursor');
      return JSON.parse(text) as (string | number)[];
    },
    page(rows, limit, list, keyOf, maxBytes = maxPageBytes) {
      const count = countWithin(rows, limit, maxBytes);
      if (rows.length <= count) return { rows, next: undefined };
      const kept = rows.slice(0, count);
      const text = JSON.stringify(keyOf(kept.at(-1)!));
      return { rows: kept, next: Buffer.concat([sign(text, list), Buffer.from(text)]).toString('base64url') };
    },
    async fetchPage({ limit, before }, list, read, keyOf) {
      const [beforeTime = null, beforeId = null] = (cursors.decode(before, list) ?? []) as string[];
      return cursors.page(await read({ beforeTime, beforeId, limit: limit + 1 }), limit, list, keyOf);
    },
  };
  return cursors;
}

/** The number of rows that have at most `maxBytes`, and are at most `limit`; at least 1. Rows of `pageBytes` have their size. */
function countWithin(rows: readonly object[], limit: number, maxBytes: number): number {
  let bytes = 0;
  for (const [at, row] of rows.entries()) {
    bytes = (row as Partial<PageBytes>).page_bytes ?? bytes + sizeOf(row);
    if (at === limit || (at > 0 && bytes > maxBytes)) return at;
  }
  return rows.length;
}

/** Roughly the length of a value as JSON. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 4;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 4;
  for (const each of Object.values(value)) size += sizeOf(each) + 8;
  return size;
}

/** The headers of a page that is not the last (RFC 8288). */
export function pageHeaders(url: string, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  // The request target can be an absolute URL. The link is always relative.
  const [path = '', search = ''] = url.replace(/^https?:\/\/[^/]*/i, '').split('?', 2);
  const query = new URLSearchParams(search);
  // `cursor` is an alias of `before` on some lists. A link must not contain both.
  query.delete('cursor');
  query.set('before', next);
  return { link: `<${path}?${query}>; rel="next"`, 'x-next-cursor': next };
}
