import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, inconsistentValues, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** In code points. */
export const maxMessageLength = 20_000;

/** Maximum total text extracted from the files of a message, in code points. */
export const maxExtractedLength = 40_000;

const Attachment = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(500)
      .meta({ description: 'Key of a file that you uploaded, or of an attachment in a thread that you can read.' }),
    filename: trimmedText(255).regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not hold control characters'),
    mime_type: z.string().max(255),
    size: z
      .int()
      .min(0)
      .max(2 ** 40)
      .meta({ description: 'Size in bytes. The size and type of the stored file are used, regardless of these values.' }),
  })
  .meta({ id: 'Attachment' });

export const TextPart = z.strictObject({ type: z.literal('text'), text: z.string() }).meta({ id: 'TextPart' });
export const ImagePart = z.strictObject({ type: z.literal('image'), attachment: Attachment }).meta({ id: 'ImagePart' });
export const FilePart = z
  .strictObject({ type: z.literal('file'), attachment: Attachment, extracted_text: z.string().max(maxExtractedLength).optional() })
  .meta({ id: 'FilePart' });

export const MessagePart = z.discriminatedUnion('type', [TextPart, ImagePart, FilePart]).meta({ id: 'MessagePart' });
export type MessagePart = z.infer<typeof MessagePart>;

export const MessageContent = z
  .strictObject({
    parts: z
      .array(MessagePart)
      .min(1)
      .max(64)
      .meta({ description: 'Text parts are joined into one. At most 8 attachments, 20 MiB in total.' }),
  })
  .meta({ id: 'MessageContent' });
export type MessageContent = z.infer<typeof MessageContent>;

export const MessageCompletion = z.enum(['complete', 'stopped', 'failed']).meta({
  id: 'MessageCompletion',
  description: '`stopped` and `failed` mark the partial answer of a run that was canceled or failed. `:continue` resumes from it.',
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
    content: z.string().meta({ description: 'For structured messages: the text parts, and the names and texts of the attachments.' }),
    content_json: MessageContent.optional().meta({ description: 'Present only on structured messages.' }),
    run_id: Id.optional().meta({ description: 'The run that produced the message. Present only on assistant messages.' }),
    completion: MessageCompletion,
    created_at: Time,
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

export const NewMessage = z
  .strictObject({
    content: z.string().max(maxMessageLength).optional().meta({ description: 'Must not be blank; stored unchanged.' }),
    content_json: MessageContent.optional().meta({ description: 'Takes precedence over `content`.' }),
  })
  .refine(({ content, content_json }) => content_json !== undefined || (content !== undefined && content.trim() !== ''), {
    path: ['content'],
    message: 'must not be blank',
    params: inconsistentValues,
  })
  .meta({ id: 'NewMessage' });
export type NewMessage = z.infer<typeof NewMessage>;

export const messages = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/messages',
    summary: 'Add a message to a thread',
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
    summary: 'List the newest messages of a thread, oldest first',
    query: pageQuery(50).extend({ order: z.enum(['asc', 'desc']).default('asc').meta({ description: 'The order within a page.' }) }),
    responses: { 200: z.array(Message) },
    metadata: { auth: 'user+key', read: 'data.threads.read', pages: 'cursor' },
  },
} as const satisfies Resource);
