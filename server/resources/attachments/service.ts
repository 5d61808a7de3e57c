import type { DownloadableFile, OpenedFile } from '../../http/fileResponse.ts';
import type { RequestScope, Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { documentFormatOf } from './documents/documentTypes.ts';
import { type AttachmentKey, objectKey, parseKey } from './key.ts';
import type { AttachmentRow } from './queries.ts';
import * as queries from './queries.ts';
import { resolveSharedKey, type ShareTokens } from './sharedAttachment.ts';
import { withStorage } from './withStorage.ts';

const secondsPerDay = 86_400;

/** Throws 404 for an attachment that the caller may not read. */
export async function findAttachment(scope: Scope, text: string): Promise<DownloadableFile> {
  const key = parseKey(text);
  const row =
    key && key.accountId === scope.accountId ? await scope.db.row(queries.selectReadable, readParametersOf(scope, key)) : undefined;
  if (!row) throw notFound();
  return fileOf(scope, row);
}

/** For a caller without an account, who has the token of a share. Throws 404, or 403 `invalid_session`. */
export async function findSharedAttachment(scope: RequestScope, text: string, tokens: ShareTokens): Promise<DownloadableFile> {
  const key = await resolveSharedKey(scope, text, tokens);
  if (!key) throw notFound();
  const row = await scope.db.row(queries.selectKept, { accountId: key.accountId, id: key.id, name: key.name });
  if (!row) throw notFound();
  return fileOf(scope, row);
}

export const readParametersOf = (
  { accountId, actor, permissions }: Scope,
  { id, name, staged }: AttachmentKey,
): queries.ReadParameters => ({
  accountId,
  userId: actor.userId,
  seesAll: permissions.has('data.projects.manage'),
  id,
  name,
  staged,
});

const fileOf = (scope: RequestScope, row: AttachmentRow): DownloadableFile => ({
  sha256: row.sha256,
  name: row.name,
  inline: row.kind === 'image',
  maxAgeSeconds: secondsPerDay,
  open: () => openObject(scope, row),
});

async function openObject(scope: RequestScope, { account_id, id, size, kind, mime_type }: AttachmentRow): Promise<OpenedFile> {
  const object = await withStorage(scope, (storage) => storage.get(objectKey(account_id, id)));
  if (!object) throw notFound();
  if (object.size !== size) {
    object.close();
    throw new Error('the content of an attachment is damaged');
  }
  return { ...object, type: kind === 'file' && !documentFormatOf(mime_type) ? `${mime_type}; charset=utf-8` : mime_type };
}
