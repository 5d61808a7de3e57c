import type { MessageCompletion, MessageContent } from '../../../contract/messages.ts';
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
  completion: MessageCompletion;
  created_at: string;
};

const names = [
  'id',
  'account_id',
  'thread_id',
  'number',
  'created_by_user_id',
  'role',
  'content',
  'content_json',
  'run_id',
  'completion',
  'created_at',
];
const columns = names.join(', ');
const columnsOf = (table: string) => names.map((name) => `${table}.${name}`).join(', ');

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
  insert into messages (account_id, thread_id, number, id, role, content, run_id, completion)
  select account_id, id, last_message_number, $3, 'assistant', $4, $5, $6 from thread`);

/** The hidden messages of a run, in order: what it did before its answer. */
export const insertTrail = statement<never>(`
  with thread as (
    update threads set last_message_number = last_message_number + $4 where account_id = $1 and id = $2 and deleted_at is null
    returning account_id, id, last_message_number - $4 as before)
  insert into messages (account_id, thread_id, number, id, role, content, content_json, run_id, completion)
  select thread.account_id, thread.id, thread.before + m.n, m.id, 'tool', m.content, m.content_json::jsonb, $3, $8
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

/** Hides the messages of run `$3`, and what runs without an answer did after message `$4`. */
export const hideRun = statement<never>(`
  update messages set visible = false
  where account_id = $1 and thread_id = $2 and visible and (run_id = $3 or (role = 'tool' and number > $4))`);

/**
 * What a run may see: everything up to the message that was the newest when it was created. Of an unfinished answer the hidden messages hold all
 * of it, and the shown one is left out. They follow the message that was answered, unless it is run `$4`, which the run continues.
 */
export const selectHistory = statement<MessageRow>(`
  select ${columnsOf('m')} from messages m
  left join runs r on m.completion <> 'complete' and m.run_id is distinct from $4 and r.account_id = $1 and r.thread_id = $2 and r.id = m.run_id
  where m.account_id = $1 and m.thread_id = $2 and m.visible and m.number <= $3 and (m.completion = 'complete' or m.role = 'tool')
  order by least(r.tail_message_number, m.number), m.number`);

/** What run `$3` answered and did not finish: the text that is shown, and the text of its last turn if that was cut off. */
export const selectUnfinished = statement<{ shown: string | null; text: string | null }>(`
  select max(content) filter (where role = 'assistant') as shown, max(content) filter (where content_json ->> 'kind' = 'unfinished') as text
  from messages where account_id = $1 and thread_id = $2 and run_id = $3 and visible and completion <> 'complete'`);

/**
 * Makes what run `$3` did a part of run `$4`, which ended as `$5`; what it showed is hidden. With `$6` the text of its last turn is in the first
 * turn of that run now. What a provider wanted back is dropped when its loop is over.
 */
export const adoptRun = statement<never>(`
  update messages set
    visible = role = 'tool' and not ($6 and content_json ->> 'kind' = 'unfinished'),
    run_id = case when role = 'tool' then $4 else run_id end,
    completion = case when role = 'tool' then $5 else completion end,
    content_json = case when content_json ->> 'kind' = 'unfinished' then '{"kind": "assistant"}'
      when $5 = 'complete' then content_json - 'opaque' else content_json end
  where account_id = $1 and thread_id = $2 and run_id = $3 and visible and completion <> 'complete'`);
