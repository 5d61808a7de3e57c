import { apiKeys } from '../../../contract/apiKeys.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createApiKey, listApiKeys, revokeApiKey } from './service.ts';
import { viewApiKey, viewCreatedApiKey } from './view.ts';

export const apiKeyHandlers = implement(
  apiKeys,
  {},
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewCreatedApiKey(await createApiKey(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listApiKeys(scope, query);
      return { status: 200, body: rows.map(viewApiKey), next };
    },
    delete: async ({ scope, params }) => {
      await revokeApiKey(scope, params.id);
      return { status: 204, body: undefined };
    },
  },
);
