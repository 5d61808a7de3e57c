import { threads } from '../../../contract/threads.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findProject } from '../projects/service.ts';
import { forkThread } from './fork.ts';
import * as service from './service.ts';
import { viewFork, viewFoundThread, viewThread } from './view.ts';

export const threadHandlers = implement(
  threads,
  { thread: service.findThread, '?project_id': findProject },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewThread(await service.createThread(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listThreads(scope, query);
      return { status: 200, body: rows.map(viewThread), next };
    },
    search: async ({ scope, query }) => {
      const { rows, next } = await service.searchThreads(scope, query);
      return { status: 200, body: rows.map(viewFoundThread), next };
    },
    starred: async ({ scope }) => ({ status: 200, body: await service.listStarred(scope) }),
    get: ({ loaded }) => ({ status: 200, body: viewThread(loaded.thread) }),
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewThread(await service.updateThread(scope, loaded.thread, body)) }),
    delete: async ({ scope, loaded }) => {
      await service.deleteThread(scope, loaded.thread);
      return { status: 204, body: undefined };
    },
    fork: async ({ scope, loaded, body }) => ({ status: 201, body: viewFork(await forkThread(scope, loaded.thread, body)) }),
    star: async ({ scope, loaded }) => {
      await service.starThread(scope, loaded.thread);
      return { status: 204, body: undefined };
    },
    unstar: async ({ scope, loaded }) => {
      await service.unstarThread(scope, loaded.thread);
      return { status: 204, body: undefined };
    },
  },
);
