import { useQueries } from '@tanstack/react-query';
import { type FocusEvent, type ReactNode, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Thread } from '../../../../client/index.ts';
import { threadQuery } from '../../../../client/react/index.ts';
import { ErrorNotice, Loading } from '../components/states.tsx';
import { useTimeZone } from '../components/timeZone.ts';
import { useMe } from '../me.ts';
import { client } from '../session.ts';
import { Button } from '../ui/buttons.tsx';
import { useDropTarget } from './threads/drag.ts';
import { Archive, Folders } from './threads/folders.tsx';
import { groupByDay } from './threads/groups.ts';
import { InfiniteEnd } from './threads/infinite.tsx';
import { useProjects, useStarred, useThreadList } from './threads/list.ts';
import { ThreadRow } from './threads/row.tsx';

export { titleOf } from './threads/list.ts';

/** Starred threads, projects, and the other threads by day of their last activity. */
export function Threads() {
  const threads = useThreadList();
  const { data, error, refetch } = threads;
  const stars = useStarred();
  const starred = stars.data;
  const projects = useProjects();
  const me = useMe();
  const zone = useTimeZone();
  const others = useMemo(() => data?.filter(({ id, project_id }) => project_id === null && !starred?.includes(id)) ?? [], [data, starred]);
  const keepsFocus = useKeptFocus();
  // The groups above the chats would move these.
  const isComplete = !stars.isPending && (projects.rows !== undefined || projects.isError || me.isError);
  if (!data || !isComplete) return error ? <ErrorNotice error={error} retry={() => refetch()} /> : <Loading />;
  return (
    <div {...keepsFocus}>
      {starred && starred.length > 0 && <Starred ids={starred} loaded={data} />}
      <Folders loaded={data} />
      <Archive />
      <Ungrouped>
        {groupByDay(others, zone).map(({ name, rows }) => (
          <Group key={name} name={name} rows={rows} />
        ))}
        {data.length === 0 && <p className="nothing">Your chats will be listed here, newest first.</p>}
        <InfiniteEnd query={threads}>Older chats</InfiniteEnd>
      </Ungrouped>
    </div>
  );
}

/** A thread that moves to another group gets another element. If it had the focus, the new element gets it. */
function useKeptFocus() {
  const focused = useRef<string>(undefined);
  useLayoutEffect(() => {
    if (focused.current === undefined || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>(`.sidebar a[href="${focused.current}"]`)?.focus();
  });
  return {
    onFocus: ({ target }: FocusEvent) => void (focused.current = target.getAttribute('href') ?? undefined),
    // Not called for an element that is removed.
    onBlur: () => void (focused.current = undefined),
  };
}

/** Dropping a thread here takes it out of its project. */
function Ungrouped({ children }: { children: ReactNode }) {
  return (
    <div className="ungrouped" {...useDropTarget(null)}>
      {children}
    </div>
  );
}

function Group({ name, rows, children }: { name: string; rows: readonly Thread[]; children?: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{name}</h2>
      <ul className="thread-rows">
        {rows.map((thread) => (
          <ThreadRow key={thread.id} thread={thread} />
        ))}
      </ul>
      {children}
    </section>
  );
}

/** Starred threads beyond the loaded pages are fetched one by one, so at first there are only this many. */
const maxStarred = 10;

function Starred({ ids, loaded }: { ids: readonly string[]; loaded: readonly Thread[] }) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? ids : ids.slice(0, maxStarred);
  const known = new Map(loaded.map((thread) => [thread.id, thread]));
  const fetched = useQueries({
    queries: shown.filter((id) => !known.has(id)).map((id) => ({ ...threadQuery(client, id), staleTime: 60_000 })),
  });
  for (const { data } of fetched) if (data) known.set(data.id, data);
  const starred = shown.map((id) => known.get(id)).filter((thread) => thread !== undefined);
  // An archived thread keeps its star, but is only in the archive.
  const rows = starred.filter(({ archived_at }) => archived_at === null);
  if (rows.length === 0 && shown.length === ids.length) return null;
  return (
    <Group name="Starred" rows={rows}>
      {shown.length < ids.length && (
        <div className="more">
          <Button kind="ghost" small onClick={() => setShowsAll(true)}>
            {ids.length - shown.length} more
          </Button>
        </div>
      )}
    </Group>
  );
}
