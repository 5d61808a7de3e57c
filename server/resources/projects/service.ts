import type { NewProject, ProjectChanges } from '../../../contract/projects.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Queryable } from '../../database/sql.ts';
import type { Intent } from '../../http/pipeline/implement.ts';
import { requireOwnership } from '../../http/pipeline/ownership.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { Failure, failWith, invalidField, notFound } from '../../platform/failure.ts';
import { releaseWorkspaces } from '../workspaces/queries.ts';
import type { ProjectRow } from './queries.ts';
import * as queries from './queries.ts';

const managePermission = 'data.projects.manage';

/** Each user has one default project per account. It is created at registration, and again if it is missing. */
export const ensureDefaultProject = (sql: Queryable, accountId: string, userId: string) =>
  sql.run(queries.insertDefaultProject, { accountId, id: newId(), userId });

const projectNotFound = () => new Failure('not_found', notFound().message, { code: 'projects.not_found' });

/** Throws 404 unless the caller may see the project, and 403 for a write by a caller who neither owns it nor manages projects. */
export async function findProject(scope: Scope, id: string, intent: Intent): Promise<ProjectRow> {
  const { actor, accountId, db, permissions } = scope;
  const project = await db.row(queries.selectVisibleProject, {
    accountId,
    userId: actor.userId,
    seesAll: permissions.has(managePermission),
    id,
  });
  if (!project) throw projectNotFound();
  if (intent === 'write') requireOwnership(scope, project.owner_user_id, managePermission);
  return project;
}

/** Throws 400 `team_not_found`. */
export async function createProject(scope: Scope, input: NewProject): Promise<ProjectRow> {
  const { tx, accountId, actor } = scope;
  const { name, description = null, team_id: teamId = null, visibility } = input;
  await requireTeam(scope, teamId);
  const id = newId();
  const project = await tx.row(queries.insertProject, { accountId, id, userId: actor.userId, teamId, name, description, visibility });
  scope.audit({ targetId: id, metadata: { visibility } });
  return project!;
}

async function requireTeam({ tx, accountId }: Scope, teamId: string | null | undefined) {
  if (teamId && !(await tx.row(queries.lockTeamKeyShare, { accountId, teamId })))
    throw invalidField('/team_id', 'is not a team of the account', 'team_not_found');
}

/** The projects that the caller may see, newest first. Creates the default project if it is missing. */
export async function listProjects(
  { app, db, accountId, actor: { userId }, permissions }: Scope,
  page: PageQuery,
): Promise<{ rows: ProjectRow[]; next: string | undefined }> {
  const seesAll = permissions.has(managePermission);
  await ensureDefaultProject(db, accountId, userId);
  return app.cursors.fetchPage(
    page,
    ['projects', accountId, userId, seesAll],
    (key) => db.rows(queries.selectVisibleProjects, { accountId, userId, seesAll, ...key }),
    (row) => [row.created_at, row.id],
  );
}

/** Throws 409 `default_project`, 400 `team_not_found`. */
export async function updateProject(scope: Scope, { id }: ProjectRow, changes: ProjectChanges): Promise<ProjectRow> {
  const { tx, accountId } = scope;
  const { name = null, description, team_id: teamId, visibility = null } = changes;
  await requireTeam(scope, teamId);
  const project = await lockProject(scope, id);
  if (project.is_default && visibility === 'shared') throw defaultProject('The default project stays private.');
  const changed = await tx.row(queries.updateProject, {
    accountId,
    id,
    name,
    changesDescription: description !== undefined,
    description: description ?? null,
    changesTeam: teamId !== undefined,
    teamId: teamId ?? null,
    visibility,
  });
  const fields = Object.keys(changes).filter((field) => changes[field as keyof ProjectChanges] !== undefined);
  scope.audit({ metadata: { fields: fields.sort(), ...(visibility && { visibility }) } });
  return changed!;
}

/** The threads of the project remain; a worker removes its workspaces. Throws 409 `default_project`. */
export async function deleteProject(scope: Scope, { id }: ProjectRow): Promise<void> {
  const { tx, accountId } = scope;
  if ((await lockProject(scope, id)).is_default) throw defaultProject('The default project stays.');
  await tx.run(queries.deleteProject, { accountId, id });
  await tx.run(releaseWorkspaces, { accountId, projectId: id });
}

async function lockProject({ tx, accountId }: Scope, id: string) {
  const project = await tx.row(queries.lockProject, { accountId, id });
  if (!project) throw projectNotFound();
  return project;
}

const defaultProject = (message: string) => failWith('conflict', 'default_project', message);
