import { useState } from 'react';
import { arkloopKeys } from '../../../../../client/react/index.ts';
import { rowsOf, usePages } from '../../components/paging.tsx';
import { ErrorNotice, Loading } from '../../components/states.tsx';
import { client } from '../../session.ts';
import { Button } from '../../ui/buttons.tsx';
import { InfiniteEnd } from './infinite.tsx';
import { ThreadRow } from './row.tsx';

/** Threads whose title or messages contain a text. */
export const useThreadSearch = (wanted: string, archived = false) =>
  usePages(
    [...arkloopKeys.threads(), 'search', wanted, archived],
    (page) => client.threads.search({ query: { q: wanted, archived, ...page } }),
    wanted !== '',
  );

/** The results; those of archived threads on demand. */
export function FoundThreads({ wanted }: { wanted: string }) {
  const [hasArchive, setHasArchive] = useState(false);
  return (
    <>
      <Results wanted={wanted} />
      {hasArchive ? (
        <Results wanted={wanted} archived />
      ) : (
        <div className="more">
          <Button kind="ghost" small icon="archive" onClick={() => setHasArchive(true)}>
            Search archived chats
          </Button>
        </div>
      )}
    </>
  );
}

function Results({ wanted, archived = false }: { wanted: string; archived?: boolean }) {
  const found = useThreadSearch(wanted, archived);
  const rows = rowsOf(found.data);
  if (!rows) return found.error ? <ErrorNotice error={found.error} retry={() => found.refetch()} /> : <Loading what="Searching" />;
  const [some, none] = archived ? ['Archived', 'Nothing found in the archive'] : ['Search results', 'Nothing found'];
  return (
    <section aria-label={some}>
      <h2>
        <output>{rows.length === 0 ? none : some}</output>
      </h2>
      {rows.length === 0 && !archived && <p className="nothing">No title and no message contains “{wanted}”.</p>}
      <ul className="thread-rows">
        {rows.map((thread) => (
          <ThreadRow key={thread.id} thread={thread} found={{ wanted, snippet: thread.snippet }} />
        ))}
      </ul>
      <InfiniteEnd query={found}>More results</InfiniteEnd>
    </section>
  );
}
