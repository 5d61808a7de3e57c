import { memories } from '../../../contract/memories.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewMemory } from './view.ts';

export const memoryHandlers = implement(
  memories,
  { memory: service.findMemory },
  {
    create: async ({ scope, body }) => {
      const { row, isNew } = await service.createMemory(scope, body);
      return { status: isNew ? 201 : 200, body: viewMemory(row) };
    },
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listMemories(scope, query);
      return { status: 200, body: rows.map(viewMemory), next };
    },
    deleteAll: async ({ scope }) => {
      await service.deleteMemories(scope);
      return { status: 204, body: undefined };
    },
    get: ({ loaded }) => ({ status: 200, body: viewMemory(loaded.memory) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewMemory(await service.updateMemory(scope, loaded.memory, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteMemory(scope, loaded.memory);
      return { status: 204, body: undefined };
    },
  },
);
