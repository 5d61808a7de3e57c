import { z } from 'zod';
import { Id, inconsistentValues, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

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
    filename: trimmedText(255)
      .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not hold control characters')
      .meta({ description: 'Name shown to readers.' }),
    mime_type: z.string().max(255).meta({ description: 'Media type, such as `image/png`.' }),
    size: z
      .int()
      .min(0)
      .max(2 ** 40)
      .meta({ description: 'Size in bytes. The size and type of the stored file are used, regardless of these values.' }),
    // A staged attachment is a valid value. These two fields are not stored.
    kind: z.enum(['image', 'file']).optional().meta({ description: 'Ignored, and never returned.' }),
    extracted_text: z.string().max(maxExtractedLength).optional().meta({
      description: 'The `extracted_text` of a file part that has none. Ignored for an image, and never returned.',
    }),
  })
  .meta({ id: 'Attachment', description: 'A file in a message.' });

export const TextPart = z
  .strictObject({
    type: z.literal('text').meta({ description: 'Distinguishes the types of parts.' }),
    text: z.string().meta({ description: 'Markdown text. All text parts of a message have at most 20,000 characters.' }),
  })
  .meta({ id: 'TextPart', description: 'Text of a message.' });
export const ImagePart = z
  .strictObject({
    type: z.literal('image').meta({ description: 'Distinguishes the types of parts.' }),
    attachment: Attachment.meta({ description: 'A PNG, JPEG, WebP or GIF image.' }),
  })
  .meta({ id: 'ImagePart', description: 'An image in a message.' });
export const FilePart = z
  .strictObject({
    type: z.literal('file').meta({ description: 'Distinguishes the types of parts.' }),
    attachment: Attachment.meta({ description: 'The file.' }),
    extracted_text: z
      .string()
      .max(maxExtractedLength)
      .optional()
      .meta({ description: 'Text of the file for the model; at most 40,000 characters for all files.' }),
  })
  .meta({ id: 'FilePart', description: 'A text file or a document in a message.' });

export const MessagePart = z
  .discriminatedUnion('type', [TextPart, ImagePart, FilePart])
  .meta({ id: 'MessagePart', description: 'A text, an image or a text file.' });
export type MessagePart = z.infer<typeof MessagePart>;

/** The part without what a staged attachment has beyond an attachment. A file part takes over its text. */
export function normalizePart(part: MessagePart): MessagePart {
  if (part.type === 'text') return part;
  const { kind: _, extracted_text: staged, ...attachment } = part.attachment;
  if (part.type === 'image') return { ...part, attachment };
  const extracted_text = part.extracted_text ?? staged;
  return { ...part, attachment, ...(extracted_text !== undefined && { extracted_text }) };
}

export const MessageContent = z
  .strictObject({
    parts: z
      .array(MessagePart)
      .min(1)
      .max(64)
      .meta({ description: 'Text parts are joined into one. At most 8 attachments, 20 MiB in total.' }),
  })
  .meta({ id: 'MessageContent', description: 'A message with attachments.' });
export type MessageContent = z.infer<typeof MessageContent>;

export const MessageCompletion = z.enum(['complete', 'stopped', 'failed']).meta({
  id: 'MessageCompletion',
  description: '`stopped` and `failed` mark the partial answer of a run that was canceled or failed. `:continue` resumes from it.',
});
export type MessageCompletion = z.infer<typeof MessageCompletion>;

export const Message = z
  .object({
    id: Id.meta({ description: 'ID of the message.' }),
    account_id: Id.meta({ description: 'The account that the message belongs to.' }),
    thread_id: Id.meta({ description: 'Thread that contains the message.' }),
    created_by_user_id: Id.nullable().meta({ description: 'Null for the assistant.' }),
    role: z
      .enum(['user', 'assistant'])
      .meta({ id: 'MessageRole', description: 'Author of a message.' })
      .meta({ description: 'Who wrote the message: a user, or the model in a run.' }),
    content: z.string().meta({ description: 'For structured messages: the text parts, and the names and texts of the attachments.' }),
    content_json: MessageContent.optional().meta({ description: 'Present only on structured messages, such as answers with images.' }),
    run_id: Id.optional().meta({ description: 'The run that produced the message. Present only on assistant messages.' }),
    completion: MessageCompletion.meta({ description: 'Whether the text is complete. Always `complete` for messages of users.' }),
    created_at: Time.meta({ description: 'When the message was stored.' }),
  })
  .meta({ id: 'Message', description: 'A visible message of a thread.' });
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
  .meta({ id: 'NewMessage', description: 'A message: plain text, or text with attachments.' });
export type NewMessage = z.infer<typeof NewMessage>;

export const messages = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/messages',
    summary: 'Add a message to a thread',
    description:
      'Adds your message without answering it: start a run next. A run that is active already does not see the message. Upload files with `POST /v1/attachments/stage` and send their keys in `content_json`.',
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
    description: 'Returns the visible transcript: hidden answers and tool calls are left out. Follow the pages to older messages.',
    query: pageQuery(50).extend({
      order: z
        .enum(['asc', 'desc'])
        .meta({ id: 'SortOrder', description: 'Ascending or descending.' })
        .default('asc')
        .meta({ description: 'The order within a page.' }),
    }),
    responses: { 200: z.array(Message) },
    metadata: { auth: 'user+key', read: 'data.threads.read', pages: 'cursor' },
  },
} as const satisfies Resource);
