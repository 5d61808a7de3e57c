import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';
import type { Page } from '../call.ts';
import type { Message, RunEvent, Thread } from '../generated/types.ts';
import type { Client } from '../index.ts';

/** Which threads to list. */
export type ThreadFilter = { projectId?: string | undefined };

/** One page as the cache keeps it: the cursor of an array would be lost there. */
export type CachedPage<Row> = { readonly rows: Row[]; readonly nextCursor: string | undefined };

/** The keys of the cache, from the widest to the narrowest. */
export const arkloopKeys = {
  all: ['arkloop'] as const,
  threads: () => [...arkloopKeys.all, 'threads'] as const,
  threadList: (filter: ThreadFilter = {}) => [...arkloopKeys.threads(), 'list', filter] as const,
  thread: (threadId: string) => [...arkloopKeys.threads(), 'one', threadId] as const,
  messages: () => [...arkloopKeys.all, 'messages'] as const,
  messagesOf: (threadId: string) => [...arkloopKeys.messages(), threadId] as const,
};

const cached = <Row>(page: Page<Row>): CachedPage<Row> => ({ rows: [...page], nextCursor: page.nextCursor });
const rowsOf = <Row>({ pages }: InfiniteData<CachedPage<Row>>): Row[] => pages.flatMap(({ rows }) => rows);
/** Pages of a transcript go back in time, and each goes forward. */
const transcriptOf = ({ pages }: InfiniteData<CachedPage<Message>>): Message[] => [...pages].reverse().flatMap(({ rows }) => rows);

/** Options of a query for one thread. */
export const threadQuery = (client: Client, threadId: string) =>
  queryOptions({
    queryKey: arkloopKeys.thread(threadId),
    queryFn: ({ signal }) => client.threads.get({ params: { thread_id: threadId } }, { signal }),
  });

/** Options of a query for your threads, last active first. */
export const threadsQuery = (client: Client, filter: ThreadFilter = {}) =>
  infiniteQueryOptions({
    queryKey: arkloopKeys.threadList(filter),
    queryFn: async ({ pageParam: before, signal }): Promise<CachedPage<Thread>> =>
      cached(await client.threads.list({ query: { before, project_id: filter.projectId } }, { signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }: CachedPage<Thread>) => nextCursor,
    select: rowsOf<Thread>,
  });

/** Options of a query for the messages of a thread, oldest first; the next page holds older ones. */
export const messagesQuery = (client: Client, threadId: string) =>
  infiniteQueryOptions({
    queryKey: arkloopKeys.messagesOf(threadId),
    queryFn: async ({ pageParam: before, signal }): Promise<CachedPage<Message>> =>
      cached(await client.messages.list({ params: { thread_id: threadId }, query: { before } }, { signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }: CachedPage<Message>) => nextCursor,
    select: transcriptOf,
  });

/** Puts a message that was just added at the end of what is cached. */
export function addToCache(queries: QueryClient, message: Message) {
  const key = arkloopKeys.messagesOf(message.thread_id);
  queries.setQueryData<InfiniteData<CachedPage<Message>>>(key, (data) => {
    const newest = data?.pages[0];
    if (!data || !newest || newest.rows.some(({ id }) => id === message.id)) return data;
    return { ...data, pages: [{ ...newest, rows: [...newest.rows, message] }, ...data.pages.slice(1)] };
  });
}

/** Brings the cache up to date with what a run did: titles at once; messages and threads anew when it has ended. */
export function keepUpWith(queries: QueryClient, event: RunEvent) {
  switch (event.type) {
    case 'thread.title.updated': {
      const { thread_id, title } = event.data;
      queries.setQueryData<Thread>(arkloopKeys.thread(thread_id), (thread) => thread && { ...thread, title });
      return void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
    }
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      void queries.invalidateQueries({ queryKey: arkloopKeys.messages() });
      void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
  }
}
