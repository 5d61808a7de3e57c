import type { Project } from '../../../contract/projects.ts';
import type { ProjectRow } from './queries.ts';

export const viewProject = (row: ProjectRow): Project => ({
  id: row.id,
  account_id: row.account_id,
  team_id: row.team_id,
  owner_user_id: row.owner_user_id,
  name: row.name,
  description: row.description,
  visibility: row.visibility,
  is_default: row.is_default,
  created_at: row.created_at,
});
