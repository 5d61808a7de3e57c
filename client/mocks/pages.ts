import { hashOf } from './fakes.ts';
import { invalid } from './refusal.ts';
import type { Row } from './state.ts';

export type Page = { rows: Row[]; next: string | undefined };

/** The cursor of a row of a list: one that was changed, or is another list's, does not fit. */
const cursorOf = (order: number, list: string) =>
  `${String(order).padStart(12, '0')}-${hashOf(`${order} ${list}`).toString(36).padStart(7, '0')}`;

/** A page of rows that are sorted newest first; `list` names the list with its filters. */
export function pageOf(rows: readonly Row[], list: string, { limit = 20, before }: { limit?: number; before?: string | undefined }): Page {
  const from = before === undefined ? Number.POSITIVE_INFINITY : openCursor(before, list);
  const rest = rows.filter(({ order }) => order < from);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: last && rest.length > limit ? cursorOf(last.order, list) : undefined };
}

function openCursor(cursor: string, list: string): number {
  const order = Number(cursor.slice(0, 12));
  if (cursor !== cursorOf(order, list))
    throw invalid([{ location: 'query', path: 'before', message: 'is not a cursor of this list' }], { reason: 'invalid_cursor' });
  return order;
}

/** The headers of a page that has a next one (RFC 8288). */
export function pageHeaders(url: URL, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  const query = new URLSearchParams(url.search);
  query.delete('cursor');
  query.set('before', next);
  return { link: `<${url.pathname}?${query}>; rel="next"`, 'x-next-cursor': next };
}
