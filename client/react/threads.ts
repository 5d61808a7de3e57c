import { skipToken, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useArkloop } from './provider.ts';
import { messagesQuery, type ThreadFilter, threadQuery, threadsQuery } from './queries.ts';

export type ThreadOptions = {
  /** Also fetches the thread at this interval in milliseconds while the page is visible. */
  pollMs?: number | undefined;
};

/** The user's threads, most recently active first. `fetchNextPage` loads older ones. */
export const useThreads = (filter: ThreadFilter = {}) => useInfiniteQuery(threadsQuery(useArkloop(), filter));

/** One thread. Sends no request while `threadId` is undefined. */
export function useThread(threadId: string | undefined, { pollMs }: ThreadOptions = {}) {
  const { queryFn, ...options } = threadQuery(useArkloop(), threadId ?? '');
  return useQuery({ ...options, queryFn: threadId === undefined ? skipToken : queryFn!, refetchInterval: pollMs ?? false });
}

/** The messages of a thread, oldest first. `fetchNextPage` loads older ones. Sends no request while `threadId` is undefined. */
export const useMessages = (threadId: string | undefined) =>
  useInfiniteQuery({ ...messagesQuery(useArkloop(), threadId ?? ''), enabled: threadId !== undefined });
