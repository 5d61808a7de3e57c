import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { betweenValues, Id, name, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** Longest text of a message, in code points. */
export const maxMessageLength = 20_000;

/** Longest text that is kept of the files of a message, in code points. */
export const maxExtractedLength = 40_000;

const Attachment = z
  .strictObject({
    key: z.string().min(1).max(500).meta({ description: 'Of a file that you uploaded, or of a message in a thread you can read.' }),
    filename: name(255).regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not hold control characters'),
    mime_type: z.string().max(255),
    size: z.int().min(0).meta({ description: 'Bytes. Size and type are those of the stored file, whatever is sent.' }),
  })
  .meta({ id: 'Attachment' });

export const TextPart = z.strictObject({ type: z.literal('text'), text: z.string() }).meta({ id: 'TextPart' });
export const ImagePart = z.strictObject({ type: z.literal('image'), attachment: Attachment }).meta({ id: 'ImagePart' });
export const FilePart = z
  .strictObject({ type: z.literal('file'), attachment: Attachment, extracted_text: z.string().max(maxExtractedLength).optional() })
  .meta({ id: 'FilePart' });

/** One piece of a structured message. */
export const MessagePart = z.discriminatedUnion('type', [TextPart, ImagePart, FilePart]).meta({ id: 'MessagePart' });
export type MessagePart = z.infer<typeof MessagePart>;

export const MessageContent = z
  .strictObject({
    parts: z.array(MessagePart).min(1).max(64).meta({ description: 'Texts are joined into one. At most 8 attachments, together 20 MiB.' }),
  })
  .meta({ id: 'MessageContent' });
export type MessageContent = z.infer<typeof MessageContent>;

/** How the text of a message came to its end. */
export const MessageCompletion = z.enum(['complete', 'stopped', 'failed']).meta({
  id: 'MessageCompletion',
  description: '`stopped`, `failed`: what a run had answered before it was canceled or failed. `:continue` goes on from it.',
});
export type MessageCompletion = z.infer<typeof MessageCompletion>;

/** A visible message of a thread. */
export const Message = z
  .object({
    id: Id,
    account_id: Id,
    thread_id: Id,
    created_by_user_id: Id.nullable().meta({ description: 'Null for the assistant.' }),
    role: z.enum(['user', 'assistant']),
    content: z.string().meta({ description: 'Of a structured message: its texts, and the names and texts of its attachments.' }),
    content_json: MessageContent.optional().meta({ description: 'Only on structured messages.' }),
    run_id: Id.optional().meta({ description: 'Only on messages of the assistant: the run that produced it.' }),
    completion: MessageCompletion,
    created_at: Time,
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

export const NewMessage = z
  .strictObject({
    content: z.string().max(maxMessageLength).optional().meta({ description: 'Not blank; stored unchanged.' }),
    content_json: MessageContent.optional().meta({ description: 'Wins over `content`.' }),
  })
  .refine(({ content, content_json }) => content_json !== undefined || (content !== undefined && content.trim() !== ''), {
    path: ['content'],
    message: 'must not be blank',
    params: betweenValues,
  })
  .meta({ id: 'NewMessage' });
export type NewMessage = z.infer<typeof NewMessage>;

/** The transcript of a thread. */
export const messages = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/messages',
    summary: 'Add a message',
    body: NewMessage,
    responses: { 201: Message },
    metadata: {
      auth: 'user+key',
      read: 'data.threads.read',
      permission: 'data.threads.write',
      quota: 'messages',
      audit: ['message.create', 'message'],
    },
  },
  list: {
    method: 'GET',
    path: '/v1/threads/{thread_id}/messages',
    summary: 'Read the transcript: the newest messages, oldest first',
    query: pageQuery(50).extend({ order: z.enum(['asc', 'desc']).default('asc').meta({ description: 'The order inside a page.' }) }),
    responses: { 200: z.array(Message) },
    metadata: { auth: 'user+key', read: 'data.threads.read', pages: 'cursor' },
  },
} as const satisfies Resource);
