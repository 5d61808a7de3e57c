import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { NewTeam, NewTeamMember } from '../../../contract/teams.ts';
import { invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { TeamMemberRow, TeamRow } from './queries.ts';
import * as queries from './queries.ts';

/** The team of the account that a path names. */
export async function findTeam({ read, accountId }: Scope, id: string): Promise<TeamRow> {
  const team = await read.row(queries.selectTeam, [accountId, id]);
  if (!team) throw notFound();
  return team;
}

/** Create a team. Nobody is in it yet, not even its maker. */
export async function createTeam({ tx, accountId, audit }: Scope, { name }: NewTeam): Promise<TeamRow> {
  const team = (await tx.row(queries.insertTeam, [accountId, newId(), name]))!;
  audit({ targetId: team.id, metadata: { name } });
  return team;
}

/** The teams of the account, newest first. */
export async function listTeams({ app, read, accountId }: Scope, { limit, before }: PageQuery) {
  const list = ['teams', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectTeams, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** Delete a team. The projects that were shared with it become private. */
export async function deleteTeam({ tx, accountId, audit }: Scope, { id }: TeamRow): Promise<void> {
  const team = await tx.row(queries.lockTeamToDelete, [accountId, id]);
  if (!team) throw notFound();
  const projects = await tx.run(queries.releaseProjects, [accountId, id]);
  await tx.run(queries.deleteTeam, [accountId, id]);
  audit({ metadata: { name: team.name, projects } });
}

/** Who is in a team, newest first. */
export async function listTeamMembers({ app, read, accountId }: Scope, { id: teamId }: TeamRow, { limit, before }: PageQuery) {
  const list = ['team members', accountId, teamId];
  const [createdAt = null, userId = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectTeamMembers, [accountId, teamId, createdAt, userId, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.user_id]);
}

/** Put a member of the account into a team, or change his role in it. Throws 400 `user_not_in_account`, 409 `quota_exceeded`. */
export async function addTeamMember(
  scope: Scope,
  { id: teamId }: TeamRow,
  { user_id: userId, role }: NewTeamMember,
): Promise<{ member: TeamMemberRow; added: boolean }> {
  const { tx, accountId } = scope;
  if (!(await tx.row(queries.lockTeam, [accountId, teamId]))) throw notFound();
  if (!(await tx.row(queries.holdMembership, [accountId, userId])))
    throw invalidField('/user_id', 'is not a member of the account', 'user_not_in_account');
  const values = [accountId, teamId, userId, role];
  const updated = await tx.row(queries.updateTeamMember, values);
  scope.audit({ targetId: teamId, metadata: { user_id: userId, role, ...(updated && { updated: true }) } });
  if (updated) return { member: updated, added: false };
  await demandRoom(scope, teamId);
  return { member: (await tx.row(queries.insertTeamMember, values))!, added: true };
}

const limitKey = 'limit.team_members';

/** How many members a team of the account may have; 0 is no limit. */
const mostMembers = async ({ app, tx, accountId }: Scope) => (await readEntitlements(app.database, accountId, tx))[limitKey];

async function demandRoom(scope: Scope, teamId: string) {
  const limit = await mostMembers(scope);
  if (limit === 0) return;
  const { current } = (await scope.tx.row(queries.countTeamMembers, [scope.accountId, teamId]))!;
  if (current >= limit) throw refuse('conflict', 'quota_exceeded', 'The team is full.', { key: limitKey, limit, current });
}

/** The member of the team that a path names. */
export async function findTeamMember({ read, accountId }: Scope, userId: string, found: Record<string, unknown>): Promise<TeamMemberRow> {
  const member = await read.row(queries.selectTeamMember, [accountId, (found.team as TeamRow).id, userId]);
  if (!member) throw notFound();
  return member;
}

/** Take a member out of a team. */
export async function removeTeamMember(scope: Scope, { team_id: teamId, user_id: userId, role }: TeamMemberRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteTeamMember, [scope.accountId, teamId, userId])) === 0) throw notFound();
  scope.audit({ targetId: teamId, metadata: { user_id: userId, role } });
}
