import type { NewProject, ProjectChanges } from '../../../contract/projects.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { Intent } from '../../http/implement.ts';
import { demandOwnership } from '../../http/ownership.ts';
import { Failure, invalidField, notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { releaseWorkspaces } from '../workspaces/queries.ts';
import { ProjectSchema } from './entity.ts';
import type { ProjectRow } from './queries.ts';
import * as queries from './queries.ts';

const manage = 'data.projects.manage';

/** Everybody has one default project in each account; made at registration, and again where it is missing. */
export const ensureDefaultProject = (sql: Sql, accountId: string, userId: string) =>
  sql.run(queries.insertDefaultProject, [accountId, newId(), userId]);

const projectNotFound = () => new Failure('not_found', notFound().message, { code: 'projects.not_found' });

/** The project a path names, if the caller sees it; only its owner and those who manage projects may change it. */
export async function findProject(scope: Scope, id: string, intent: Intent): Promise<ProjectRow> {
  const { actor, accountId, read, permissions } = scope;
  const project = await read.row(queries.selectVisibleProject, [accountId, actor.userId, permissions.has(manage), id]);
  if (!project) throw projectNotFound();
  if (intent === 'write') demandOwnership(scope, project.owner_user_id, manage);
  return project;
}

/** Make a project of the caller's own. Throws 400 `team_not_found`. */
export async function createProject(scope: Scope, input: NewProject): Promise<ProjectRow> {
  const { tx, accountId, actor } = scope;
  const { name, description = null, team_id: teamId = null, visibility } = input;
  await holdTeam(scope, teamId);
  const id = newId();
  const project = await tx.row(queries.insertProject, [accountId, id, actor.userId, teamId, name, description, visibility]);
  scope.audit({ targetId: id, metadata: { visibility } });
  return project!;
}

async function holdTeam({ tx, accountId }: Scope, teamId: string | null | undefined) {
  if (teamId && !(await tx.row(queries.holdTeam, [accountId, teamId])))
    throw invalidField('/team_id', 'is not a team of the account', 'team_not_found');
}

/** The projects that the caller sees, newest first; his default project is there even if it was missing. */
export async function listProjects(
  { app, read, accountId, actor, permissions }: Scope,
  { limit, before }: PageQuery,
): Promise<{ rows: ProjectRow[]; next: string | undefined }> {
  const seesAll = permissions.has(manage);
  const list = ['projects', accountId, actor.userId, seesAll];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  await ensureDefaultProject(read, accountId, actor.userId);
  const rows = await read.rows(queries.selectVisibleProjects, [accountId, actor.userId, seesAll, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** Change a project. Throws 409 `default_project`, 400 `team_not_found`. */
export async function updateProject(scope: Scope, { id }: ProjectRow, changes: ProjectChanges): Promise<ProjectRow> {
  const { tx, accountId } = scope;
  await holdTeam(scope, changes.team_id);
  const { em, project } = await lockProject(scope, id);
  if (project.isDefault && changes.visibility === 'shared') throw defaultProject('The default project stays private.');
  em.assign(project, columnsOf(changes));
  await em.flush();
  const fields = Object.keys(changes).filter((name) => changes[name as keyof ProjectChanges] !== undefined);
  scope.audit({ metadata: { fields: fields.sort(), ...(changes.visibility && { visibility: changes.visibility }) } });
  return (await tx.row(queries.selectProject, [accountId, id]))!;
}

/** Delete a project; its threads stay, its workspaces are removed by the worker. Throws 409 `default_project`. */
export async function deleteProject(scope: Scope, { id }: ProjectRow): Promise<void> {
  const { project } = await lockProject(scope, id);
  if (project.isDefault) throw defaultProject('The default project stays.');
  project.deletedAt = new Date();
  await scope.tx.run(releaseWorkspaces, [scope.accountId, id]);
}

async function lockProject({ tx, accountId }: Scope, id: string) {
  if (!(await tx.row(queries.lockProject, [accountId, id]))) throw projectNotFound();
  const em = await tx.em();
  return { em, project: await em.findOneOrFail(ProjectSchema, { accountId, id }) };
}

const columnsOf = ({ name, description, team_id: teamId, visibility }: ProjectChanges) => ({
  ...(name !== undefined && { name }),
  ...(description !== undefined && { description }),
  ...(teamId !== undefined && { teamId }),
  ...(visibility !== undefined && { visibility }),
});

const defaultProject = (message: string) => refuse('conflict', 'default_project', message);
