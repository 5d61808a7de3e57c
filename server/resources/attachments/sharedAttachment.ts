import type { RequestScope } from '../../http/scope.ts';
import { findShare } from '../shares/publicAccess.ts';
import { selectAttachmentReference } from '../shares/queries.ts';
import { sharedMessagesFilter } from '../shares/sharedMessages.ts';
import { type AttachmentKey, formatKey, parseKey } from './key.ts';
import { fromSharedKey } from './sharedKey.ts';

export type ShareTokens = { shareToken: string; sessionToken: string | undefined };

/**
 * Returns the key of an attachment that a share contains; undefined if it does not. Throws 404, or 403 `invalid_session`, if the caller may
 * not open the share.
 */
export async function resolveSharedKey(
  scope: RequestScope,
  text: string,
  { shareToken, sessionToken }: ShareTokens,
): Promise<AttachmentKey | undefined> {
  const share = await findShare(scope, shareToken, sessionToken);
  const key = share.isOpen ? parseKey(fromSharedKey(text, share.row.account_id)) : undefined;
  if (!key || key.staged || key.accountId !== share.row.account_id) return undefined;
  const named = await scope.db.row(selectAttachmentReference, {
    ...sharedMessagesFilter(share.row),
    attachmentId: key.id,
    key: formatKey(key),
  });
  return named && key;
}
