import { lazy, Suspense, useEffect } from 'react';
import { NewChat } from '../chat/newChat.tsx';
import { Loading } from '../components/states.tsx';

const loadConversation = () => import('../chat/thread.tsx').then(({ Conversation }) => ({ default: Conversation }));
const Conversation = lazy(loadConversation);

/** A new chat needs no Markdown, so the conversation is loaded later: when the user starts to write. */
export default function Chat({ threadId }: { threadId?: string }) {
  useEffect(() => {
    const load = () => void loadConversation();
    addEventListener('keydown', load, { once: true });
    return () => removeEventListener('keydown', load);
  }, []);
  if (threadId === undefined) return <NewChat />;
  return (
    <Suspense fallback={<Loading />}>
      <Conversation threadId={threadId} />
    </Suspense>
  );
}
