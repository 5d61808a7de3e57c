import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';
import type { Page } from '../core/call.ts';
import type { Message, RunEvent, Thread } from '../generated/types.ts';
import type { Client } from '../index.ts';

/** Archived threads are listed only with `archived: true`, without the others. */
export type ThreadFilter = { projectId?: string | undefined; archived?: boolean | undefined };

/** One page in the cache. The cache does not preserve `nextCursor` on an array. */
export type CachedPage<Row> = { readonly rows: Row[]; readonly nextCursor: string | undefined };

/** Query keys. A key is a prefix of the more specific ones. */
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
/** Pages are newest first; the messages within a page are oldest first. */
const transcriptOf = ({ pages }: InfiniteData<CachedPage<Message>>): Message[] => [...pages].reverse().flatMap(({ rows }) => rows);

/** Query options for one thread. */
export const threadQuery = (client: Client, threadId: string) =>
  queryOptions({
    queryKey: arkloopKeys.thread(threadId),
    queryFn: ({ signal }) => client.threads.get({ params: { thread_id: threadId } }, { signal }),
  });

/** Query options for the user's threads, most recently active first. */
export const threadsQuery = (client: Client, filter: ThreadFilter = {}) =>
  infiniteQueryOptions({
    queryKey: arkloopKeys.threadList(filter),
    queryFn: async ({ pageParam: before, signal }): Promise<CachedPage<Thread>> =>
      cached(await client.threads.list({ query: { before, project_id: filter.projectId, archived: filter.archived } }, { signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }: CachedPage<Thread>) => nextCursor,
    select: rowsOf<Thread>,
  });

/** Query options for the messages of a thread, oldest first. The next page contains older messages. */
export const messagesQuery = (client: Client, threadId: string) =>
  infiniteQueryOptions({
    queryKey: arkloopKeys.messagesOf(threadId),
    queryFn: async ({ pageParam: before, signal }): Promise<CachedPage<Message>> =>
      cached(await client.messages.list({ params: { thread_id: threadId }, query: { before } }, { signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }: CachedPage<Message>) => nextCursor,
    select: transcriptOf,
  });

/** Appends a new message to the cached messages. In a new thread it is the first one. A response that is on its way may be older: it is requested again. */
export async function appendCachedMessage(queries: QueryClient, message: Message, isNewThread: boolean) {
  const queryKey = arkloopKeys.messagesOf(message.thread_id);
  const isFetching = queries.isFetching({ queryKey }) > 0;
  await queries.cancelQueries({ queryKey });
  queries.setQueryData<InfiniteData<CachedPage<Message>>>(queryKey, (data) => {
    const newest = data?.pages[0];
    if (!newest) return isNewThread ? { pages: [{ rows: [message], nextCursor: undefined }], pageParams: [undefined] } : undefined;
    if (newest.rows.some(({ id }) => id === message.id)) return data;
    return { ...data, pages: [{ ...newest, rows: [...newest.rows, message] }, ...data.pages.slice(1)] };
  });
  if (isFetching) void queries.invalidateQueries({ queryKey });
}

/** Sets the active run of the cached thread. A response that is on its way may be older, so its request is cancelled. */
export async function setCachedRun(queries: QueryClient, threadId: string, runId: string) {
  const queryKey = arkloopKeys.thread(threadId);
  await queries.cancelQueries({ queryKey });
  queries.setQueryData<Thread>(queryKey, (thread) => thread && { ...thread, active_run_id: runId });
}

/** Applies title changes directly; refetches threads and messages when a run has ended. */
export function applyRunEvent(queries: QueryClient, event: RunEvent) {
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
