import { type InfiniteData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { CreatedRun, Message, ThreadRun } from '../../../../client/index.ts';
import { arkloopKeys, type CachedPage, useMessages, useThread } from '../../../../client/react/index.ts';
import { client } from '../session.ts';
import { runOf, type RunOptions } from './composer/choice.ts';
import type { Queued } from './composer/outbox.tsx';
import { noteOptions, useChoice } from './composer/useChoice.ts';
import { withText } from './message/content.ts';

/** The newest 200 runs of a thread. */
const runsQuery = (threadId: string) => ({
  queryKey: [...arkloopKeys.threads(), 'runs', threadId],
  queryFn: async () => [...(await client.runs.listInThread({ params: { thread_id: threadId }, query: { limit: 200 } }))],
});

/** The messages and the newest run of a thread, and the mutations on them. */
export function useConversation(threadId: string) {
  const queries = useQueryClient();
  const [started, setStarted] = useState<string>();
  const thread = useThread(threadId);
  const messages = useMessages(threadId);
  const runs = useQuery(runsQuery(threadId));
  const runId = newest(runs.data, started);
  const { choice, choose, confirm } = useChoice(threadId, {
    id: runId,
    isKnown: runs.isSuccess,
    read: async () => newest(await queries.fetchQuery(runsQuery(threadId)), started),
  });

  /** Changes the newest cached messages as the server has changed them. A request that began before would undo it. */
  const change = async (changed: (rows: Message[]) => Message[]) => {
    await queries.cancelQueries({ queryKey: arkloopKeys.messagesOf(threadId) });
    queries.setQueryData<InfiniteData<CachedPage<Message>>>(arkloopKeys.messagesOf(threadId), (data) => {
      const [newestPage, ...older] = data?.pages ?? [];
      return data && newestPage && { ...data, pages: [{ ...newestPage, rows: changed(newestPage.rows) }, ...older] };
    });
  };
  /** Starts a run with what is chosen, and `more` options. */
  const startWith = async (send: (run: RunOptions) => Promise<CreatedRun>, more: RunOptions = {}) => {
    const options = { ...runOf(await confirm()), ...more };
    const { run_id } = await send(options);
    noteOptions(run_id, options);
    return run_id;
  };
  const refetch = () => {
    void queries.invalidateQueries({ queryKey: arkloopKeys.messagesOf(threadId) });
    void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
  };
  const follow = (created: string) => {
    setStarted(created);
    refetch();
  };

  /** Adding a message and starting a run are separate mutations: the message stays if the run cannot start. */
  const add = useMutation({
    mutationFn: ({ id, message }: Queued) =>
      client.messages.create({ params: { thread_id: threadId }, body: message }, { idempotencyKey: id }),
    onSuccess: (message) => change((rows) => [...rows.filter(({ id }) => id !== message.id), message]),
  });
  const start = useMutation({
    mutationFn: () => startWith((body) => client.runs.create({ params: { thread_id: threadId }, body })),
    onSuccess: follow,
    // The error may be caused by a run that this page does not know.
    onError: refetch,
  });
  const retry = useMutation({
    mutationFn: (route_id: string | undefined) =>
      startWith((body) => client.runs.retry({ params: { thread_id: threadId }, body }), route_id === undefined ? {} : { route_id }),
    onSuccess: async (created) => {
      await change((rows) => rows.slice(0, rows.findLastIndex(({ role }) => role === 'user') + 1));
      follow(created);
    },
  });
  const goOn = useMutation({
    mutationFn: (run_id: string) => client.runs.continue({ params: { thread_id: threadId }, body: { run_id } }),
    onSuccess: ({ run_id }) => follow(run_id),
  });
  const edit = useMutation({
    mutationFn: ({ message, text }: { message: Message; text: string }) =>
      startWith((options) =>
        client.runs.editMessage({
          params: { thread_id: threadId, message_id: message.id },
          body: { ...withText(message, text), ...options },
        }),
      ),
    onSuccess: async (created, { message, text }) => {
      await change((rows) => {
        const at = rows.findIndex(({ id }) => id === message.id);
        return at < 0 ? rows : [...rows.slice(0, at), { ...message, ...withText(message, text) }];
      });
      follow(created);
    },
  });

  const usage = useQuery({
    queryKey: [...arkloopKeys.threads(), 'usage', threadId],
    queryFn: async () => [...(await client.runs.list({ query: { thread_id: threadId, limit: 200 } }))],
    enabled: (runs.data?.length ?? 0) > 0,
  });
  const isLive = runId !== undefined && (runId === started || runs.data?.find(({ run_id }) => run_id === runId)?.status !== 'completed');
  return { thread, messages, runs, usage, runId, isLive, choice, choose, add, start, retry, goOn, edit };
}

/** Id of the newest run. A run that was just started counts as the newest until the list contains it. */
function newest(listed: readonly ThreadRun[] | undefined, started: string | undefined) {
  const isListed = started === undefined || listed?.some(({ run_id }) => run_id === started);
  return isListed ? listed?.[0]?.run_id : started;
}
