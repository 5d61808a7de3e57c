import { skipToken, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Message, NewMessage, NewRun } from '../generated/types.ts';
import { useArkloop } from './provider.ts';
import { appendCachedMessage, arkloopKeys, messagesQuery, type ThreadFilter, threadQuery, threadsQuery } from './queries.ts';

/** The message, and options of the run that answers it. */
export type Sending = NewMessage & { run?: NewRun | undefined };

/** Follow the run with `useRun(runId)`. */
export type Sent = { threadId: string; runId: string; message: Message };

/** The user's threads, most recently active first. `fetchNextPage` loads older ones. */
export const useThreads = (filter: ThreadFilter = {}) => useInfiniteQuery(threadsQuery(useArkloop(), filter));

/** One thread. Sends no request while `threadId` is undefined. */
export function useThread(threadId: string | undefined) {
  const { queryFn, ...options } = threadQuery(useArkloop(), threadId ?? '');
  return useQuery({ ...options, queryFn: threadId === undefined ? skipToken : queryFn! });
}

/** The messages of a thread, oldest first. `fetchNextPage` loads older ones. Sends no request while `threadId` is undefined. */
export const useMessages = (threadId: string | undefined) =>
  useInfiniteQuery({ ...messagesQuery(useArkloop(), threadId ?? ''), enabled: threadId !== undefined });

/** A mutation that adds a message and starts a run. Without a `threadId` it creates a thread. */
export function useSend(threadId?: string) {
  const client = useArkloop();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ run, ...body }: Sending): Promise<Sent> => {
      const thread_id = threadId ?? (await client.threads.create()).id;
      const message = await client.messages.create({ params: { thread_id }, body });
      appendCachedMessage(queries, message);
      const { run_id } = await client.runs.create({ params: { thread_id }, body: run });
      return { threadId: thread_id, runId: run_id, message };
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: arkloopKeys.threads() }),
  });
}
