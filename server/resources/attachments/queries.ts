import { statement } from '../../kernel/sql.ts';
import { projectVisible } from '../projects/visible.ts';

/** An attachment: `arriving` until its bytes are stored, `staged` until a message names it, then `kept`. */
export type AttachmentRow = {
  id: string;
  account_id: string;
  state: 'arriving' | 'staged' | 'kept';
  name: string;
  mime_type: string;
  kind: 'image' | 'file';
  size: number;
  sha256: string;
};

const columns = 'a.id, a.account_id, a.state, a.name, a.mime_type, a.kind, a.size, a.sha256';

export const insertArriving = statement<never>(`
  insert into attachments (account_id, id, state, uploader_user_id, name, mime_type, kind, size, sha256)
  values ($1, $2, 'arriving', $3, $4, $5, $6, $7, $8)`);

/** What could not be stored. */
export const deleteArriving = statement<never>(`delete from attachments where account_id = $1 and id = $2 and state = 'arriving'`);

export const stage = statement<AttachmentRow>(`
  update attachments a set state = 'staged', created_at = now() where a.account_id = $1 and a.id = $2 and a.state = 'arriving' returning ${columns}`);

/** Whether user `$2`, who sees all projects if `$3`, reads a thread that uses attachment `a`. */
const isShown = `exists (
  select from thread_attachments u join threads t on t.account_id = u.account_id and t.id = u.thread_id
  where u.account_id = a.account_id and u.attachment_id = a.id
    and t.deleted_at is null and (t.expires_at is null or t.expires_at > now())
    and (t.created_by_user_id = $2 or (not t.is_private and exists (
      select from projects p where p.account_id = t.account_id and p.id = t.project_id and p.visibility = 'shared' and ${projectVisible}))))`;

/** The attachment that a key names, if the user may read it; `$6`: whether the key is that of a staged one. */
const readable = `a.account_id = $1 and a.id = $4 and a.name = $5
  and ((a.state = 'staged' and $6::boolean and a.uploader_user_id = $2) or (a.state = 'kept' and not $6::boolean and ${isShown}))`;

export const selectReadable = statement<AttachmentRow>(`select ${columns} from attachments a where ${readable}`);

/** What a message names is used by its thread `$7`, from the commit of the message on. Whoever comes second finds it so, or not at all. */
export const claim = statement<AttachmentRow>(`
  with found as (update attachments a set state = 'kept' where ${readable} returning ${columns}),
  used as (insert into thread_attachments (account_id, attachment_id, thread_id) select account_id, id, $7 from found on conflict do nothing)
  select * from found`);

export const selectKept = statement<AttachmentRow>(
  `select ${columns} from attachments a where a.account_id = $1 and a.id = $2 and a.name = $3 and a.state = 'kept'`,
);

/** For a copy of a thread: thread `$3` uses what its messages name of all that `$2` uses. */
export const copyUses = statement<never>(`
  insert into thread_attachments (account_id, attachment_id, thread_id)
  select u.account_id, u.attachment_id, $3 from thread_attachments u
  where u.account_id = $1 and u.thread_id = $2 and u.attachment_id::text in (
    select split_part(key #>> '{}', '/', 3) from messages m, jsonb_path_query(m.content_json, '$.parts[*].attachment.key') key
    where m.account_id = $1 and m.thread_id = $3 and m.role <> 'tool')`);
