import { createHash } from 'node:crypto';
import { maxAttachmentBytes, maxDocumentBytes, type StagedAttachment } from '../../../contract/attachments.ts';
import { accountShare, nestedShare } from '../../database/connection/connectionShares.ts';
import { fileTooLarge, type Form, type UploadedFile } from '../../http/body/multipart.ts';
import { countUpload, type UploadMemory } from '../../http/body/uploadMemory.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { keepOpen } from '../accounts/requireAccount.ts';
import { checkQuota } from '../quotas/check.ts';
import { discard } from './discard.ts';
import { documentFormatOf } from './documents/documentTypes.ts';
import { DocumentError } from './documents/readDocument.ts';
import { extractText } from './extractText.ts';
import { formatKey, objectKey, safeFileName } from './key.ts';
import * as queries from './queries.ts';
import { type AttachmentType, detectType, hasTooManyPixels, tooManyPixels, typeDetectionBytes } from './types.ts';
import { withStorage } from './withStorage.ts';

/** Stores an uploaded file for a future message. Throws 400 `unsupported_attachment`, 409 `quota_exceeded`, 413, 422, 503. */
export async function stageAttachment(scope: Scope, form: Form, signal: AbortSignal): Promise<StagedAttachment> {
  const { app, tx, db, accountId, actor } = scope;
  using memory = countUpload(app.config);
  let received: ReceivedFile | undefined;
  // A form is valid only if it is complete, so read it to the end.
  for await (const part of form) if ('chunks' in part) received = await receive(part, memory);
  const { bytes, name, mime_type, kind } = received!;
  // Before anything is stored: a document that cannot be read is of no use.
  const text = kind === 'file' ? await readText(scope, bytes, mime_type, signal) : undefined;
  const id = newId();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // Commit the row before writing the object, so that every object has a row and counts toward the quota.
  await app.database.of(nestedShare(accountShare(accountId))).transaction(async (own) => {
    // Reading a document takes longer than an erasure waits for requests that were authorized before.
    if (!(await keepOpen(own, accountId))) throw notFound();
    await own.run(queries.insertArriving, {
      accountId,
      id,
      userId: actor.userId,
      name,
      mimeType: mime_type,
      kind,
      size: bytes.length,
      sha256,
      extractedText: text ?? null,
    });
    await checkQuota(app.database, own, 'attachments', { accountId, userId: actor.userId });
  });
  await storeObject(scope, id, bytes, mime_type);
  if (!(await tx.row(queries.markStaged, { accountId, id }))) {
    // The cleanup removed the row of a slow upload. Without a row, nothing else would remove the object.
    await discard(db, app.storage, { accountId, id });
    throw failWith('unavailable', 'attachment_storage_unavailable', 'The upload took too long and was removed. Upload the file again.');
  }
  const key = formatKey({ staged: true, accountId, id, name });
  scope.audit({ targetId: key, metadata: { kind, size: bytes.length } });
  return { key, filename: name, mime_type, size: bytes.length, kind, ...(text !== undefined && { extracted_text: text }) };
}

/** Throws 400 for a document that cannot be read. */
const readText = ({ app, client, accountId }: Scope, bytes: Buffer, type: string, signal: AbortSignal): Promise<string> =>
  extractText(bytes, type, { accountId, signal }).catch((error: unknown) => {
    if (!(error instanceof DocumentError)) throw error;
    app.log.warn({ mime_type: type, cause: error.cause, trace_id: client.traceId }, `a document ${error.message}`);
    throw invalidField('/file', error.message, 'unsupported_attachment');
  });

async function storeObject(scope: Scope, id: string, bytes: Buffer, type: string): Promise<void> {
  const { app, db, accountId } = scope;
  try {
    await withStorage(scope, (storage) => storage.put(objectKey(accountId, id), bytes, type));
  } catch (error) {
    await discard(db, app.storage, { accountId, id }).catch(() => {});
    throw error;
  }
}

type ReceivedFile = AttachmentType & { bytes: Buffer; name: string };

async function receive({ filename, mimeType, chunks }: UploadedFile, memory: UploadMemory): Promise<ReceivedFile> {
  const name = safeFileName(filename);
  const parts: Buffer[] = [];
  let type: AttachmentType | undefined;
  let own = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    own += chunk.length;
    memory.add(chunk.length);
    if (own >= typeDetectionBytes) type ??= await requireSupportedType(parts, name, mimeType);
    if (type && own > maxBytesOf(type)) throw fileTooLarge(maxBytesOf(type), { kind: type.kind });
  }
  type ??= await requireSupportedType(parts, name, mimeType);
  const bytes = Buffer.concat(parts);
  if (type.kind === 'image' && hasTooManyPixels(bytes, type.mime_type))
    throw invalidField('/file', tooManyPixels, 'unsupported_attachment');
  return { ...type, bytes, name };
}

const maxBytesOf = ({ kind, mime_type }: AttachmentType) => (documentFormatOf(mime_type) ? maxDocumentBytes : maxAttachmentBytes[kind]);

async function requireSupportedType(parts: Buffer[], name: string, mimeType: string): Promise<AttachmentType> {
  const head = Buffer.concat(parts).subarray(0, typeDetectionBytes);
  const type = head.length > 0 ? await detectType(head, name, mimeType) : undefined;
  if (!type) throw invalidField('/file', 'is empty, or of a kind that cannot be attached', 'unsupported_attachment');
  return type;
}
