import type { Cursor, Page, Paged } from './call.ts';
import type { Answer } from './transport.ts';

/** The body of an answer, with the cursor where a plain array or object has room for it. */
export const pageOf = <Body extends object>({ body, nextCursor }: Answer): Body & Cursor =>
  Object.defineProperty(body as Body, 'nextCursor', { value: nextCursor }) as Body & Cursor;

/** Awaited it is the first page; iterated it is every row, and the pages are asked for as they are needed. */
export function pagedFrom<Row>(fetchPage: (cursor?: string) => Promise<Page<Row>>): Paged<Row> {
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
