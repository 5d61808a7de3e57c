import { projects } from '../../../contract/projects.ts';
import { implement } from '../../http/implement.ts';
import * as service from './service.ts';
import { viewProject } from './view.ts';

export const projectHandlers = implement(
  projects,
  { project: service.findProject },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewProject(await service.createProject(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listProjects(scope, query);
      return { status: 200, body: rows.map(viewProject), next };
    },
    get: ({ found }) => ({ status: 200, body: viewProject(found.project) }),
    update: async ({ scope, found, body }) => ({ status: 200, body: viewProject(await service.updateProject(scope, found.project, body)) }),
    delete: async ({ scope, found }) => {
      await service.deleteProject(scope, found.project);
      return { status: 204, body: undefined };
    },
  },
);
