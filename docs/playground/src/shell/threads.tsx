import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import type { Thread } from '../../../../client/index.ts';
import { arkloopKeys, useThreads } from '../../../../client/react/index.ts';
import { More, rowsOf, usePages } from '../components/paging.tsx';
import { ErrorNotice, Loading } from '../components/states.tsx';
import { client } from '../session.ts';
import { Confirm, Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/fields.tsx';
import { Form, textOf } from '../ui/form.tsx';
import { MenuItem, RowMenu } from '../ui/menu.tsx';
import { showToast } from '../ui/toasts.tsx';

export const titleOf = ({ title }: Pick<Thread, 'title'>) => title ?? 'Untitled';

/** The user's threads, grouped by last activity. */
export function Threads() {
  const threads = useThreads();
  const { data, error, refetch } = threads;
  if (!data) return error ? <ErrorNotice error={error} retry={() => void refetch()} /> : <Loading />;
  if (data.length === 0) return <p className="nothing">Your chats will be listed here.</p>;
  return (
    <>
      {grouped(data).map(([name, rows]) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          {rows.map((thread) => (
            <Row key={thread.id} thread={thread} />
          ))}
        </section>
      ))}
      <More query={threads}>Older chats</More>
    </>
  );
}

/** Threads whose title or messages contain the search text. */
export function FoundThreads({ wanted }: { wanted: string }) {
  const found = usePages([...arkloopKeys.threads(), 'search', wanted], (before) => client.threads.search({ query: { q: wanted, before } }));
  const rows = rowsOf(found.data);
  if (!rows) return found.error ? <ErrorNotice error={found.error} /> : <Loading what="Searching" />;
  return (
    <section aria-label="Search results">
      <h2>
        <output>{rows.length === 0 ? 'Nothing found' : 'Search results'}</output>
      </h2>
      {rows.map((thread) => (
        <Row key={thread.id} thread={thread} snippet={thread.snippet} />
      ))}
      <More query={found} />
    </section>
  );
}

const day = 86_400_000;

function grouped(threads: readonly Thread[]) {
  const today = new Date().setHours(0, 0, 0, 0);
  const groups = [
    ['Today', today],
    ['Yesterday', today - day],
    ['Last 7 days', today - 6 * day],
    ['Earlier', Number.NEGATIVE_INFINITY],
  ] as const;
  const nameOf = ({ updated_at }: Thread) => groups.find(([, from]) => Date.parse(updated_at) >= from)![0];
  return groups.map(([name]) => [name, threads.filter((thread) => nameOf(thread) === name)] as const).filter(([, rows]) => rows.length > 0);
}

function Row({ thread, snippet }: { thread: Thread; snippet?: string | null }) {
  const [isHere] = useRoute(`/chat/${thread.id}`);
  const [asks, setAsks] = useState<'name' | 'delete'>();
  const close = () => setAsks(undefined);
  return (
    <div className="nav-row">
      <Link href={`/chat/${thread.id}`} aria-current={isHere ? 'page' : undefined}>
        {titleOf(thread)}
        {snippet && <small className="snippet">{snippet}</small>}
      </Link>
      {/* oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- drawn in CSS */}
      {thread.active_run_id && <span className="pulse" role="img" aria-label="An answer is being written" />}
      <RowMenu of={titleOf(thread)}>
        <MenuItem icon="edit" onSelect={() => setAsks('name')}>
          Rename
        </MenuItem>
        <MenuItem icon="remove" danger onSelect={() => setAsks('delete')}>
          Delete
        </MenuItem>
      </RowMenu>
      {asks === 'name' && <Rename thread={thread} onClose={close} />}
      {asks === 'delete' && <Delete thread={thread} isHere={isHere} onClose={close} />}
    </div>
  );
}

type AboutThread = { thread: Thread; onClose: () => void };

function Rename({ thread, onClose }: AboutThread) {
  const queries = useQueryClient();
  return (
    <Dialog title="Rename the chat" onClose={onClose}>
      <Form
        submit="Rename"
        onCancel={onClose}
        onSubmit={async (values) => {
          await client.threads.update({ params: { thread_id: thread.id }, body: { title: textOf(values, 'title') || null } });
          await queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
          onClose();
        }}
      >
        <TextField label="Title" name="title" defaultValue={thread.title ?? ''} maxLength={200} autoFocus />
      </Form>
    </Dialog>
  );
}

function Delete({ thread, isHere, onClose }: AboutThread & { isHere: boolean }) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => client.threads.delete({ params: { thread_id: thread.id } }),
    onSuccess: async () => {
      if (isHere) navigate('/');
      showToast('Deleted');
      // Do not refetch queries of the deleted thread: they would return 404.
      await queries.invalidateQueries({ queryKey: arkloopKeys.threads(), predicate: ({ queryKey }) => !queryKey.includes(thread.id) });
    },
  });
  return (
    <Confirm title="Delete the chat?" confirm="Delete" onConfirm={() => remove.mutateAsync()} onClose={onClose}>
      <p>“{titleOf(thread)}” and all its messages will be deleted. A running answer is stopped.</p>
    </Confirm>
  );
}
