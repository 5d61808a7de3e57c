import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { SendError, Sending, Sent } from '../conversation/send.ts';
import { newKey } from '../core/request.ts';
import type { Message, NewMessage, NewRun, Thread } from '../generated/types.ts';
import { useShared } from './provider.ts';
import { arkloopKeys, setCachedRun } from './queries.ts';
import { type UsedRun, useRun } from './run.ts';
import { useSendMessage } from './send.ts';
import { type ThreadOptions, useMessages, useThread } from './threads.ts';

/** `sending`: shown before the server has answered. `failed`: not stored, or stored without a run that answers it. */
export type ConversationMessage = Pick<Message, 'id' | 'role' | 'content' | 'content_json' | 'run_id' | 'completion' | 'created_at'> & {
  readonly state: 'stored' | 'sending' | 'failed';
};

export type Conversation = {
  /** Undefined until the first message of a new conversation is stored. */
  readonly threadId: string | undefined;
  readonly thread: Thread | undefined;
  /** Oldest first, including the message that is being sent. */
  readonly messages: readonly ConversationMessage[];
  /** The query of the stored messages: its state, its error, and `fetchNextPage` for older messages. */
  readonly history: ReturnType<typeof useMessages>;
  /** The last run: also one that another window started, or that was active when the page was loaded. Idle without a run. */
  readonly run: UsedRun;
  readonly runId: string | undefined;
  /** `run` while its answer is not one of `messages`. */
  readonly answer: UsedRun | undefined;
  readonly isSending: boolean;
  /** Why the last message was not sent, or not answered again. */
  readonly sendError: SendError | undefined;
  /** Shows the message at once, stores it and starts a run. Never rejects: resolves to undefined after an error, which is then `sendError`. */
  send(message: string | Sending): Promise<Sent | undefined>;
  /** Repeats what failed with `sendError`. A message is sent from the step on that failed; `run` replaces the options of its run. */
  retry(run?: NewRun): Promise<void>;
  /** Forgets `sendError`, and removes the failed message from `messages`. If it has been stored, it stays in the thread without an answer. */
  discard(): void;
  /** Answers the last message again. Never rejects. */
  regenerate(run?: NewRun): Promise<void>;
  /** Changes a message of the user and answers it again; later messages are hidden. Never rejects. */
  edit(messageId: string, message: string | Sending): Promise<void>;
};

type Outgoing = {
  readonly sending: Sending;
  readonly since: string;
  readonly stored: Message | undefined;
  /** Undefined while it is being sent. */
  readonly error: SendError | undefined;
};

type StartRun = (params: { thread_id: string }) => Promise<{ run_id: string }>;

type Local = {
  /** The argument of the hook. */
  readonly given: string | undefined;
  /** The thread that the first message of a new conversation created. */
  readonly opened: string | undefined;
  readonly runId: string | undefined;
  readonly outgoing: Outgoing | undefined;
  /** A run that answers again and could not be started. */
  readonly failed: { readonly start: StartRun; readonly error: SendError } | undefined;
};

const localOf = (given: string | undefined): Local => ({
  given,
  opened: undefined,
  runId: undefined,
  outgoing: undefined,
  failed: undefined,
});
const sendingOf = (message: string | Sending): Sending => (typeof message === 'string' ? { content: message } : message);

/**
 * A whole conversation: its messages, the message that is being sent, and the run that answers. Without a `threadId` the first message creates a
 * thread. Windows of one browser follow each other; `pollMs` also finds what other devices do.
 */
