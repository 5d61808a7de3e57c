import { useEffect, useRef } from 'react';
import { More } from '../../components/paging.tsx';
import { ErrorNotice } from '../../components/states.tsx';

type Query = {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: unknown;
  fetchNextPage: () => Promise<unknown>;
};

/** Loads the next page before the end of the list is reached. The button remains for keyboards. */
export function InfiniteEnd({ query, children }: { query: Query; children: string }) {
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const mayLoad = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (!mayLoad || !end.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchNextPage(), {
      root: end.current.closest('nav'),
      rootMargin: '0px 0px 400px 0px',
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [mayLoad, fetchNextPage]);
  if (isFetchNextPageError) return <ErrorNotice error={query.error} retry={() => void fetchNextPage()} />;
  return (
    <div ref={end}>
      <More query={query}>{children}</More>
    </div>
  );
}
