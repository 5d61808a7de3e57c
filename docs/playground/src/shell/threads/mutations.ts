import { useMutation } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import type { Project, Thread } from '../../../../../client/index.ts';
import { arkloopKeys } from '../../../../../client/react/index.ts';
import { messageOf } from '../../components/states.tsx';
import { client, queries } from '../../session.ts';
import { showToast } from '../../ui/toasts.tsx';
import { changesOf, patchThread, starredKey } from './list.ts';
import { changed } from './sync.ts';

/** Concurrent requests of an action on several threads. */
const concurrency = 4;

/** The new title is shown at once; after an error the old one is restored. */
export const useRename = (thread: Thread) =>
  useMutation({
    mutationFn: (title: string | null) => client.threads.update({ params: { thread_id: thread.id }, body: { title } }),
    onMutate: (title) => patchThread(thread.id, { title }),
    onSuccess: () => changed('threads'),
    onError: (error) => {
      patchThread(thread.id, { title: thread.title });
      showToast(`The chat was not renamed. ${messageOf(error)}`);
    },
  });

export async function setStarred({ id }: Thread, isStarred: boolean) {
  const before = queries.getQueryData<string[]>(starredKey);
  queries.setQueryData<string[]>(starredKey, (ids = []) => (isStarred ? [id, ...ids] : ids.filter((each) => each !== id)));
  try {
    await (isStarred ? client.threads.star({ params: { thread_id: id } }) : client.threads.unstar({ params: { thread_id: id } }));
    await changed('starred');
  } catch (error) {
    queries.setQueryData(starredKey, before);
    showToast(messageOf(error));
  }
}

/** Copies a whole thread and opens the copy. */
export async function forkThread({ id: thread_id }: Thread) {
  try {
    const newest = await client.messages.list({ params: { thread_id }, query: { limit: 1 } });
    const last = newest.at(-1);
    if (!last) return showToast('This chat has no messages to copy yet.');
    const copy = await client.threads.fork({ params: { thread_id }, body: { message_id: last.id } });
    await changed('threads');
    navigate(`/chat/${copy.id}`);
    showToast('This is a copy. The original is unchanged.');
  } catch (error) {
    showToast(messageOf(error));
  }
}

/** Moves threads into a project, or out of their projects if it is null. Throws if a thread could not be moved. */
export async function moveThreads(threads: readonly Thread[], project: Pick<Project, 'id' | 'name'> | null) {
  const project_id = project?.id ?? null;
  const moving = threads.filter((thread) => thread.project_id !== project_id);
  try {
    await forEach(moving, async ({ id }) => {
      await client.threads.update({ params: { thread_id: id }, body: { project_id } });
      patchThread(id, { project_id });
    });
  } finally {
    await changed('threads');
  }
  showToast(`${countOf(moving)} moved ${project ? `to ${project.name}` : 'out of its project'}`);
}

/** Archives or unarchives threads, and offers to undo it. Shows what failed. */
export async function setArchived(threads: readonly Thread[], archived: boolean) {
  const done: Thread[] = [];
  const moving = threads.filter(({ archived_at }) => (archived_at !== null) !== archived);
  try {
    await forEach(moving, async ({ id }) => {
      const after = await client.threads.update({ params: { thread_id: id }, body: { archived } });
      done.push(after);
      patchThread(id, undefined);
      queries.setQueryData<Thread>(arkloopKeys.thread(id), (known) => known && { ...known, ...changesOf(after) });
    });
    const action = { label: 'Undo', onSelect: () => void setArchived(done, !archived) };
    showToast(`${countOf(moving)} ${archived ? 'archived' : 'unarchived'}`, { action });
  } catch (error) {
    showToast(messageOf(error), { tone: 'danger' });
  }
  await changed('threads').catch(() => undefined);
}

/** Deletes threads. Throws if a thread could not be deleted; `onProgress` gets the number of deleted ones. */
export async function deleteThreads(threads: readonly Thread[], onProgress?: (done: number) => void) {
  let done = 0;
  try {
    await forEach(threads, async ({ id }) => {
      await client.threads.delete({ params: { thread_id: id } });
      if (location.pathname === `/chat/${id}`) navigate('/');
      patchThread(id, undefined);
      onProgress?.(++done);
    });
  } finally {
    await Promise.all([changed('threads'), changed('starred')]);
  }
  showToast(`${countOf(threads)} deleted`);
}

export const countOf = (threads: readonly Thread[]) => (threads.length === 1 ? '1 chat' : `${threads.length} chats`);

/** A new, empty thread in a project. */
export async function startChatIn({ id: project_id }: Pick<Project, 'id'>) {
  try {
    const { id } = await client.threads.create({ body: { project_id } });
    await changed('threads');
    navigate(`/chat/${id}`);
  } catch (error) {
    showToast(messageOf(error));
  }
}

/** Continues with the other items after an error, and then throws the first one. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>) {
  const waiting = [...items];
  const errors: unknown[] = [];
  const take = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      await work(item).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: concurrency }, take));
  if (errors.length > 0) throw errors[0];
}
