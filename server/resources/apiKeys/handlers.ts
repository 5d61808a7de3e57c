import { apiKeys } from '../../../contract/apiKeys.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createApiKey, findApiKey, listApiKeys, readUsage, revokeApiKey, rotateApiKey, updateApiKey } from './service.ts';
import { viewApiKey, viewCreatedApiKey, viewUsage } from './view.ts';

export const apiKeyHandlers = implement(
  apiKeys,
  { id: findApiKey },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewCreatedApiKey(await createApiKey(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listApiKeys(scope, query);
      return { status: 200, body: rows.map(viewApiKey), next };
    },
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewApiKey(await updateApiKey(scope, loaded.id, body)) }),
    rotate: async ({ scope, loaded, body }) => ({ status: 200, body: viewCreatedApiKey(await rotateApiKey(scope, loaded.id, body)) }),
    usage: async ({ scope, loaded }) => ({ status: 200, body: viewUsage(await readUsage(scope, loaded.id)) }),
    delete: async ({ scope, loaded }) => {
      await revokeApiKey(scope, loaded.id);
      return { status: 204, body: undefined };
    },
  },
);
