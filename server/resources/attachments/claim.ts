import { pointer } from '../../../contract/shared/input.ts';
import { invalidField } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { keyOf, parseKey } from './key.ts';
import type { AttachmentRow } from './queries.ts';
import * as queries from './queries.ts';
import { readingOf } from './service.ts';

/** An attachment as a message names it: what kind of part names it, and where that stands in the body. */
export type Named = { key: string; kind: AttachmentRow['kind']; path: readonly PropertyKey[] };

/** What of a named attachment is stored with the message. */
export type Claimed = Pick<AttachmentRow, 'kind' | 'mime_type' | 'size'> & { key: string };

/**
 * What a message of a thread names is used by the thread, and what was staged is staged no more, once the transaction commits.
 * By the key that was named. Throws 400 `attachment_not_found`, also for what the caller may not read.
 */
export async function claimAttachments(scope: Scope, threadId: string, named: readonly Named[]): Promise<Map<string, Claimed>> {
  const claimed = new Map<string, Claimed>();
  // In the same order for everybody, so that nobody waits for who waits for him.
  for (const { key, kind, path } of named.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const row = claimed.get(key) ?? (await claim(scope, threadId, key));
    if (!row) throw invalidField(pointer([...path, 'key']), 'is not an attachment you can use', 'attachment_not_found');
    if (row.kind !== kind) throw invalidField(pointer(path), `is not ${kind === 'image' ? 'an image' : 'a text file'}`);
    claimed.set(key, row);
  }
  return claimed;
}

async function claim(scope: Scope, threadId: string, text: string): Promise<Claimed | undefined> {
  const key = parseKey(text);
  if (!key || key.accountId !== scope.accountId) return undefined;
  const row = await scope.tx.row(queries.claim, [...readingOf(scope, key), threadId]);
  return row && { key: keyOf({ ...key, staged: false }), kind: row.kind, mime_type: row.mime_type, size: row.size };
}
