import type { OpenedFile, SentFile } from '../../http/bytes.ts';
import { notFound } from '../../kernel/failure.ts';
import type { RequestScope, Scope } from '../../kernel/scope.ts';
import { type AttachmentKey, objectKey, parseKey } from './key.ts';
import type { AttachmentRow } from './queries.ts';
import * as queries from './queries.ts';
import { type ShareTokens, sharedAttachment } from './shared.ts';
import { withStorage } from './store.ts';

const aDay = 86_400;

/** The attachment that a key names, ready to be sent. Throws 404 for one that the caller may not read. */
export async function findAttachment(scope: Scope, text: string): Promise<SentFile> {
  const key = parseKey(text);
  const row = key && key.accountId === scope.accountId ? await scope.read.row(queries.selectReadable, readingOf(scope, key)) : undefined;
  if (!row) throw notFound();
  return fileOf(scope, row);
}

/** The same for somebody without an account, who was given a share. Throws 404, or 403 `invalid_session`. */
export async function findSharedAttachment(scope: RequestScope, text: string, tokens: ShareTokens): Promise<SentFile> {
  const key = await sharedAttachment(scope, text, tokens);
  if (!key) throw notFound();
  const row = await scope.read.row(queries.selectKept, [key.accountId, key.id, key.name]);
  if (!row) throw notFound();
  return fileOf(scope, row);
}

/** The values of a statement that finds what the caller may read under a key. */
export const readingOf = ({ accountId, actor, permissions }: Scope, { id, name, staged }: AttachmentKey) => [
  accountId,
  actor.userId,
  permissions.has('data.projects.manage'),
  id,
  name,
  staged,
];

const fileOf = (scope: RequestScope, row: AttachmentRow): SentFile => ({
  sha256: row.sha256,
  name: row.name,
  inline: row.kind === 'image',
  maxAgeSeconds: aDay,
  open: () => openObject(scope, row),
});

async function openObject(scope: RequestScope, { account_id, id, size, kind, mime_type }: AttachmentRow): Promise<OpenedFile> {
  const object = await withStorage(scope, (storage) => storage.get(objectKey(account_id, id)));
  if (!object) throw notFound();
  if (object.size !== size) {
    object.close();
    throw new Error('the content of an attachment is damaged');
  }
  return { ...object, type: kind === 'file' ? `${mime_type}; charset=utf-8` : mime_type };
}
