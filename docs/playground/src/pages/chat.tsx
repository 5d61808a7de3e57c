import { NewChat } from '../chat/newChat.tsx';
import { Conversation } from '../chat/thread.tsx';

export default function Chat({ threadId }: { threadId?: string }) {
  return threadId === undefined ? <NewChat /> : <Conversation threadId={threadId} />;
}
