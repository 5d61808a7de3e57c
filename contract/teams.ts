import { z } from 'zod';
import { MemberRole } from './accounts.ts';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Team = z
  .object({
    id: Id.meta({ description: 'ID of the team.' }),
    account_id: Id.meta({ description: 'The account that the team belongs to.' }),
    name: z.string().meta({ description: 'Display name; not unique.' }),
    members_count: z.int().min(0).meta({ description: 'Number of members.' }),
    created_at: Time.meta({ description: 'When the team was created.' }),
  })
  .meta({ id: 'Team', description: 'A group of account members.' });
export type Team = z.infer<typeof Team>;

export const NewTeam = z
  .strictObject({ name: trimmedText(100).meta({ description: 'Display name, 1 to 100 characters.' }) })
  .meta({ id: 'NewTeam', description: 'A team to create.' });
export type NewTeam = z.infer<typeof NewTeam>;

export const TeamMember = z
  .object({
    team_id: Id.meta({ description: 'The team.' }),
    user_id: Id.meta({ description: 'The user, who is a member of the account.' }),
    role: MemberRole.meta({ description: 'Informational only; grants no permissions.' }),
    created_at: Time.meta({ description: 'When the user joined the team.' }),
  })
  .meta({ id: 'TeamMember', description: 'A member of a team.' });
export type TeamMember = z.infer<typeof TeamMember>;

export const NewTeamMember = z
  .strictObject({
    user_id: Id.meta({ description: 'A member of the account.' }),
    role: MemberRole.meta({ description: 'Informational only; grants no permissions.' }),
  })
  .meta({ id: 'NewTeamMember', description: 'A user to add to a team, with their role.' });
export type NewTeamMember = z.infer<typeof NewTeamMember>;

/** A project shared with a team is visible only to its members. */
export const teams = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/teams',
    summary: 'Create a team',
    description: 'Use teams to share projects with a part of the account. The team starts without members, not even you: add them next.',
    body: NewTeam,
    responses: { 201: Team },
    metadata: { auth: 'user', permission: 'account.teams.manage', quota: 'teams', audit: ['team.create', 'team'] },
  },
  list: {
    method: 'GET',
    path: '/v1/teams',
    summary: 'List teams, newest first',
    description: 'Returns all teams of the account with their number of members.',
    query: pageQuery(),
    responses: { 200: z.array(Team) },
    metadata: { auth: 'user', read: 'account.teams.read', pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/teams/{team_id}',
    summary: 'Delete a team',
    description: 'Projects shared with the team become private. Its members stay in the account.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'account.teams.read', permission: 'account.teams.manage', audit: ['team.delete', 'team'] },
  },
  members: {
    method: 'GET',
    path: '/v1/teams/{team_id}/members',
    summary: 'List the members of a team, newest first',
    description: 'Returns the users who can see the projects that are shared with the team.',
    query: pageQuery(),
    responses: { 200: z.array(TeamMember) },
    metadata: { auth: 'user', read: 'account.teams.read', pages: 'cursor' },
  },
  addMember: {
    method: 'POST',
    path: '/v1/teams/{team_id}/members',
    summary: 'Add a member to a team, or change their role in it',
    description:
      'The user must be a member of the account. If the user is already in the team, their role is updated and the status is 200.',
    body: NewTeamMember,
    responses: { 200: TeamMember, 201: TeamMember },
    metadata: { auth: 'user', read: 'account.teams.read', permission: 'account.teams.manage', audit: ['team_member.add', 'team'] },
  },
  removeMember: {
    method: 'DELETE',
    path: '/v1/teams/{team_id}/members/{user_id}',
    summary: 'Remove a member from a team',
    description: 'The user can no longer see the projects shared with the team, and stays a member of the account.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'account.teams.read', permission: 'account.teams.manage', audit: ['team_member.remove', 'team'] },
  },
} as const satisfies Resource);
