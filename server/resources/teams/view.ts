import type { Team, TeamMember } from '../../../contract/teams.ts';
import type { TeamMemberRow, TeamRow } from './queries.ts';

export const viewTeam = (row: TeamRow): Team => ({
  id: row.id,
  account_id: row.account_id,
  name: row.name,
  members_count: row.members_count,
  created_at: row.created_at,
});

export const viewTeamMember = (row: TeamMemberRow): TeamMember => ({
  team_id: row.team_id,
  user_id: row.user_id,
  role: row.role,
  created_at: row.created_at,
});
