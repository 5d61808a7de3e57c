import { type InfiniteData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Project, Thread } from '../../../../../client/index.ts';
import { arkloopKeys, type CachedPage, threadsQuery } from '../../../../../client/react/index.ts';
import { rowsOf, usePages } from '../../components/paging.tsx';
import { useMe } from '../../me.ts';
import { client, queries } from '../../session.ts';

/** Rows per page of the list. */
export const pageSize = 30;

/** The most rows that the API returns at once. */
const maxPageSize = 200;

export const listKey = arkloopKeys.threadList();
export const starredKey = ['starred-threads'];
export const projectsKey = ['projects'];

type Pages = InfiniteData<CachedPage<Thread>, string | undefined>;

/** The user's threads that are not archived, most recently active first. `useThreadSync` keeps them current, so neither focus nor age refetches them. */
export const useThreadList = () =>
  useInfiniteQuery({
    ...threadsQuery(client),
    queryFn: async ({ pageParam: before, signal }): Promise<CachedPage<Thread>> => {
      const page = await client.threads.list({ query: { before, limit: pageSize } }, { signal });
      return { rows: [...page], nextCursor: page.nextCursor };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Ids of the starred threads, most recently starred first. */
export const useStarred = () => useQuery({ queryKey: starredKey, queryFn: () => client.threads.starred() });

/** The projects that the user owns or that are shared with them. The private projects of others, which administrators see, are left out. */
export function useProjects() {
  const me = useMe().data;
  const projects = usePages(projectsKey, (page) => client.projects.list({ query: { ...page, limit: maxPageSize } }));
  const isShown = ({ owner_user_id, visibility }: Project) => visibility === 'shared' || owner_user_id === me?.id;
  return { ...projects, rows: me && rowsOf(projects.data)?.filter(isShown) };
}

export const titleOf = ({ title }: Pick<Thread, 'title'>) => title ?? 'Untitled';

const isSame = (a: Thread | undefined, b: Thread | undefined) =>
  a !== undefined &&
  b !== undefined &&
  a.id === b.id &&
  a.title === b.title &&
  a.updated_at === b.updated_at &&
  a.project_id === b.project_id &&
  a.active_run_id === b.active_run_id &&
  a.archived_at === b.archived_at;

/** The fields that change. */
export const changesOf = ({ title, updated_at, project_id, active_run_id, archived_at }: Thread) => ({
  title,
  updated_at,
  project_id,
  active_run_id,
  archived_at,
});

/** What a synchronization found. */
export type Changes = { changed: Thread[]; gone: string[] };

/**
 * Fetches the beginning of the list, with one request: the first page, or all loaded rows up to 200 if `whole`. Returns undefined if nothing
 * changed. Unlike a refetch of all pages, it costs one request however many pages are loaded.
 */
export async function syncThreads({ whole }: { whole: boolean }): Promise<Changes | undefined> {
  const before = queries.getQueryState<Pages>(listKey);
  const known = before?.data?.pages.flatMap(({ rows }) => rows);
  if (!known || before?.fetchStatus !== 'idle') return undefined;
  const limit = whole ? Math.min(Math.max(known.length, pageSize), maxPageSize) : pageSize;
  const fresh = await client.threads.list({ query: { limit } });
  const state = queries.getQueryState<Pages>(listKey);
  // A change or a fetch of this page overtook the request.
  if (state?.dataUpdateCount !== before.dataUpdateCount || state.fetchStatus !== 'idle') return undefined;

  const rest = fresh.nextCursor === undefined ? [] : olderThan(known, fresh);
  const rows = [...fresh, ...rest];
  const changed = rows.filter((row, at) => !isSame(row, known[at]));
  if (changed.length === 0 && rows.length === known.length) return undefined;
  const ids = new Set(rows.map(({ id }) => id));
  const nextCursor = rest.length > 0 ? before.data!.pages.at(-1)!.nextCursor : fresh.nextCursor;
  queries.setQueryData<Pages>(listKey, paged(rows, nextCursor));
  const knownOf = new Map(known.map((row) => [row.id, row]));
  return {
    changed: changed.filter((row) => !isSame(row, knownOf.get(row.id))),
    // A row that moved beyond the fetched ones is not gone, but only pages that were loaded can tell.
    gone: known.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
  };
}

/** The known rows that follow the fetched ones in the order of the list. */
function olderThan(known: readonly Thread[], fresh: readonly Thread[]): Thread[] {
  const last = fresh.at(-1);
  const ids = new Set(fresh.map(({ id }) => id));
  if (!last) return [];
  return known.filter(
    ({ id, updated_at }) => !ids.has(id) && (updated_at < last.updated_at || (updated_at === last.updated_at && id < last.id)),
  );
}

/** In pages of the usual size: a later refetch loads as many pages as there are. */
function paged(rows: Thread[], nextCursor: string | undefined): Pages {
  const count = Math.max(1, Math.ceil(rows.length / pageSize));
  const pages = Array.from({ length: count }, (_, at) => ({
    rows: rows.slice(at * pageSize, (at + 1) * pageSize),
    nextCursor: nextCursor ?? (at < count - 1 ? 'loaded' : undefined),
  }));
  return { pages, pageParams: pages.map((_, at) => (at === 0 ? undefined : nextCursor)) };
}

/** Changes a thread everywhere in the cache; `undefined` removes it from the lists. */
export function patchThread(threadId: string, change: Partial<Thread> | undefined) {
  const patch = (rows: Thread[]) =>
    change ? rows.map((row) => (row.id === threadId ? { ...row, ...change } : row)) : rows.filter(({ id }) => id !== threadId);
  queries.setQueriesData<Pages>(
    { queryKey: [...arkloopKeys.threads(), 'list'] },
    (data) => data && { ...data, pages: data.pages.map((page) => ({ ...page, rows: patch(page.rows) })) },
  );
  if (change) queries.setQueryData<Thread>(arkloopKeys.thread(threadId), (thread) => thread && { ...thread, ...change });
}
