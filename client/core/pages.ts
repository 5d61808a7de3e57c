import type { Cursor, Page, Paged } from './call.ts';
import type { CallResult } from './transport.ts';

/** Adds `nextCursor` to the body as a non-enumerable property. */
export const pageOf = <Body extends object>({ body, nextCursor }: CallResult): Body & Cursor =>
  Object.defineProperty(body as Body, 'nextCursor', { value: nextCursor }) as Body & Cursor;

/** Resolves to the first page when awaited. When iterated, yields the rows of all pages and fetches pages on demand. */
export function paginate<Row>(fetchPage: (cursor?: string) => Promise<Page<Row>>): Paged<Row> {
  const first = fetchPage();
  return Object.assign(first, {
    async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
      let page = await first;
      for (;;) {
        yield* page;
        if (page.nextCursor === undefined) return;
        page = await fetchPage(page.nextCursor);
      }
    },
  });
}
