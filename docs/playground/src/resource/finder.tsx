import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { count } from '../components/format.tsx';
import type { NextPage } from '../components/paging.tsx';
import { TextField } from '../ui/fields.tsx';
import { rowsWith } from './rowsWith.ts';

/** Rows of a list from which on it can be searched. */
const minSearchedRows = 20;

/** Rows that a search reads before it asks whether to go on. */
const rowsPerSearch = 2_000;

export type Finder<Row> = ReturnType<typeof useFinder<Row>>;

/** The search of a long list whose call has none. While something is typed, further pages are loaded. */
export function useFinder<Row>(rows: readonly Row[] | undefined, textOf: (row: Row) => string, next: NextPage | undefined) {
  const [text, type] = useState('');
  const typed = useDeferredValue(text.trim());
  const isActive = typed !== '';
  const { hasNextPage = false, isFetchingNextPage = false, isFetchNextPageError = false, fetchNextPage } = next ?? {};
  const [mostRead, setMostRead] = useState(rowsPerSearch);
  const read = rows?.length ?? 0;
  const mustLoad = isActive && hasNextPage && !isFetchNextPageError && read < mostRead;
  useEffect(() => {
    if (mustLoad && !isFetchingNextPage) void fetchNextPage?.();
  }, [mustLoad, isFetchingNextPage, fetchNextPage]);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- `textOf` is new on every render, with the same meaning
  const found = useMemo(() => rows && rowsWith(rows, typed, textOf), [rows, typed]);
  return {
    found,
    isActive,
    isLoading: mustLoad,
    /** Whether the search has ended before the last page. */
    isPartial: isActive && hasNextPage && !isFetchNextPageError && !mustLoad,
    readOn: () => setMostRead(read + rowsPerSearch),
    isOffered: isActive || text !== '' || (rows !== undefined && (rows.length >= minSearchedRows || hasNextPage)),
    clear: () => type(''),
    text,
    type,
  };
}

export const Searching = ({ read }: { read: number }) => (
  <output className="more muted small">
    <span className="spinner" />
    Searching… {count(read)} read
  </output>
);

export const FinderField = ({ caption, finder: { text, type } }: { caption: string; finder: Pick<Finder<unknown>, 'text' | 'type'> }) => (
  <search className="filters finder">
    <TextField
      label={`Search ${/^[A-Z]{2}/.test(caption) ? caption : caption.charAt(0).toLowerCase() + caption.slice(1)}`}
      hideLabel
      type="search"
      placeholder="Search"
      value={text}
      onChange={({ currentTarget }) => type(currentTarget.value)}
    />
  </search>
);
