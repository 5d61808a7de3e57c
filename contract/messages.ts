import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** Longest text of a message, in code points. */
export const maxMessageLength = 20_000;

/** One piece of a structured message. */
export const TextPart = z.strictObject({ type: z.literal('text'), text: z.string() }).meta({ id: 'TextPart' });

export const MessageContent = z.strictObject({ parts: z.array(TextPart).min(1).max(64) }).meta({ id: 'MessageContent' });
export type MessageContent = z.infer<typeof MessageContent>;

/** A visible message of a thread. */
export const Message = z
  .object({
    id: Id,
    account_id: Id,
    thread_id: Id,
    created_by_user_id: Id.nullable().meta({ description: 'Null for the assistant.' }),
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    content_json: AnyObject.optional().meta({ description: 'Only on structured messages.' }),
    run_id: Id.optional().meta({ description: 'Only on messages of the assistant: the run that produced it.' }),
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
    metadata: { auth: 'user+key', read: 'data.threads.read', permission: 'data.threads.write', audit: ['message.create', 'message'] },
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
