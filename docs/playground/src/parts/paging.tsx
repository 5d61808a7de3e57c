import { type InfiniteData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from '../../../../client/index.ts';
import { Button } from './buttons.tsx';

/** Whatever a list of the client resolves to: an array, or an object that holds one. */
type AnyPage = object & { readonly nextCursor: string | undefined };

/** A list in pages: `usePages(['keys'], (before) => client.apiKeys.list({ query: { before } }))`. */
export const usePages = <Answer extends AnyPage>(
  queryKey: QueryKey,
  load: (before: string | undefined) => Promise<Answer>,
  enabled = true,
) =>
  useInfiniteQuery<Answer, Error, InfiniteData<Answer>, QueryKey, string | undefined>({
    queryKey,
    enabled,
    initialPageParam: undefined,
    queryFn: ({ pageParam }) => load(pageParam),
    getNextPageParam: ({ nextCursor }) => nextCursor,
    // Sharing would copy the pages, and the cursor is not part of what is copied.
    structuralSharing: false,
  });

/** All rows there are so far. */
export const rowsOf = <Row,>(data: InfiniteData<Page<Row>> | undefined): Row[] | undefined => data?.pages.flatMap((page) => [...page]);

type MoreProps = { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }; children?: string };

/** Brings the next page, as long as there is one. */
export const More = ({ query: { hasNextPage, isFetchingNextPage, fetchNextPage }, children = 'Show more' }: MoreProps) =>
  hasNextPage && (
    <div className="more">
      <Button kind="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {children}
      </Button>
    </div>
  );
