import type { Message } from '../../../contract/messages.ts';
import type { MessageRow } from './queries.ts';

export const viewMessage = (row: MessageRow): Message => ({
  id: row.id,
  account_id: row.account_id,
  thread_id: row.thread_id,
  created_by_user_id: row.created_by_user_id,
  role: row.role,
  content: row.content,
  ...(row.content_json && { content_json: row.content_json }),
  ...(row.role === 'assistant' && row.run_id && { run_id: row.run_id }),
  completion: row.completion,
  created_at: row.created_at,
});
