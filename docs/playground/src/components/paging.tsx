import { type InfiniteData, keepPreviousData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useLayoutEffect, useRef } from 'react';
import type { Page } from '../../../../client/index.ts';
import { Button } from '../ui/buttons.tsx';
import { ErrorNotice } from './states.tsx';

/** The result of a list call: an array, or an object that contains one. */
type AnyPage = object & { readonly nextCursor: string | undefined };

/** Part of the query of a list call. */
export type PageQuery = { before?: string; limit?: number };

/** Rows of each page after the first, which has the default of the API: a list of 600 rows takes seven requests instead of 30. */
const nextPageSize = 100;

/** A paginated list: `usePages(['keys'], (page) => client.apiKeys.list({ query: page }))`. */
export const usePages = <Answer extends AnyPage>(
  queryKey: QueryKey,
  load: (page: PageQuery) => Promise<Answer>,
  enabled = true,
  /** While the rows of another filter are loaded, those from before stay. */
  keepsRows = false,
) =>
  useInfiniteQuery<Answer, Error, InfiniteData<Answer>, QueryKey, PageQuery>({
    queryKey,
    enabled,
    initialPageParam: {},
    queryFn: ({ pageParam }) => load(pageParam),
    getNextPageParam: ({ nextCursor }) => (nextCursor === undefined ? undefined : { before: nextCursor, limit: nextPageSize }),
    // Structural sharing copies the pages and would lose the non-enumerable `nextCursor`.
    structuralSharing: false,
    ...(keepsRows && { placeholderData: keepPreviousData }),
  });

/** The rows of all loaded pages. */
export const rowsOf = <Row,>(data: InfiniteData<Page<Row>> | undefined): Row[] | undefined => data?.pages.flatMap((page) => [...page]);

/** Most rows that a choice is made among, and those of a request. */
const [maxChoices, maxPageSize] = [1_000, 200];

/** The rows of a list call for a choice or for names, at most 1 000. */
export async function listChoices<Row>(load: (page: PageQuery) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let before: string | undefined; ;) {
    const page: Page<Row> = await load({ limit: maxPageSize, ...(before !== undefined && { before }) });
    rows.push(...page);
    before = page.nextCursor;
    if (before === undefined || rows.length >= maxChoices) return rows;
  }
}

/** What is known of the next page. */
export type NextPage = {
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  fetchNextPage: () => Promise<unknown>;
};

type MoreProps = {
  query: NextPage;
  children?: string;
  /** How many rows are shown. */
  shown?: string | undefined;
};

/**
 * A button that loads the next page, if there is one, or the error of the last attempt. If the button with the focus disappears with the last page,
 * the focus goes to `shown`, or to the start of the list.
 */
export const More = ({ query: { error, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage }, ...rest }: MoreProps) =>
  isFetchNextPageError ? (
    <ErrorNotice error={error} retry={() => fetchNextPage()} />
  ) : (
    <ShowMore {...rest} canShow={hasNextPage} busy={isFetchingNextPage} onShow={() => void fetchNextPage()} />
  );

type ShowMoreProps = Omit<MoreProps, 'query'> & { canShow: boolean; busy?: boolean; onShow: () => void };

export function ShowMore({ canShow, busy = false, onShow, shown, children = 'Show more' }: ShowMoreProps) {
  const count = useRef<HTMLOutputElement>(null);
  const list = useRef<HTMLElement>(undefined);
  useLayoutEffect(() => {
    const next = count.current ?? list.current;
    if (!canShow && list.current && next) {
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
    }
    list.current = undefined;
  }, [canShow]);
  if (!canShow && !shown) return null;
  return (
    <div className="more">
      {shown && (
        <output ref={count} className="muted small" tabIndex={-1}>
          {shown}
        </output>
      )}
      {canShow && (
        <Button
          kind="ghost"
          busy={busy}
          onClick={onShow}
          onFocus={({ currentTarget }) => void (list.current = currentTarget.parentElement?.parentElement ?? undefined)}
          onBlur={({ relatedTarget }) => void (relatedTarget && (list.current = undefined))}
        >
          {children}
        </Button>
      )}
    </div>
  );
}
