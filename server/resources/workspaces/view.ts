import type { Workspace } from '../../../contract/workspaces.ts';
import type { WorkspaceRow } from './queries.ts';

/** Nothing executes in workspaces yet, so the status is `idle` whenever object storage is configured. */
export const viewWorkspace = (row: WorkspaceRow, hasStorage: boolean): Workspace => ({
  project_id: row.project_id,
  owner_user_id: row.owner_user_id,
  workspace_ref: row.workspace_ref,
  status: hasStorage ? 'idle' : 'unavailable',
  last_used_at: row.last_used_at,
});
