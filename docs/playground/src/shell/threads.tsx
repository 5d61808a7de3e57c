import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import type { Thread } from '../../../../client/index.ts';
import { arkloopKeys, useThreads } from '../../../../client/react/index.ts';
import { IconButton } from '../parts/buttons.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Form, TextField, textOf } from '../parts/fields.tsx';
import { Icon } from '../parts/icons.tsx';
import { Menu } from '../parts/menu.tsx';
import { More, rowsOf, usePages } from '../parts/paging.tsx';
import { ErrorNotice, Loading } from '../parts/states.tsx';
import { say } from '../parts/toasts.tsx';
import { client } from '../session.ts';

/** What a thread without a title is called. */
export const titleOf = ({ title }: Pick<Thread, 'title'>) => title ?? 'Untitled';

/** Your threads, by when something last happened in them. */
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

/** The threads whose title or messages hold what is wanted. */
export function FoundThreads({ wanted }: { wanted: string }) {
  const found = usePages([...arkloopKeys.threads(), 'search', wanted], (before) => client.threads.search({ query: { q: wanted, before } }));
  const rows = rowsOf(found.data);
  if (!rows) return found.error ? <ErrorNotice error={found.error} /> : <Loading what="Searching" />;
  return (
    <section aria-label="Found">
      <h2 role="status">{rows.length === 0 ? 'Nothing found' : 'Found'}</h2>
      {rows.map((thread) => (
        <Row key={thread.id} thread={thread} />
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
    ['The last seven days', today - 6 * day],
    ['Earlier', Number.NEGATIVE_INFINITY],
  ] as const;
  const nameOf = ({ updated_at }: Thread) => groups.find(([, from]) => Date.parse(updated_at) >= from)![0];
  return groups.map(([name]) => [name, threads.filter((thread) => nameOf(thread) === name)] as const).filter(([, rows]) => rows.length > 0);
}

function Row({ thread }: { thread: Thread }) {
  const [isHere] = useRoute(`/chat/${thread.id}`);
  const [asks, setAsks] = useState<'name' | 'delete'>();
  const close = () => setAsks(undefined);
  return (
    <div className="nav-row">
      <Link href={`/chat/${thread.id}`} aria-current={isHere ? 'page' : undefined}>
        {titleOf(thread)}
      </Link>
      {thread.active_run_id && <span className="pulse" role="img" aria-label="An answer is being written" />}
      <Menu
        label={titleOf(thread)}
        button={(attributes) => <IconButton {...attributes} small label={`More about ${titleOf(thread)}`} icon="more" />}
      >
        <button type="button" role="menuitem" onClick={() => setAsks('name')}>
          <Icon name="edit" />
          Rename
        </button>
        <button type="button" role="menuitem" className="danger" onClick={() => setAsks('delete')}>
          <Icon name="remove" />
          Delete
        </button>
      </Menu>
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
        {() => <TextField label="Title" name="title" defaultValue={thread.title ?? ''} maxLength={200} autoFocus />}
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
      say('Deleted');
      // What is known of the thread itself is not asked for again: there is no answer any more.
      await queries.invalidateQueries({ queryKey: arkloopKeys.threads(), predicate: ({ queryKey }) => !queryKey.includes(thread.id) });
    },
  });
  return (
    <Confirm title="Delete the chat?" confirm="Delete" onConfirm={() => remove.mutateAsync()} onClose={onClose}>
      <p>“{titleOf(thread)}” and all its messages will be gone. An answer that is being written stops.</p>
    </Confirm>
  );
}
