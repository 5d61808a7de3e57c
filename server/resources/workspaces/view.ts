import type { Workspace } from '../../../contract/workspaces.ts';
import type { WorkspaceRow } from './queries.ts';

/** A workspace as it is published. Nothing runs in one yet, so it is idle wherever there is a store. */
export const viewWorkspace = (row: WorkspaceRow, hasStorage: boolean): Workspace => ({
  project_id: row.project_id,
  owner_user_id: row.owner_user_id,
  workspace_ref: row.workspace_ref,
  status: hasStorage ? 'idle' : 'unavailable',
  last_used_at: row.last_used_at,
});
