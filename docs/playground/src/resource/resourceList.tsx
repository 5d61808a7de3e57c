import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '../../../../client/index.ts';
import { More, rowsOf } from '../components/paging.tsx';
import { QueryState } from '../components/states.tsx';
import { type Column, Table } from '../components/table.tsx';
import { type RowAction, RowMenu } from './rowMenu.tsx';

export type RowsProps<Row> = {
  /** Accessible name of the table. */
  caption: string;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  /** Name of a row, for its menu. */
  nameOf?: (row: Row) => string;
  actionsOf?: (row: Row) => readonly RowAction[];
  /** What the list is for, with the first action. */
  empty: ReactNode;
};

type QueryRowsProps<Row> = RowsProps<Row> & {
  query: { data: readonly Row[] | undefined; error: unknown; refetch: () => Promise<unknown> };
};

/** A list as a table with a menu for each row, with its loading, empty and error states. */
export function Rows<Row>({ query, empty, caption, columns, keyOf, nameOf = keyOf, actionsOf }: QueryRowsProps<Row>) {
  const menu: Column<Row> = {
    title: 'Actions',
    isActions: true,
    cell: (row) => <RowMenu of={nameOf(row)} actions={actionsOf?.(row) ?? []} />,
  };
  return (
    <QueryState query={query} empty={empty}>
      {(rows) => <Table caption={caption} columns={actionsOf ? [...columns, menu] : columns} rows={rows} keyOf={keyOf} />}
    </QueryState>
  );
}

type PagedRowsProps<Row> = RowsProps<Row> & { query: UseInfiniteQueryResult<InfiniteData<Page<Row>>> };

/** `Rows` of a paginated list. */
export const PagedRows = <Row,>({ query, ...rest }: PagedRowsProps<Row>) => (
  <>
    <Rows {...rest} query={{ ...query, data: rowsOf(query.data) }} />
    <More query={query} />
  </>
);
