import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { MemberRole } from './accounts.ts';
import { Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

export const Team = z
  .object({ id: Id, account_id: Id, name: z.string(), members_count: z.int().min(0), created_at: Time })
  .meta({ id: 'Team' });
export type Team = z.infer<typeof Team>;

export const NewTeam = z.strictObject({ name: trimmedText(100) }).meta({ id: 'NewTeam' });
export type NewTeam = z.infer<typeof NewTeam>;

export const TeamMember = z
  .object({
    team_id: Id,
    user_id: Id,
    role: MemberRole.meta({ description: 'Informational only; grants no permissions.' }),
    created_at: Time,
  })
  .meta({ id: 'TeamMember' });
export type TeamMember = z.infer<typeof TeamMember>;

export const NewTeamMember = z.strictObject({ user_id: Id, role: MemberRole }).meta({ id: 'NewTeamMember' });
export type NewTeamMember = z.infer<typeof NewTeamMember>;

/** A project shared with a team is visible only to its members. */
export const teams = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/teams',
    summary: 'Create a team',
    body: NewTeam,
    responses: { 201: Team },
    metadata: { auth: 'user', permission: 'account.teams.manage', quota: 'teams', audit: ['team.create', 'team'] },
  },
  list: {
    method: 'GET',
    path: '/v1/teams',
    summary: 'List teams, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Team) },
    metadata: { auth: 'user', read: 'account.teams.read', pages: 'cursor' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/teams/{team_id}',
    summary: 'Delete a team',
    description: 'Projects shared with the team become private.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'account.teams.read', permission: 'account.teams.manage', audit: ['team.delete', 'team'] },
  },
  members: {
    method: 'GET',
    path: '/v1/teams/{team_id}/members',
    summary: 'List the members of a team, newest first',
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
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user', read: 'account.teams.read', permission: 'account.teams.manage', audit: ['team_member.remove', 'team'] },
  },
} as const satisfies Resource);
