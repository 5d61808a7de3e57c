import { hashOf } from './fakes.ts';
import { invalid } from './refusal.ts';
import type { Row } from './state.ts';

export type Page = { rows: Row[]; next: string | undefined };

/** What a cursor was made for: one that was changed, or is another list's, does not fit. */
const markOf = (text: string) => hashOf(text).toString(36);

/** A page of rows that are sorted newest first; `list` names the list with its filters. */
export function pageOf(rows: readonly Row[], list: string, { limit = 20, before }: { limit?: number; before?: string | undefined }): Page {
  const from = before === undefined ? Number.POSITIVE_INFINITY : openCursor(before, list);
  const rest = rows.filter(({ order }) => order < from);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: last && rest.length > limit ? `${last.order}.${markOf(`${last.order} ${list}`)}` : undefined };
}

function openCursor(cursor: string, list: string): number {
  const [, order, mark] = /^(\d{1,12})\.(\w+)$/.exec(cursor) ?? [];
  if (order === undefined || mark !== markOf(`${order} ${list}`))
    throw invalid([{ location: 'query', path: 'before', message: 'is not a cursor of this list' }]);
  return Number(order);
}

/** The headers of a page that has a next one (RFC 8288). */
export function pageHeaders(url: URL, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  const query = new URLSearchParams(url.search);
  query.delete('cursor');
  query.set('before', next);
  return { link: `<${url.pathname}?${query}>; rel="next"`, 'x-next-cursor': next };
}
