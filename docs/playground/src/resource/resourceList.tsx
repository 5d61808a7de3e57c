import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Page } from '../../../../client/index.ts';
import { count } from '../components/format.tsx';
import { More, type NextPage, rowsOf, ShowMore } from '../components/paging.tsx';
import { Empty, QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { Button } from '../ui/buttons.tsx';
import { type Finder, FinderField, Searching, useFinder } from './finder.tsx';
import { type RowAction, RowMenu } from './rowMenu.tsx';

export type RowsProps<Row> = {
  /** Accessible name of the table. */
  caption: string;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  /** Name of a row, for its menu. */
  nameOf?: (row: Row) => string;
  /** What a search of the rows finds. Default: the name. */
  textOf?: (row: Row) => string;
  actionsOf?: ((row: Row) => readonly RowAction[]) | undefined;
  /** What the list is for, with the first action. */
  empty: ReactNode;
};

type QueryRowsProps<Row> = RowsProps<Row> & {
  query: { data: readonly Row[] | undefined; error: unknown; refetch: () => Promise<unknown> } & Partial<NextPage>;
  /** Long lists have a search. False for a list with a search of its call. */
  isSearchable?: boolean;
};

/** Rows that are in the document at first, and with each "Show more". Each has about 20 elements. */
const rowsPerStep = 100;

/** Rows from which on their number is told. */
const minCounted = 20;

const isPaged = (query: Partial<NextPage>): query is NextPage => query.fetchNextPage !== undefined;

/** A list as a table with a menu for each row, with its loading, empty and error states; a long one with a search, its count, and in steps. */
export function Rows<Row>({ query, empty, nameOf, textOf = nameOf, isSearchable = true, ...table }: QueryRowsProps<Row>) {
  const next = isPaged(query) ? query : undefined;
  const finder = useFinder(query.data, textOf ?? table.keyOf, next);
  return (
    <QueryState query={query} empty={empty}>
      {(all) => (
        <>
          {isSearchable && textOf && finder.isOffered && <FinderField caption={table.caption} finder={finder} />}
          <Steps {...table} nameOf={nameOf ?? table.keyOf} all={all} finder={finder} next={next} key={String(finder.isActive)} />
        </>
      )}
    </QueryState>
  );
}

type StepsProps<Row> = Pick<RowsProps<Row>, 'caption' | 'columns' | 'keyOf' | 'actionsOf'> & {
  nameOf: (row: Row) => string;
  all: readonly Row[];
  finder: Finder<Row>;
  next: NextPage | undefined;
};

/** The first rows of those that are loaded and match, and a button for more of them. */
function Steps<Row>({ caption, columns, keyOf, nameOf, actionsOf, all, finder, next }: StepsProps<Row>) {
  const rows = finder.found ?? all;
  // On the way back from the page of a row, all that were loaded before.
  const [limit, setLimit] = useState(Math.max(rowsPerStep, next ? Math.min(all.length, 3 * rowsPerStep) : 0));
  const shown = rows.length > limit ? rows.slice(0, limit) : rows;
  const menu: Column<Row> = {
    title: 'Actions',
    isActions: true,
    cell: (row) => <RowMenu of={nameOf(row)} actions={actionsOf?.(row) ?? []} />,
  };
  const hasNextPage = next?.hasNextPage ?? false;
  const isLong = hasNextPage || all.length > minCounted;
  if (rows.length === 0 && !finder.isLoading && !finder.isPartial) return <NothingFound total={all.length} onClear={finder.clear} />;
  const counted = countOf(shown.length, { found: rows.length, total: all.length, isFinding: finder.isActive, hasNextPage });
  return (
    <>
      {rows.length > 0 && <Table caption={caption} columns={actionsOf ? [...columns, menu] : columns} rows={shown} keyOf={keyOf} />}
      {finder.isLoading ? (
        <Searching read={all.length} />
      ) : finder.isPartial && shown.length === rows.length ? (
        <ShowMore canShow shown={counted} onShow={finder.readOn}>
          Search further
        </ShowMore>
      ) : next && shown.length === rows.length ? (
        <More
          shown={isLong ? counted : undefined}
          query={{
            ...next,
            fetchNextPage: () => {
              setLimit(rows.length + rowsPerStep);
              return next.fetchNextPage();
            },
          }}
        />
      ) : (
        <ShowMore
          canShow={shown.length < rows.length}
          shown={isLong ? counted : undefined}
          onShow={() => setLimit(shown.length + rowsPerStep)}
        />
      )}
    </>
  );
}

type Counts = { found: number; total: number; isFinding: boolean; hasNextPage: boolean };

function countOf(shown: number, { found, total, isFinding, hasNextPage }: Counts): string {
  if (isFinding) return shown < found ? `${count(shown)} of ${count(found)} matches` : `${count(found)} of ${count(total)} match`;
  if (hasNextPage) return `${count(shown)} shown`;
  return shown < total ? `${count(shown)} of ${count(total)}` : `All ${count(total)} shown`;
}

const NothingFound = ({ total, onClear }: { total: number; onClear: () => void }) => (
  <Empty title="Nothing matches" action={<Button onClick={onClear}>Clear the search</Button>}>
    None of {count(total)} entries contains these words.
  </Empty>
);

type PagedRowsProps<Row> = RowsProps<Row> & { query: UseInfiniteQueryResult<InfiniteData<Page<Row>>> };

/** `Rows` of a paginated list. */
export const PagedRows = <Row,>({ query, ...rest }: PagedRowsProps<Row>) => (
  <Rows {...rest} query={{ ...query, data: rowsOf(query.data) }} />
);
