import type { QueryClient } from '@tanstack/react-query';
import { arkloopKeys } from './queries.ts';

/** The other windows of this browser with the same origin. */
export type Windows = {
  /** Tells them that a thread has a new message or run. */
  announce(threadId: string): void;
  /** Refetches what the other windows announce, until the returned function is called. */
  listen(): () => void;
};

type Announcement = { readonly threadId: string };

export function createWindows(queries: QueryClient): Windows {
  let channel: BroadcastChannel | undefined;
  return {
    announce: (threadId) => channel?.postMessage({ threadId } satisfies Announcement),
    listen() {
      // Safari before 15.4 has none.
      if (typeof BroadcastChannel === 'undefined') return () => undefined;
      const opened = new BroadcastChannel('arkloop');
      channel = opened;
      opened.onmessage = ({ data }: MessageEvent<Announcement>) => {
        void queries.invalidateQueries({ queryKey: arkloopKeys.threads() });
        void queries.invalidateQueries({ queryKey: arkloopKeys.messagesOf(data.threadId) });
      };
      return () => {
        opened.close();
        if (channel === opened) channel = undefined;
      };
    },
  };
}
