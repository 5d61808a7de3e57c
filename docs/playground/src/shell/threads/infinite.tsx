import { useEffect, useRef } from 'react';
import { More, type NextPage } from '../../components/paging.tsx';

/** Loads the next page before the end of the list is reached. The button remains for keyboards. */
export function InfiniteEnd({ query, children }: { query: NextPage; children: string }) {
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
  return (
    <div ref={end}>
      <More query={query}>{children}</More>
    </div>
  );
}
