import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, name, oneOrMore, someField, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

export const Visibility = z.enum(['private', 'shared']).meta({
  id: 'Visibility',
  description: '`shared` is for everybody in the account, or for one team where `team_id` names it.',
});
export type Visibility = z.infer<typeof Visibility>;

/** A group of threads. */
export const Project = z
  .object({
    id: Id,
    account_id: Id,
    team_id: Id.nullable(),
    owner_user_id: Id.nullable(),
    name: z.string(),
    description: z.string().nullable(),
    visibility: Visibility,
    is_default: z.boolean().meta({ description: 'Everybody has one such project in each account; it is private and stays.' }),
    created_at: Time,
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

const description = z.string().max(2_000).nullish();
const teamId = Id.nullish().meta({ description: 'A team of the account.' });

export const NewProject = z
  .strictObject({ name: name(200), description, team_id: teamId, visibility: Visibility.default('private') })
  .meta({ id: 'NewProject' });
export type NewProject = z.infer<typeof NewProject>;

export const ProjectChanges = z
  .strictObject({ name: name(200).optional(), description, team_id: teamId, visibility: Visibility.optional() })
  .refine(...someField)
  .meta(oneOrMore)
  .meta({ id: 'ProjectChanges' });
export type ProjectChanges = z.infer<typeof ProjectChanges>;

const read = 'data.projects.read';
const permission = 'data.projects.manage';

/** Groups of threads, private or shared with the account or one team. */
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
    summary: 'List the projects you see, newest first',
    query: pageQuery(),
    responses: { 200: z.array(Project) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/projects/{project_id}',
    summary: 'Read a project',
    responses: { 200: Project },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/projects/{project_id}',
    summary: 'Change a project',
    description: 'A null `team_id` or `description` clears it. The default project stays private.',
    body: ProjectChanges,
    responses: { 200: Project },
    metadata: { auth: 'user+key', read, permission, or: 'owner', audit: ['project.update', 'project'], also: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/projects/{project_id}',
    summary: 'Delete a project; its threads stay',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, or: 'owner', audit: ['project.delete', 'project'], also: [409] },
  },
} as const satisfies Resource);