export function useConversation(threadId?: string, options: ThreadOptions = {}): Conversation {
  const { client, windows } = useShared();
  const queries = useQueryClient();
  const [local, setLocal] = useState(() => localOf(threadId));
  // Another thread resets the state. Passing the thread that `send` created does not.
  if (local.given !== threadId)
    setLocal(threadId === undefined || threadId !== local.opened ? localOf(threadId) : { ...local, given: threadId });

  const id = threadId ?? (local.given === undefined ? local.opened : undefined);
  const { data: thread } = useThread(id, options);
  const history = useMessages(id);
  const stored = history.data;

  const active = thread?.active_run_id ?? undefined;
  if (active !== undefined && active !== local.runId) setLocal((now) => ({ ...now, runId: active }));
  const runId = active ?? local.runId;
  const run = useRun(runId);

  // Another device may have added messages.
  const activity = thread?.updated_at;
  const seen = useRef(activity);
  useEffect(() => {
    if (seen.current !== undefined && id !== undefined && seen.current !== activity)
      void queries.invalidateQueries({ queryKey: arkloopKeys.messagesOf(id) });
    seen.current = activity;
  }, [queries, id, activity]);

  const sendMessage = useSendMessage(id);
  const { outgoing, failed } = local;
  const deliver = useCallback(
    async (sending: Sending, before?: Outgoing) => {
      let mine: Outgoing = { sending, since: before?.since ?? new Date().toISOString(), stored: before?.stored, error: undefined };
      const update = (changes: Partial<Outgoing>, more: Partial<Local> = {}) => {
        const previous = mine;
        const next = { ...mine, ...changes };
        mine = next;
        // A conversation that was left meanwhile has another message, or none.
        setLocal((now) => (now.outgoing === previous ? { ...now, ...more, outgoing: next } : now));
      };
      setLocal((now) => ({ ...now, outgoing: mine, failed: undefined }));
      try {
        const sent = await sendMessage(sending, (message) => update({ stored: message }, { opened: message.thread_id }));
        const last = mine;
        setLocal((now) => (now.outgoing === last ? { ...now, outgoing: undefined, opened: sent.threadId, runId: sent.runId } : now));
        return sent;
      } catch (error) {
        update({ error: error as SendError });
        return undefined;
      }
    },
    [sendMessage],
  );

  const answerAgain = useCallback(
    async (start: StartRun) => {
      if (id === undefined) return;
      const update = (changes: Partial<Local>) => setLocal((now) => ((now.given ?? now.opened) === id ? { ...now, ...changes } : now));
      update({ failed: undefined });
      try {
        const { run_id: runId } = await start({ thread_id: id });
        await setCachedRun(queries, id, runId);
        update({ runId, outgoing: undefined });
        windows.announce(id);
        await queries.invalidateQueries({ queryKey: arkloopKeys.messagesOf(id) });
      } catch (error) {
        update({ failed: { start, error: error as SendError } });
      }
    },
    [queries, windows, id],
  );

  const messages = useMemo(() => withOutgoing(stored ?? [], outgoing), [stored, outgoing]);
  const isStored = stored?.some((message) => message.id === run.messageId || message.run_id === runId) ?? false;
  const isShown = run.status !== 'idle' && !isStored && !(run.ended && run.messageId === undefined);
  return {
    threadId: id,
    thread,
    messages,
    history,
    run,
    runId,
    answer: isShown ? run : undefined,
    isSending: outgoing !== undefined && outgoing.error === undefined,
    sendError: outgoing?.error ?? failed?.error,
    send: useCallback((message) => deliver(sendingOf(message)), [deliver]),
    retry: useCallback(
      async (options) => {
        if (outgoing?.error) await deliver(options ? { ...outgoing.sending, run: options } : outgoing.sending, outgoing);
        else if (failed) await answerAgain(failed.start);
      },
      [deliver, answerAgain, outgoing, failed],
    ),
    discard: useCallback(
      () => setLocal((now) => ({ ...now, outgoing: now.outgoing?.error ? undefined : now.outgoing, failed: undefined })),
      [],
    ),
    // The key stays the same when `retry` repeats the request.
    regenerate: useCallback(
      (body) => {
        const idempotencyKey = newKey();
        return answerAgain((params) => client.runs.retry({ params, body }, { idempotencyKey }));
      },
      [client, answerAgain],
    ),
    edit: useCallback(
      (message_id, message) => {
        const { run: runOptions, ...content } = sendingOf(message);
        return answerAgain((params) => client.runs.editMessage({ params: { ...params, message_id }, body: { ...content, ...runOptions } }));
      },
      [client, answerAgain],
    ),
  };
}

function withOutgoing(stored: readonly Message[], outgoing: Outgoing | undefined): ConversationMessage[] {
  const mine = outgoing?.stored?.id;
  const state = outgoing?.error ? 'failed' : 'sending';
  const shown = stored.map((message): ConversationMessage => ({ ...message, state: message.id === mine ? state : 'stored' }));
  if (!outgoing || stored.some(({ id }) => id === mine)) return shown;
  const { sending, since, stored: message } = outgoing;
  const content = message?.content ?? textOf(sending);
  const extra = sending.content_json && { content_json: sending.content_json };
  return [...shown, { id: mine ?? 'sending', role: 'user', content, ...extra, completion: 'complete', created_at: since, state }];
}

const textOf = ({ content = '', content_json: structured }: NewMessage) =>
  structured ? structured.parts.map((part) => (part.type === 'text' ? part.text : part.attachment.filename)).join('\n') : content;
