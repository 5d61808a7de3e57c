import type { Memory } from '../../../contract/memories.ts';
import type { MemoryRow } from './queries.ts';

export const viewMemory = (row: MemoryRow): Memory => ({
  id: row.id,
  account_id: row.account_id,
  content: row.content,
  source: row.source,
  thread_id: row.thread_id,
  created_at: row.created_at,
  updated_at: row.updated_at,
});
