import type { UIMessage } from 'ai';
import type { Cost, Message, MessagePart, NewMessage, RunWaitingForInputEvent, TodoUpdatedEvent, Usage } from '../generated/types.ts';
import type { Client } from '../index.ts';

export type ArkloopMessageMetadata = {
  threadId: string;
  /** Only on messages of the assistant. */
  runId?: string | undefined;
  /** The stored message. The id of an assistant's UI message is that of its run, because the run exists before the message. */
  messageId?: string | undefined;
  /** `stopped` and `failed` mark a partial answer. */
  completion?: Message['completion'] | undefined;
  usage?: Usage | undefined;
  cost?: Cost | undefined;
};

/** The `data-…` parts. */
export type ArkloopMessageData = {
  /** The agent's question. Its text is also a text part. The next message that is sent answers it. */
  question: Omit<RunWaitingForInputEvent['data'], 'trace_id'>;
  /** What the user said while the run was active. */
  input: { content: string };
  todos: TodoUpdatedEvent['data']['todos'];
  /** A file of a stored message. Download it with `client.attachments.get`. */
  attachment: { key: string; filename: string; mime_type: string; size: number };
  /** Not stored in the message; see `onData`. */
  title: { threadId: string; title: string };
};

export type ArkloopMessage = UIMessage<ArkloopMessageMetadata, ArkloopMessageData>;

/** Converts stored messages, for the option `messages` of `useChat`. */
export const toUIMessages = (messages: readonly Message[]): ArkloopMessage[] =>
  messages.map((message) => ({
    id: message.role === 'assistant' ? (message.run_id ?? message.id) : message.id,
    role: message.role,
    metadata: { threadId: message.thread_id, runId: message.run_id, messageId: message.id, completion: message.completion },
    parts: message.content_json?.parts.map(toUIPart) ?? [{ type: 'text', text: message.content }],
  }));

const toUIPart = (part: MessagePart): ArkloopMessage['parts'][number] =>
  part.type === 'text' ? { type: 'text', text: part.text } : { type: 'data-attachment', data: part.attachment };

/** The text of a message, its text parts joined. */
export const textOf = ({ parts }: UIMessage): string => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');

/** Converts a message of the user. Uploads its files. */
export async function toNewMessage(client: Client, message: ArkloopMessage): Promise<NewMessage> {
  const uploads = message.parts.map(async (part): Promise<MessagePart[]> => {
    if (part.type === 'text') return [{ type: 'text', text: part.text }];
    if (part.type === 'data-attachment')
      return [{ type: part.data.mime_type.startsWith('image/') ? 'image' : 'file', attachment: part.data }];
    if (part.type !== 'file') return [];
    const content = await (await fetch(part.url)).blob();
    const file = new File([content], part.filename ?? 'file', { type: part.mediaType });
    const staged = await client.attachments.stage({ body: { file } });
    return [{ type: staged.kind, attachment: staged }];
  });
  const parts = (await Promise.all(uploads)).flat();
  return parts.every(({ type }) => type === 'text') ? { content: textOf(message) } : { content_json: { parts } };
}
