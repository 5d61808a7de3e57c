import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { NewTeam, NewTeamMember } from '../../../contract/teams.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { TeamMemberRow, TeamRow } from './queries.ts';
import * as queries from './queries.ts';

export async function findTeam({ db, accountId }: Scope, id: string): Promise<TeamRow> {
  const team = await db.row(queries.selectTeam, { accountId, id });
  if (!team) throw notFound();
  return team;
}

/** The creator does not become a member. */
export async function createTeam({ tx, accountId, audit }: Scope, { name }: NewTeam): Promise<TeamRow> {
  const team = (await tx.row(queries.insertTeam, { accountId, id: newId(), name }))!;
  audit({ targetId: team.id, metadata: { name } });
  return team;
}

export const listTeams = ({ app, db, accountId }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['teams', accountId],
    (key) => db.rows(queries.selectTeams, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );

/** Projects shared with the team become private. */
export async function deleteTeam({ tx, accountId, audit }: Scope, { id }: TeamRow): Promise<void> {
  const team = await tx.row(queries.lockTeamToDelete, { accountId, id });
  if (!team) throw notFound();
  const projects = await tx.run(queries.releaseProjects, { accountId, id });
  await tx.run(queries.deleteTeam, { accountId, id });
  audit({ metadata: { name: team.name, projects } });
}

export const listTeamMembers = ({ app, db, accountId }: Scope, { id: teamId }: TeamRow, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['team members', accountId, teamId],
    (key) => db.rows(queries.selectTeamMembers, { accountId, teamId, ...key }),
    (row) => [row.created_at, row.user_id],
  );

/** Adds a member of the account to a team, or changes their role. Throws 400 `user_not_in_account`, 409 `quota_exceeded`. */
export async function addTeamMember(
  scope: Scope,
  { id: teamId }: TeamRow,
  { user_id: userId, role }: NewTeamMember,
): Promise<{ member: TeamMemberRow; added: boolean }> {
  const { tx, accountId } = scope;
  if (!(await tx.row(queries.lockTeam, { accountId, id: teamId }))) throw notFound();
  if (!(await tx.row(queries.lockMembershipKeyShare, { accountId, userId })))
    throw invalidField('/user_id', 'is not a member of the account', 'user_not_in_account');
  const values = { accountId, teamId, userId, role };
  const updated = await tx.row(queries.updateTeamMember, values);
  scope.audit({ targetId: teamId, metadata: { user_id: userId, role, ...(updated && { updated: true }) } });
  if (updated) return { member: updated, added: false };
  await checkMemberLimit(scope, teamId);
  return { member: (await tx.row(queries.insertTeamMember, values))!, added: true };
}

const limitKey = 'limit.team_members';

/** The maximum number of members per team; 0 means unlimited. */
const maxMembers = async ({ app, tx, accountId }: Scope) => (await readEntitlements(app.database, accountId, tx))[limitKey];

async function checkMemberLimit(scope: Scope, teamId: string) {
  const limit = await maxMembers(scope);
  if (limit === 0) return;
  const { current } = (await scope.tx.row(queries.countTeamMembers, { accountId: scope.accountId, teamId }))!;
  if (current >= limit) throw failWith('conflict', 'quota_exceeded', 'The team is full.', { key: limitKey, limit, current });
}

export async function findTeamMember({ db, accountId }: Scope, userId: string, loaded: Record<string, unknown>): Promise<TeamMemberRow> {
  const member = await db.row(queries.selectTeamMember, { accountId, teamId: (loaded.team as TeamRow).id, userId });
  if (!member) throw notFound();
  return member;
}

export async function removeTeamMember(scope: Scope, { team_id: teamId, user_id: userId, role }: TeamMemberRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteTeamMember, { accountId: scope.accountId, teamId, userId })) === 0) throw notFound();
  scope.audit({ targetId: teamId, metadata: { user_id: userId, role } });
}
