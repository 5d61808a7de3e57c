import type { ForkedThread, FoundThread, Thread } from '../../../contract/threads.ts';
import type { Fork } from './fork.ts';
import type { ThreadRow } from './queries.ts';
import type * as search from './searchQueries.ts';

export const viewThread = (row: ThreadRow): Thread => ({
  id: row.id,
  account_id: row.account_id,
  created_by_user_id: row.created_by_user_id,
  title: row.title,
  project_id: row.project_id,
  created_at: row.created_at,
  updated_at: row.updated_at,
  archived_at: row.archived_at,
  active_run_id: row.active_run_id,
  is_private: row.is_private,
  expires_at: row.expires_at,
  ...(row.parent_thread_id && { parent_thread_id: row.parent_thread_id }),
});

export const viewFoundThread = (row: search.FoundThread): FoundThread => ({ ...viewThread(row), snippet: row.snippet });

/** `id_mapping` lists only the messages that the API shows. */
export const viewFork = ({ thread, copied }: Fork): ForkedThread => ({
  ...viewThread(thread),
  id_mapping: copied.filter(({ isShown }) => isShown).map(({ oldId, newId }) => ({ old_id: oldId, new_id: newId })),
});
