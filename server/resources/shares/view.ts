import type { MessageContent } from '../../../contract/messages.ts';
import type { Share, ShareView } from '../../../contract/shares.ts';
import { toSharedKey } from '../attachments/sharedKey.ts';
import type { PublicShareRow, SharedMessageRow } from './queries.ts';
import type { ShareWithToken } from './service.ts';

export const viewShare = ({ row, token }: ShareWithToken): Share => ({
  id: row.id,
  token,
  url: `/s/${token}`,
  access_type: row.password_hash === null ? 'public' : 'password',
  has_password: row.password_hash !== null,
  live_update: row.live_update,
  snapshot_turn_count: row.snapshot_turn_count,
  created_at: row.created_at,
});

/** The public view of a shared thread. Contains no ids of accounts or users. */
export const viewShared = ({ title, thread_created_at: createdAt }: PublicShareRow, messages: readonly SharedMessageRow[]): ShareView => ({
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

/** Replaces attachment keys, because they contain the account id. */
const viewContent = ({ parts }: MessageContent): MessageContent => ({
  parts: parts.map((part) =>
    part.type === 'text' ? part : { ...part, attachment: { ...part.attachment, key: toSharedKey(part.attachment.key) } },
  ),
});
