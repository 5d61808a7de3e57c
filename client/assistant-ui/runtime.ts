import { type AppendMessage, type AssistantRuntime, type ThreadMessageLike, useExternalStoreRuntime } from '@assistant-ui/react';
import { useMemo } from 'react';
import type { NewRun } from '../generated/types.ts';
import type { Conversation } from '../react/index.ts';
import { answerOf, contentOf, toThreadMessage } from './messages.ts';

export type ArkloopRuntimeOptions = {
  /** Options of every run. */
  run?: NewRun | undefined;
};

const same = (message: ThreadMessageLike) => message;

/** The runtime of a conversation, for `AssistantRuntimeProvider`. A message that is sent while the agent waits for an answer is the answer. */
export function useArkloopRuntime(conversation: Conversation, { run: runOptions }: ArkloopRuntimeOptions = {}): AssistantRuntime {
  const { messages, answer, run, runId, history } = conversation;
  const stored = useMemo(() => messages.map(toThreadMessage), [messages]);
  const live = useMemo(() => answerOf({ answer, run, runId }), [answer, run, runId]);

  // A stored answer is only text. The answer of the last run keeps the tool calls and thoughts that were shown with it.
  const whole = useMemo(
    () => (run.ended && run.parts.length > 0 && run.continuesMessageId === undefined ? contentOf(run) : undefined),
    [run],
  );
  const shown = useMemo(() => {
    const all = whole ? stored.map((message) => (message.id === runId ? { ...message, content: whole } : message)) : stored;
    return live ? [...all, live] : all;
  }, [stored, whole, live, runId]);

  const original = (id: string | null) => messages.find((message) => message.id === id);
  return useExternalStoreRuntime<ThreadMessageLike>({
    messages: shown,
    convertMessage: same,
    isLoading: history.isLoading,
    isRunning: conversation.isSending || (answer !== undefined && !answer.ended && answer.question === undefined),
    hasEarlier: history.hasNextPage,
    onLoadEarlier: async () => void (await history.fetchNextPage()),
    async onNew(message) {
      if (run.question) await run.reply(textOf(message));
      else await conversation.send({ content: textOf(message), run: runOptions });
    },
    async onEdit(message) {
      if (message.sourceId !== null) await conversation.edit(message.sourceId, { content: textOf(message), run: runOptions });
    },
    /** The server answers the last message again. An earlier one is answered again by editing it without a change. */
    async onReload(parentId) {
      const parent = original(parentId);
      if (!parent || parent.id === messages.findLast(({ role }) => role === 'user')?.id) return conversation.regenerate(runOptions);
      await conversation.edit(parent.id, { content: parent.content, content_json: parent.content_json, run: runOptions });
    },
    onCancel: () => run.stop(),
  });
}

const textOf = ({ content }: AppendMessage) => content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
