// Type checks of the adapters for chat libraries.

import { useChat } from '@ai-sdk/react';
import { createClient } from '@arkloop/client';
import { ArkloopChatTransport, type ArkloopMessage, toUIMessages } from '@arkloop/client/ai-sdk';
import { useArkloopRuntime } from '@arkloop/client/assistant-ui';
import { useConversation } from '@arkloop/client/react';
import { AssistantRuntimeProvider } from '@assistant-ui/react';

const client = createClient({ baseUrl: 'http://localhost:19000' });
const transport = new ArkloopChatTransport({ client, run: { model: 'x' } });

export function useAdapters(id: string) {
  const { messages } = useChat({ id, messages: toUIMessages([]), transport });
  messages satisfies ArkloopMessage[];
  for (const { parts } of messages) for (const part of parts) if (part.type === 'data-question') part.data.request_id satisfies string;
  return AssistantRuntimeProvider({ runtime: useArkloopRuntime(useConversation(id)), children: messages.length });
}
