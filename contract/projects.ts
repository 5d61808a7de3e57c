import { z } from 'zod';
import { changes, Id, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Visibility = z.enum(['private', 'shared']).meta({
  id: 'Visibility',
  description: 'A `shared` project is visible to all members of the account, or only to the team in `team_id`.',
});
export type Visibility = z.infer<typeof Visibility>;

export const Project = z
  .object({
    id: Id.meta({ description: 'ID of the project.' }),
    account_id: Id.meta({ description: 'The account that the project belongs to.' }),
    team_id: Id.nullable().meta({ description: 'The team that sees the project if it is shared; null means all members.' }),
    owner_user_id: Id.nullable().meta({ description: 'The user who created the project; null if they were deleted.' }),
    name: z.string().meta({ description: 'Display name.' }),
    description: z.string().nullable().meta({ description: 'Purpose of the project; null if there is none.' }),
    visibility: Visibility.meta({ description: 'Who can see the project.' }),
    is_default: z.boolean().meta({ description: 'Each member has one default project per account. It is private and cannot be deleted.' }),
    created_at: Time.meta({ description: 'When the project was created.' }),
  })
  .meta({ id: 'Project', description: 'A group of threads.' });
export type Project = z.infer<typeof Project>;

const description = z.string().max(2_000).nullish().meta({ description: 'Purpose of the project, at most 2,000 characters.' });
const teamId = Id.nullish().meta({ description: 'A team of the account.' });

export const NewProject = z
  .strictObject({
    name: trimmedText(200).meta({ description: 'Display name, 1 to 200 characters.' }),
    description,
    team_id: teamId,
    visibility: Visibility.default('private').meta({ description: 'Who can see the project.' }),
  })
  .meta({ id: 'NewProject', description: 'A project to create.' });
export type NewProject = z.infer<typeof NewProject>;

export const ProjectChanges = changes({
  name: trimmedText(200).optional().meta({ description: 'Display name, 1 to 200 characters.' }),
  description,
  team_id: teamId,
  visibility: Visibility.optional().meta({ description: 'Who can see the project.' }),
}).meta({ id: 'ProjectChanges', description: 'The fields of the project to change. At least one is required.' });
export type ProjectChanges = z.infer<typeof ProjectChanges>;

const read = 'data.projects.read';
const permission = 'data.projects.manage';

export const projects = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/projects',
    summary: 'Create a project',
    description: 'You own the project. Add threads with their `project_id`. Share it with the account, or with a team.',
    body: NewProject,
    responses: { 201: Project },
    metadata: { auth: 'user+key', permission, quota: 'projects', audit: ['project.create', 'project'] },
  },
  list: {
    method: 'GET',
    path: '/v1/projects',
    summary: 'List the projects that you can see, newest first',
    description:
      'Returns your projects and those shared with you. Members with `data.projects.manage` also see the private projects of others.',
    query: pageQuery(),
    responses: { 200: z.array(Project) },
    metadata: { auth: 'user+key', read, pages: 'cursor', mayWrite: true },
  },
  get: {
    method: 'GET',
    path: '/v1/projects/{project_id}',
    summary: 'Retrieve a project',
    description: 'Use this for the name, the visibility and the team of a project. A project that is not visible to you is 404.',
    responses: { 200: Project },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/projects/{project_id}',
    summary: 'Update a project',
    description:
      'Use this to rename a project, or to share it. Omitted fields keep their values; a null `team_id` or `description` clears it. The default project cannot be shared.',
    body: ProjectChanges,
    responses: { 200: Project },
    metadata: { auth: 'user+key', read, permission, exempt: 'owner', audit: ['project.update', 'project'], extraErrors: [409] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/projects/{project_id}',
    summary: 'Delete a project, but keep its threads',
    description:
      'The threads stay, without a project. The workspaces of the project can no longer be read. The default project cannot be deleted: 409 `default_project`.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, exempt: 'owner', audit: ['project.delete', 'project'], extraErrors: [409] },
  },
} as const satisfies Resource);
