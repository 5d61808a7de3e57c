import { jsonPointer } from '../../../contract/shared/input.ts';
import type { Scope } from '../../http/scope.ts';
import { invalidField } from '../../platform/failure.ts';
import { formatKey, parseKey } from './key.ts';
import type { AttachmentRow } from './queries.ts';
import * as queries from './queries.ts';
import { readParametersOf } from './service.ts';

/** A reference to an attachment in a message. `kind` is the kind of part that refers to it; `path` is its position in the body. */
export type AttachmentReference = { key: string; kind: AttachmentRow['kind']; path: readonly PropertyKey[] };

/** The fields that are stored with the message. */
export type ClaimedAttachment = Pick<AttachmentRow, 'kind' | 'mime_type' | 'size'> & { key: string };

/**
 * Links the named attachments to the thread. A staged attachment becomes `kept`, under a new key. Takes effect with the commit. Returns the
 * attachments by the key that was named. Throws 400 `attachment_not_found`, also if the caller may not read it, or
 * `attachment_kind_mismatch`.
 */
export async function claimAttachments(
  scope: Scope,
  threadId: string,
  named: readonly AttachmentReference[],
): Promise<Map<string, ClaimedAttachment>> {
  const claimed = new Map<string, ClaimedAttachment>();
  // A fixed order, so that concurrent claims do not deadlock.
  for (const { key, kind, path } of named.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const row = claimed.get(key) ?? (await claim(scope, threadId, key));
    if (!row) throw invalidField(jsonPointer([...path, 'key']), 'is not an attachment you can use', 'attachment_not_found');
    if (row.kind !== kind)
      throw invalidField(jsonPointer(path), `is not ${kind === 'image' ? 'an image' : 'a text file'}`, 'attachment_kind_mismatch');
    claimed.set(key, row);
  }
  return claimed;
}

async function claim(scope: Scope, threadId: string, text: string): Promise<ClaimedAttachment | undefined> {
  const key = parseKey(text);
  if (!key || key.accountId !== scope.accountId) return undefined;
  const row = await scope.tx.row(queries.claim, { ...readParametersOf(scope, key), threadId });
  return row && { key: formatKey({ ...key, staged: false }), kind: row.kind, mime_type: row.mime_type, size: row.size };
}
