import { arkloopKeys } from '../../../../../client/react/index.ts';
import { rowsOf, usePages } from '../../components/paging.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { InfiniteEnd } from './infinite.tsx';
import { ThreadRow } from './row.tsx';

/** Threads whose title or messages contain a text. */
export const useThreadSearch = (wanted: string) =>
  usePages(
    [...arkloopKeys.threads(), 'search', wanted],
    (before) => client.threads.search({ query: { q: wanted, before } }),
    wanted !== '',
  );

export function FoundThreads({ wanted }: { wanted: string }) {
  const found = useThreadSearch(wanted);
  const rows = rowsOf(found.data);
  if (!rows) return found.error ? <ErrorNotice error={found.error} retry={() => void found.refetch()} /> : <Loading what="Searching" />;
  return (
    <section aria-label="Search results">
      <h2>
        <output>{rows.length === 0 ? 'Nothing found' : 'Search results'}</output>
      </h2>
      {rows.length === 0 && <p className="nothing">No title and no message contains “{wanted}”.</p>}
      <ul className="thread-rows">
        {rows.map((thread) => (
          <ThreadRow key={thread.id} thread={thread} found={{ wanted, snippet: thread.snippet }} />
        ))}
      </ul>
      <InfiniteEnd query={found}>More results</InfiniteEnd>
    </section>
  );
}
