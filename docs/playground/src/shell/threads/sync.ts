import type { InfiniteData, QueryKey } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Project, Thread } from '../../../../../client/index.ts';
import { arkloopKeys } from '../../../../../client/react/index.ts';
import { queries } from '../../session.ts';
import { type Changes, changesOf, listKey, pageSize, projectsKey, starredKey, syncThreads, useThreadList } from './list.ts';

/**
 * Other tabs of this browser learn of changes through a `BroadcastChannel`. For other devices the API has no stream of a user's threads, so a
 * visible page polls the first page of the list: 40 requests a minute, of the 300 that the gateway allows a caller by default.
 */
const pollMs = 1_500;

/** While the page is visible but has neither been used nor seen a change for `idleAfterMs`. */
const idlePollMs = 15_000;
const idleAfterMs = 300_000;

/** Every tenth poll also fetches the other loaded rows, stars and projects. */
const pollsPerWholeSync = 10;
const maxBackoffMs = 60_000;

type Announcement = 'threads' | 'starred' | 'projects';

// Safari before 15.4 has none.
const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('arkloop-sidebar');

/** Tells the other tabs that this one has changed something. */
const announce = (what: Announcement) => channel?.postMessage(what);

/** Call after a change of threads, stars or projects by this page: refetches them here, and announces the change to other tabs. */
export async function changed(what: Announcement): Promise<void> {
  announce(what);
  await refresh(what);
}

const keys: Record<Exclude<Announcement, 'threads'>, QueryKey> = { starred: starredKey, projects: projectsKey };

async function refresh(what: Announcement) {
  if (what !== 'threads') return queries.invalidateQueries({ queryKey: keys[what] });
  apply(await syncThreads({ whole: true }));
  // A first fetch that began before the change would count as current.
  await queries.cancelQueries({ predicate: isOtherList });
  await queries.invalidateQueries({ predicate: isOtherList });
}

/** The threads of folders and search results. */
const isOtherList = ({ queryKey }: { queryKey: QueryKey }) =>
  isUnder(queryKey, arkloopKeys.threads()) && ['list', 'search'].includes(String(queryKey[2])) && !isList(queryKey);

const isUnder = (key: QueryKey, prefix: QueryKey) => prefix.every((part, at) => key[at] === part);
const isList = (key: QueryKey) => JSON.stringify(key) === JSON.stringify(listKey);

/** Refetches what depends on the changed threads, if it is shown. */
function apply(changes: Changes | undefined) {
  if (!changes) return;
  const { changed: rows, gone } = changes;
  for (const row of rows) {
    queries.setQueryData<Thread>(arkloopKeys.thread(row.id), (known) => known && { ...known, ...changesOf(row) });
    void queries.invalidateQueries({ queryKey: arkloopKeys.messagesOf(row.id) });
    void queries.invalidateQueries({ queryKey: [...arkloopKeys.threads(), 'runs', row.id] });
  }
  const projects = queries.getQueryData<InfiniteData<Project[]>>(projectsKey)?.pages.flat();
  const isKnown = (id: string | null) => id === null || projects?.some((project) => project.id === id) !== false;
  if (rows.some((row) => !isKnown(row.project_id))) void queries.invalidateQueries({ queryKey: projectsKey });
  // An open thread that was deleted: its page shows that it does not exist.
  for (const id of gone) void queries.invalidateQueries({ queryKey: arkloopKeys.thread(id) });
  void queries.invalidateQueries({ predicate: isOtherList });
}

/** Keeps the threads current while the page is visible. Use it once. */
export function useThreadSync() {
  const isLoaded = useThreadList().isSuccess;
  useEffect(() => {
    if (!isLoaded) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isStopped = false;
    let polls = 0;
    let failures = 0;
    let lastActive = Date.now();
    const schedule = () => {
      clearTimeout(timer);
      if (isStopped || document.visibilityState === 'hidden') return;
      const usual = Date.now() - lastActive > idleAfterMs ? idlePollMs : pollMs;
      timer = setTimeout(() => void poll(), Math.min(usual * 2 ** failures, maxBackoffMs));
    };
    const poll = async (whole = ++polls % pollsPerWholeSync === 0) => {
      try {
        const changes = await syncThreads({ whole });
        if (isStopped) return;
        if (changes) lastActive = Date.now();
        apply(changes);
        if (whole) await Promise.all([refresh('starred'), refresh('projects')]);
        failures = 0;
      } catch {
        // Also after 429: the pauses double. Requests that the user causes show errors.
        failures++;
      }
      schedule();
    };
    const show = () => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') void poll(true);
    };
    const use = () => {
      const wasIdle = Date.now() - lastActive > idleAfterMs;
      lastActive = Date.now();
      if (wasIdle) schedule();
    };
    const hear = ({ data }: MessageEvent<Announcement>) => {
      // A hidden page catches up when it is shown.
      if (document.visibilityState === 'visible') void refresh(data).catch(() => undefined);
    };
    document.addEventListener('visibilitychange', show);
    for (const type of ['pointerdown', 'keydown', 'scroll']) document.addEventListener(type, use, { capture: true, passive: true });
    channel?.addEventListener('message', hear);
    schedule();
    return () => {
      isStopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', show);
      for (const type of ['pointerdown', 'keydown', 'scroll']) document.removeEventListener(type, use, { capture: true });
      channel?.removeEventListener('message', hear);
    };
  }, [isLoaded]);
  useAnnouncements();
}

/** Announces changes of the first page that other parts of this page cause, such as a new chat or the title of its first answer. */
function useAnnouncements() {
  const rows = useThreadList().data;
  const first = rows
    ?.slice(0, pageSize)
    .map(({ id, updated_at, title }) => `${id} ${updated_at} ${title}`)
    .join('\n');
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (last.current !== undefined && first !== undefined && last.current !== first) announce('threads');
    last.current = first ?? last.current;
  }, [first]);
}
