import type { MessageContent } from '../../../contract/messages.ts';
import { statement } from '../../kernel/sql.ts';

export type MessageRow = {
  id: string;
  account_id: string;
  thread_id: string;
  number: number;
  created_by_user_id: string | null;
  role: 'user' | 'assistant';
  content: string;
  content_json: MessageContent | null;
  run_id: string | null;
  created_at: string;
};

const columns = 'id, account_id, thread_id, number, created_by_user_id, role, content, content_json, run_id, created_at';

/** The counter on the thread row gives every message its number: gap-free, whoever sends at the same moment. */
export const insertMessage = statement<MessageRow>(`
  with thread as (
    update threads set last_message_number = last_message_number + 1, updated_at = now()
    where account_id = $1 and id = $2 and deleted_at is null returning account_id, id, last_message_number)
  insert into messages (account_id, thread_id, number, id, created_by_user_id, role, content, content_json, run_id)
  select account_id, id, last_message_number, $3, $4, $5, $6, $7, $8 from thread
  returning ${columns}`);

/** The answer of a run; its activity is not the thread's. A deleted thread takes none. */
export const insertAnswer = statement<never>(`
  with thread as (
    update threads set last_message_number = last_message_number + 1
    where account_id = $1 and id = $2 and deleted_at is null returning account_id, id, last_message_number)
  insert into messages (account_id, thread_id, number, id, role, content, run_id)
  select account_id, id, last_message_number, $3, 'assistant', $4, $5 from thread`);

/** The hidden messages of a run, in order: what it did before its answer. */
export const insertTrail = statement<never>(`
  with thread as (
    update threads set last_message_number = last_message_number + $4 where account_id = $1 and id = $2 and deleted_at is null
    returning account_id, id, last_message_number - $4 as before)
  insert into messages (account_id, thread_id, number, id, role, content, content_json, run_id)
  select thread.account_id, thread.id, thread.before + m.n, m.id, 'tool', m.content, m.content_json::jsonb, $3
  from thread, unnest($5::uuid[], $6::text[], $7::text[]) with ordinality as m(id, content, content_json, n)`);

export const selectMessages = statement<MessageRow>(`
  select ${columns} from messages
  where account_id = $1 and thread_id = $2 and visible and role <> 'tool' and ($3::integer is null or number < $3)
  order by number desc limit $4`);

export const selectMessage = statement<MessageRow>(`
  select ${columns} from messages where account_id = $1 and thread_id = $2 and id = $3 and visible and role = 'user'`);

export const selectLastVisible = statement<MessageRow>(`
  select ${columns} from messages where account_id = $1 and thread_id = $2 and visible and role <> 'tool' order by number desc limit 1`);

export const updateContent = statement<never>(
  'update messages set content = $4, content_json = $5 where account_id = $1 and thread_id = $2 and id = $3',
);

export const hideAfter = statement<never>(
  'update messages set visible = false where account_id = $1 and thread_id = $2 and number > $3 and visible',
);

export const hideRun = statement<never>(
  'update messages set visible = false where account_id = $1 and thread_id = $2 and run_id = $3 and visible',
);

/** What a run may see: everything up to the message that was the newest when it was created. */
export const selectHistory = statement<MessageRow>(`
  select ${columns} from messages where account_id = $1 and thread_id = $2 and visible and number <= $3 order by number`);
