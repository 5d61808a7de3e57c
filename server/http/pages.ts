import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Cursors } from '../kernel/app.ts';
import { invalid } from '../kernel/failure.ts';

/** Cursors signed with `key`. */
export function createCursors(key: Buffer): Cursors {
  const sign = (text: string, list: readonly unknown[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([text, list]))
      .digest()
      .subarray(0, 12);
  return {
    open(cursor, list) {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, 'base64url');
      const text = bytes.subarray(12).toString();
      const good = bytes.length > 12 && bytes.toString('base64url') === cursor && timingSafeEqual(bytes.subarray(0, 12), sign(text, list));
      if (!good) throw invalid([{ location: 'query', path: 'before', message: 'is not a cursor of this list' }], 'invalid_cursor');
      return JSON.parse(text) as (string | number)[];
    },
    page(rows, limit, list, keyOf) {
      if (rows.length <= limit) return { rows, next: undefined };
      const kept = rows.slice(0, limit);
      const text = JSON.stringify(keyOf(kept.at(-1)!));
      return { rows: kept, next: Buffer.concat([sign(text, list), Buffer.from(text)]).toString('base64url') };
    },
  };
}

/** The headers of a page that has a next one (RFC 8288). */
export function pageHeaders(url: string, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  // A request may name its target as a whole URL; the link is relative in any case.
  const [path = '', search = ''] = url.replace(/^https?:\/\/[^/]*/i, '').split('?', 2);
  const query = new URLSearchParams(search);
  // The other name of `before`, on the lists that know it: a page that was asked for by it must not be asked for by both.
  query.delete('cursor');
  query.set('before', next);
  return { link: `<${path}?${query}>; rel="next"`, 'x-next-cursor': next };
}
