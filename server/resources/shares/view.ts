import type { MessageContent } from '../../../contract/messages.ts';
import type { Share, ShareView } from '../../../contract/shares.ts';
import { publicKey } from '../attachments/sharedKey.ts';
import type { OpenedShareRow, SharedMessageRow } from './queries.ts';
import type { OwnShare } from './service.ts';

/** A share as its owner sees it. */
export const viewShare = ({ row, token }: OwnShare): Share => ({
  id: row.id,
  token,
  url: `/s/${token}`,
  access_type: row.password_hash === null ? 'public' : 'password',
  has_password: row.password_hash !== null,
  live_update: row.live_update,
  snapshot_turn_count: row.snapshot_turn_count,
  created_at: row.created_at,
});

/** A shared thread as everybody sees it: without the ids of its account and people. */
export const viewShared = ({ title, thread_created_at: createdAt }: OpenedShareRow, messages: readonly SharedMessageRow[]): ShareView => ({
  requires_password: false,
  thread: { title, created_at: createdAt },
  messages: messages.map(({ id, role, content, content_json: structured, completion, created_at }) => ({
    id,
    role,
    content,
    ...(structured && { content_json: viewContent(structured) }),
    completion,
    created_at,
  })),
});

/** Keys of attachments name the account. */
const viewContent = ({ parts }: MessageContent): MessageContent => ({
  parts: parts.map((part) =>
    part.type === 'text' ? part : { ...part, attachment: { ...part.attachment, key: publicKey(part.attachment.key) } },
  ),
});
