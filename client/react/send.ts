import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { type PendingSend, prepareSend, type SendError, type Sending, type Sent } from '../conversation/send.ts';
import type { Message } from '../generated/types.ts';
import { useShared } from './provider.ts';
import { appendCachedMessage, arkloopKeys, setCachedRun } from './queries.ts';

export type SendMessage = (sending: Sending, onStored?: (message: Message) => void) => Promise<Sent>;

/** Returns a function that sends. After an error, sending the same message again continues with the step that failed. */
export function useSendMessage(threadId: string | undefined): SendMessage {
  const { client, windows } = useShared();
  const queries = useQueryClient();
  const unfinished = useRef<PendingSend>(undefined);
  return useCallback(
    async ({ run, ...body }, onStored) => {
      const before = unfinished.current;
      const thread = threadId ?? before?.threadId;
      const pending = before?.threadId === thread && before?.sends(body) ? before : prepareSend(client, thread, body);
      unfinished.current = pending;
      if (pending.message) onStored?.(pending.message);
      try {
        const sent = await pending.attempt(run, {
          onStored(message) {
            void appendCachedMessage(queries, message, thread === undefined);
            windows.announce(message.thread_id);
            onStored?.(message);
          },
        });
        if (unfinished.current === pending) unfinished.current = undefined;
        await setCachedRun(queries, sent.threadId, sent.runId);
        windows.announce(sent.threadId);
        return sent;
      } finally {
        void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
      }
    },
    [client, windows, queries, threadId],
  );
}

/**
 * A mutation that adds a message and starts a run. Without a `threadId` it creates a thread. After an error, sending the same message again
 * continues with the step that failed, so nothing is stored twice.
 */
export function useSend(threadId?: string) {
  const send = useSendMessage(threadId);
  return useMutation<Sent, SendError, Sending>({ mutationFn: (sending) => send(sending) });
}
