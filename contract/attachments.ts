import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { bytesOf, type Resource } from './shared/route.ts';

/** The images that a message can show. */
export const imageTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;

/** Most bytes of messages and tools that one request to a model holds (specification, runs 7). Vendors take 20 MB and more. */
export const maxPayloadBytes = 5 * 2 ** 20;

/**
 * Most bytes of an attachment, by kind. An image of that size takes 4.67 MiB of the payload in base64 and leaves 0.33 MiB to texts and tools; of the
 * vendors Anthropic takes the least, 5 MB of base64.
 */
export const maxAttachmentBytes = { image: 3.5 * 2 ** 20, file: 2 ** 20 } as const;

/** Characters of base64 that so many bytes become. */
export const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3);

/** Most characters of base64 that the images of one request have together: those of one of the largest. */
export const maxImageChars: number = base64Length(maxAttachmentBytes.image);

const mebibytes = (bytes: number) => `${bytes / 2 ** 20} MiB`;

/** A file that is ready to be named by a message. */
export const StagedAttachment = z
  .object({
    key: z.string(),
    filename: z
      .string()
      .meta({ description: 'The name that was sent, in any script, without folders and characters that are not harmless everywhere.' }),
    mime_type: z.string(),
    size: z.int().min(1).meta({ description: 'Bytes.' }),
    kind: z.enum(['image', 'file']),
    extracted_text: z.string().optional().meta({ description: 'Only of text files: the first 12 000 characters.' }),
  })
  .meta({ id: 'StagedAttachment' });
export type StagedAttachment = z.infer<typeof StagedAttachment>;

export const NewAttachment = z
  .strictObject({
    file: z.file().meta({
      description: `A PNG, JPEG, WebP or GIF image up to ${mebibytes(maxAttachmentBytes.image)}, or a text file up to ${mebibytes(maxAttachmentBytes.file)}.`,
    }),
  })
  .meta({ id: 'NewAttachment' });

/** A key as it stands in a path: no segment is empty or says where to go. */
const AttachmentKey = z
  .string()
  .max(500)
  .regex(/^(?!.*\\)(?!(?:.*\/)?\.{0,2}(?:\/|$))/s, 'must be a key');

/** Files and images that messages name. */
export const attachments = initContract().router({
  stage: {
    method: 'POST',
    path: '/v1/attachments/stage',
    summary: 'Upload a file for a message',
    description: 'It is yours alone until a message names its key, and removed after 24 hours if none does.',
    contentType: 'multipart/form-data',
    maxBody: 21 * 2 ** 20,
    body: NewAttachment,
    responses: { 201: StagedAttachment },
    metadata: { auth: 'user+key', permission: 'data.threads.write', quota: 'attachments', audit: ['attachment.stage', 'attachment'] },
  },
  get: {
    method: 'GET',
    path: '/v1/attachments/{key...}',
    summary: 'Download an attachment',
    description: 'Of a message in a thread you can read, or one you have just uploaded. With a `share_token` no credential is needed.',
    pathParams: z.object({ key: AttachmentKey }),
    query: z.object({
      share_token: z.string().min(1).max(200).optional().meta({ description: 'Of a share that shows a message with this attachment.' }),
      session_token: z.string().min(1).max(1_000).optional().meta({ description: 'For a share with a password.' }),
    }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: bytesOf(), 304: null },
    metadata: { auth: 'user+key', read: 'data.threads.read', openWith: 'share_token' },
  },
} as const satisfies Resource);
