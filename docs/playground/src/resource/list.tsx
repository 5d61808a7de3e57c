import type { QueryKey } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import type { Page } from '../../../../client/index.ts';
import { type NextPage, type PageQuery, rowsOf, usePages } from '../components/paging.tsx';
import { Empty } from '../components/states.tsx';
import { Button } from '../ui/buttons.tsx';
import { FilterBar, type Filters } from './filters.tsx';
import { Rows, type RowsProps } from './resourceList.tsx';

/** The rows of a paginated list call: `useList(['plans'], (page) => client.plans.list({ query: page }))`. */
export function useList<Row>(
  queryKey: QueryKey,
  load: (page: PageQuery) => Promise<Page<Row>>,
  /** Milliseconds until the list is loaded again, by its rows; false for a list that stays as it is. */
  interval?: (rows: readonly Row[]) => number | false,
) {
  const pages = usePages(queryKey, load, true, true);
  const data = rowsOf(pages.data);
  const pause = (data && interval?.(data)) ?? false;
  const { refetch } = pages;
  useEffect(() => {
    if (pause === false) return;
    const timer = setInterval(() => void refetch(), pause);
    return () => clearInterval(timer);
  }, [pause, refetch]);
  return { ...pages, data };
}

type ListProps<Row> = RowsProps<Row> & {
  query: {
    data: readonly Row[] | undefined;
    error: unknown;
    refetch: () => Promise<unknown>;
    isPlaceholderData: boolean;
  } & NextPage;
  filters?: Filters;
  /** The controls of the filters. */
  children?: ReactNode;
};

/** `Rows` with filters and paging. Without a match it offers to clear the filters. */
export const List = <Row,>({ query, filters, children, empty, ...rest }: ListProps<Row>) => (
  <div className="list" aria-busy={query.isPlaceholderData}>
    {children && <FilterBar filters={filters}>{children}</FilterBar>}
    <Rows {...rest} query={query} isSearchable={!children} empty={filters?.isActive ? <NoMatch filters={filters} /> : empty} />
  </div>
);

const NoMatch = ({ filters }: { filters: Filters }) => (
  <Empty title="Nothing matches" action={<Button onClick={filters.clear}>Clear filters</Button>}>
    No entry matches the search and the filters.
  </Empty>
);
