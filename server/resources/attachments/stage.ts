import { createHash } from 'node:crypto';
import { maxAttachmentBytes, type StagedAttachment } from '../../../contract/attachments.ts';
import { overloaded } from '../../http/admit.ts';
import { type Form, fileTooLarge, type UploadedFile } from '../../http/multipart.ts';
import { invalidField } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { checkQuota } from '../quotas/check.ts';
import { keyOf, objectKey, safeName } from './key.ts';
import * as queries from './queries.ts';
import { withStorage } from './store.ts';
import { extractText } from './text.ts';
import { type AttachmentType, tellingBytes, typeOf } from './types.ts';

/** Keep an uploaded file for a message to come. Throws 400 `unsupported_attachment`, 409 `quota_exceeded`, 413, 422, 503. */
export async function stageAttachment(scope: Scope, form: Form): Promise<StagedAttachment> {
  const { app, tx, accountId, actor } = scope;
  let received: Received | undefined;
  // A form is good only when its end has been seen.
  for await (const part of form) if ('chunks' in part) received = await receive(part);
  const { bytes, name, mime_type, kind } = received!;
  const id = newId();
  const facts = [name, mime_type, kind, bytes.length, createHash('sha256').update(bytes).digest('hex')];
  // The row is committed before the object is written: every object is known, and counted.
  await app.database.transaction(async (own) => {
    await own.run(queries.insertArriving, [accountId, id, actor.userId, ...facts]);
    await checkQuota(app.database, own, 'attachments', { accountId, userId: actor.userId });
  });
  await store(scope, id, bytes, mime_type);
  await tx.row(queries.stage, [accountId, id]);
  const key = keyOf({ staged: true, accountId, id, name });
  scope.audit({ targetId: key, metadata: { kind, size: bytes.length } });
  return { key, filename: name, mime_type, size: bytes.length, kind, ...(kind === 'file' && { extracted_text: extractText(bytes) }) };
}

/** A file that cannot be stored is not counted, unless its object may exist. */
async function store(scope: Scope, id: string, bytes: Buffer, type: string): Promise<void> {
  const key = objectKey(scope.accountId, id);
  try {
    await withStorage(scope, (storage) => storage.put(key, bytes, type));
  } catch (error) {
    await discard(scope, id, key).catch(() => {});
    throw error;
  }
}

async function discard({ app, read, accountId }: Scope, id: string, key: string): Promise<void> {
  await app.storage?.delete(key);
  await read.run(queries.deleteArriving, [accountId, id]);
}

type Received = AttachmentType & { bytes: Buffer; name: string };

/** Bytes of uploads that this process holds, and the most it may: beyond that a request is refused rather than the process ended. */
let held = 0;
const mostHeld = 256 * 2 ** 20;

async function receive({ filename, mimeType, chunks }: UploadedFile): Promise<Received> {
  const name = safeName(filename);
  const parts: Buffer[] = [];
  let type: AttachmentType | undefined;
  let own = 0;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk);
      own += chunk.length;
      held += chunk.length;
      if (held > mostHeld) throw overloaded();
      if (own >= tellingBytes) type ??= await supported(parts, name, mimeType);
      if (type && own > maxAttachmentBytes[type.kind]) throw fileTooLarge(maxAttachmentBytes[type.kind], { kind: type.kind });
    }
    type ??= await supported(parts, name, mimeType);
    return { ...type, bytes: Buffer.concat(parts), name };
  } finally {
    held -= own;
  }
}

async function supported(parts: Buffer[], name: string, mimeType: string): Promise<AttachmentType> {
  const head = Buffer.concat(parts).subarray(0, tellingBytes);
  const type = head.length > 0 ? await typeOf(head, name, mimeType) : undefined;
  if (!type) throw invalidField('/file', 'is empty, or of a kind that cannot be attached', 'unsupported_attachment');
  return type;
}
