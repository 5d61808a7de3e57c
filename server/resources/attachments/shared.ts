import type { RequestScope } from '../../kernel/scope.ts';
import { findShare } from '../shares/open.ts';
import { selectNaming } from '../shares/queries.ts';
import { shownOf } from '../shares/shown.ts';
import { type AttachmentKey, keyOf, parseKey } from './key.ts';
import { privateKey } from './sharedKey.ts';

/** What whoever was given a share brings along. */
export type ShareTokens = { shareToken: string; sessionToken: string | undefined };

/** The key of an attachment that a share shows, to somebody who may open the share. Throws 404, or 403 `invalid_session`. */
export async function sharedAttachment(
  scope: RequestScope,
  text: string,
  { shareToken, sessionToken }: ShareTokens,
): Promise<AttachmentKey | undefined> {
  const share = await findShare(scope, shareToken, sessionToken);
  const key = share.isOpen ? parseKey(privateKey(text, share.row.account_id)) : undefined;
  if (!key || key.staged || key.accountId !== share.row.account_id) return undefined;
  const named = await scope.read.row(selectNaming, [...shownOf(share.row), keyOf(key)]);
  return named && key;
}
