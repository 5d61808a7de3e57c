import { type InfiniteData, keepPreviousData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import type { Page } from '../../../../client/index.ts';
import { Button } from '../ui/buttons.tsx';

/** The result of a list call: an array, or an object that contains one. */
type AnyPage = object & { readonly nextCursor: string | undefined };

/** A paginated list: `usePages(['keys'], (before) => client.apiKeys.list({ query: { before } }))`. */
export const usePages = <Answer extends AnyPage>(
  queryKey: QueryKey,
  load: (before: string | undefined) => Promise<Answer>,
  enabled = true,
  /** While the rows of another filter are loaded, those from before stay. */
  keepsRows = false,
) =>
  useInfiniteQuery<Answer, Error, InfiniteData<Answer>, QueryKey, string | undefined>({
    queryKey,
    enabled,
    initialPageParam: undefined,
    queryFn: ({ pageParam }) => load(pageParam),
    getNextPageParam: ({ nextCursor }) => nextCursor,
    // Structural sharing copies the pages and would lose the non-enumerable `nextCursor`.
    structuralSharing: false,
    ...(keepsRows && { placeholderData: keepPreviousData }),
  });

/** The rows of all loaded pages. */
export const rowsOf = <Row,>(data: InfiniteData<Page<Row>> | undefined): Row[] | undefined => data?.pages.flatMap((page) => [...page]);

type MoreProps = { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> }; children?: string };

/** A button that loads the next page, if there is one. */
export const More = ({ query: { hasNextPage, isFetchingNextPage, fetchNextPage }, children = 'Show more' }: MoreProps) =>
  hasNextPage && (
    <div className="more">
      <Button kind="ghost" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {children}
      </Button>
    </div>
  );
