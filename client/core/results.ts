import type { CallPromise, CallResponse, Cursor, Page, Paged } from './call.ts';
import { traceIdOf } from './request.ts';
import type { CallResult } from './transport.ts';

/** The promise of a call: the body, and `withResponse()`. */
export function promiseOf<Data>(result: Promise<CallResult>, dataOf: (result: CallResult) => Data): CallPromise<Data> {
  const full = result.then((each): CallResponse<Data> => ({
    data: dataOf(each),
    status: each.status,
    headers: each.headers,
    traceId: traceIdOf(each.headers),
  }));
  const data = full.then((each) => each.data);
  return Object.assign(data, {
    withResponse() {
      // The caller handles errors of the returned promise; those of `data` are the same.
      data.catch(() => undefined);
      return full;
    },
  });
}

/** Adds `nextCursor` to the body as a non-enumerable property. */
export const pageOf = <Body extends object>({ body, headers }: CallResult): Body & Cursor =>
  Object.defineProperty(body as Body, 'nextCursor', { value: headers.get('x-next-cursor') ?? undefined }) as Body & Cursor;

/** Resolves to the first page when awaited. When iterated, yields the rows of all pages and fetches pages on demand. */
export function paginate<Row>(fetchPage: (cursor?: string) => Promise<CallResult>): Paged<Row> {
  const first = promiseOf(fetchPage(), pageOf<Row[]>) as CallPromise<Page<Row>>;
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    let page = await first;
    for (;;) {
      yield* page;
      if (page.nextCursor === undefined) return;
      page = pageOf<Row[]>(await fetchPage(page.nextCursor));
    }
  }
  return Object.assign(first, {
    [Symbol.asyncIterator]: rows,
    async toArray({ limit }: { limit: number }) {
      const taken: Row[] = [];
      await first;
      if (limit > 0)
        for await (const row of rows()) {
          taken.push(row);
          if (taken.length >= limit) break;
        }
      return taken;
    },
  });
}
