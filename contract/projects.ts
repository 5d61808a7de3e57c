import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { changes, Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

export const Visibility = z.enum(['private', 'shared']).meta({
  id: 'Visibility',
  description: 'A `shared` project is visible to all members of the account, or only to the team in `team_id`.',
});
export type Visibility = z.infer<typeof Visibility>;

export const Project = z
  .object({
    id: Id,
    account_id: Id,
    team_id: Id.nullable(),
    owner_user_id: Id.nullable(),
    name: z.string(),
    description: z.string().nullable(),
    visibility: Visibility,
    is_default: z.boolean().meta({ description: 'Each member has one default project per account. It is private and cannot be deleted.' }),
    created_at: Time,
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

const description = z.string().max(2_000).nullish();
const teamId = Id.nullish().meta({ description: 'A team of the account.' });

export const NewProject = z
  .strictObject({ name: trimmedText(200), description, team_id: teamId, visibility: Visibility.default('private') })
  .meta({ id: 'NewProject' });
export type NewProject = z.infer<typeof NewProject>;

export const ProjectChanges = changes({
  name: trimmedText(200).optional(),
  description,
  team_id: teamId,
  visibility: Visibility.optional(),
}).meta({ id: 'ProjectChanges' });
export type ProjectChanges = z.infer<typeof ProjectChanges>;

const read = 'data.projects.read';
const permission = 'data.projects.manage';

export const projects = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/projects',
    summary: 'Create a project',
    body: NewProject,
    responses: { 201: Project },
    metadata: { auth: 'user+key', permission, quota: 'projects', audit: ['project.create', 'project'] },
  },
  list: {
    method: 'GET',
    path: '/v1/projects',
    summary: 'List the projects that you can see, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Project) },
    metadata: { auth: 'user+key', read, pages: 'cursor', mayWrite: true },
  },
  get: {
    method: 'GET',
    path: '/v1/projects/{project_id}',
    summary: 'Retrieve a project',
    responses: { 200: Project },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/projects/{project_id}',
    summary: 'Update a project',
    description: 'A null `team_id` or `description` clears it. The default project cannot be shared.',
    body: ProjectChanges,
    responses: { 200: Project },
    metadata: { auth: 'user+key', read, permission, exempt: 'owner', audit: ['project.update', 'project'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/projects/{project_id}',
    summary: 'Delete a project, but keep its threads',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, exempt: 'owner', audit: ['project.delete', 'project'], extraErrors: [409] },
  },
} as const satisfies Resource);
