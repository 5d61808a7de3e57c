import { hashOf } from '../fakes.ts';
import type { Row } from '../state.ts';
import { invalid } from './errors.ts';

export type Page = { rows: Row[]; next: string | undefined };

/** A cursor contains a hash over its position and the list, so modified cursors and those of other lists are rejected. */
const cursorOf = (order: number, list: string) =>
  `${String(order).padStart(12, '0')}-${hashOf(`${order} ${list}`).toString(36).padStart(7, '0')}`;

/** `rows` are sorted newest first. `list` identifies the list including its filters. */
export function pageOf(rows: readonly Row[], list: string, { limit = 20, before }: { limit?: number; before?: string | undefined }): Page {
  const from = before === undefined ? Number.POSITIVE_INFINITY : openCursor(before, list);
  const rest = rows.filter(({ order }) => order < from);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: last && rest.length > limit ? cursorOf(last.order, list) : undefined };
}

const maxOrder = 10 ** 12 - 1;

/** The same for a list whose first page has the oldest rows. */
export function pageOfOldest(rows: readonly Row[], list: string, query: { limit?: number; before?: string | undefined }): Page {
  const mirrored = rows.toReversed().map((row) => ({ ...row, order: maxOrder - row.order }));
  return pageOf(mirrored, list, query);
}

function openCursor(cursor: string, list: string): number {
  const order = Number(cursor.slice(0, 12));
  if (cursor !== cursorOf(order, list))
    throw invalid([{ location: 'query', path: 'before', message: 'is not a cursor of this list', reason: 'invalid_cursor' }]);
  return order;
}

/** Link (RFC 8288) and X-Next-Cursor, if there is a next page. */
export function pageHeaders(url: URL, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  const query = new URLSearchParams(url.search);
  query.delete('cursor');
  query.set('before', next);
  return { link: `<${url.pathname}?${query}>; rel="next"`, 'x-next-cursor': next };
}
