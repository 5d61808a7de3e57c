import { lazy, useEffect } from 'react';
import { NewChat } from '../chat/newChat.tsx';

const loadConversation = () => import('../chat/thread.tsx');
const Conversation = lazy(async () => ({ default: (await loadConversation()).Conversation }));

/** Milliseconds after which the start page loads what its next page needs. */
const idleMs = 1_000;

export default function Chat({ threadId }: { threadId?: string }) {
  useEffect(() => {
    // An error is shown when the thread is opened.
    const later = setTimeout(() => void loadConversation().catch(() => {}), idleMs);
    return () => clearTimeout(later);
  }, []);
  return threadId === undefined ? <NewChat /> : <Conversation threadId={threadId} />;
}
