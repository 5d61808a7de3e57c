import { projects } from '../../../contract/projects.ts';
import { implement } from '../../http/pipeline/implement.ts';
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
    get: ({ loaded }) => ({ status: 200, body: viewProject(loaded.project) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewProject(await service.updateProject(scope, loaded.project, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteProject(scope, loaded.project);
      return { status: 204, body: undefined };
    },
  },
);
