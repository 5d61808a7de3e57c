import { z } from 'zod';
import { declareFile, initContract, type Resource } from './shared/route.ts';

/** Image types that messages accept. */
export const imageTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;

/** Maximum size of the messages and tools in one model request. Providers accept 20 MB or more. */
export const maxPayloadBytes = 5 * 2 ** 20;

/**
 * Maximum attachment size by kind. In base64, an image of the maximum size takes 4.67 MiB of the payload and leaves 0.33 MiB for text and tools.
 * Anthropic has the lowest limit of the providers: 5 MB of base64.
 */
export const maxAttachmentBytes = { image: 3.5 * 2 ** 20, file: 2 ** 20 } as const;

/** Maximum size of a PDF or Office document, of which the model gets the text. */
export const maxDocumentBytes: number = 10 * 2 ** 20;

export const base64Length = (bytes: number): number => 4 * Math.ceil(bytes / 3);

/** Maximum total base64 length of all images in one model request: the length of one image of the maximum size. */
export const maxImageChars: number = base64Length(maxAttachmentBytes.image);

const mebibytes = (bytes: number) => `${bytes / 2 ** 20} MiB`;

export const StagedAttachment = z
  .object({
    key: z.string().meta({ description: 'Send this with `content_json` of a message, or download the file with it.' }),
    filename: z.string().meta({ description: 'The submitted file name, without folders and unsafe characters. Any script is allowed.' }),
    mime_type: z.string().meta({ description: 'Media type, determined by the content or the extension.' }),
    size: z.int().min(1).meta({ description: 'Size in bytes.' }),
    kind: z.enum(['image', 'file']).meta({ description: 'The type of the message part: `image` or `file`.' }),
    extracted_text: z.string().optional().meta({ description: 'Text files and documents only: the first 12,000 characters.' }),
  })
  .meta({ id: 'StagedAttachment', description: 'An uploaded file that a message can reference.' });
export type StagedAttachment = z.infer<typeof StagedAttachment>;

export const NewAttachment = z
  .strictObject({
    file: z.file().meta({
      description: `A PNG, JPEG, WebP or GIF image up to ${mebibytes(maxAttachmentBytes.image)}, a text file up to ${mebibytes(maxAttachmentBytes.file)}, or a PDF, docx, xlsx or pptx document up to ${mebibytes(maxDocumentBytes)}.`,
    }),
  })
  .meta({ id: 'NewAttachment', description: 'A form with one file.' });

/** A key in a URL path. Empty, `.` and `..` segments and backslashes are rejected. */
const AttachmentKey = z
  .string()
  .max(500)
  .regex(/^(?!.*\\)(?!(?:.*\/)?\.{0,2}(?:\/|$))/s, 'must be a key')
  .meta({ description: 'The `key` of the attachment. Its slashes can be sent as `/` or as `%2F`.' });

export const attachments = initContract().router({
  stage: {
    method: 'POST',
    path: '/v1/attachments/stage',
    summary: 'Upload a file for a message',
    description:
      'Call this before you send a message with files, and send the returned key with it. Only you can access the file until then. A file that no message references is removed after 24 hours. The text of a PDF or Office document is extracted here; one that cannot be read is 400.',
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
    description:
      'Returns an attachment of a message in a thread that you can read, or a file that you have just uploaded. With a `share_token`, no credential is required.',
    pathParams: z.object({ key: AttachmentKey }),
    query: z.object({
      share_token: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'Token of a share that includes a message with this attachment.' }),
      session_token: z.string().min(1).max(1_000).optional().meta({ description: 'Session token, for a password-protected share.' }),
    }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: declareFile(), 304: null },
    metadata: { auth: 'user+key', read: 'data.threads.read', secretParam: 'share_token' },
  },
} as const satisfies Resource);
