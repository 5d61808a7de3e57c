import { serviceKeys } from '../../../contract/serviceKeys.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createServiceKey, findServiceKey, listServiceKeys, revokeServiceKey, rotateServiceKey, updateServiceKey } from './service.ts';
import { viewCreatedServiceKey, viewServiceKey } from './view.ts';

export const serviceKeyHandlers = implement(
  serviceKeys,
  { service_key: findServiceKey },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewCreatedServiceKey(await createServiceKey(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listServiceKeys(scope, query);
      return { status: 200, body: rows.map(viewServiceKey), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewServiceKey(loaded.service_key) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewServiceKey(await updateServiceKey(scope, loaded.service_key, body)),
    }),
    rotate: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewCreatedServiceKey(await rotateServiceKey(scope, loaded.service_key, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await revokeServiceKey(scope, loaded.service_key);
      return { status: 204, body: undefined };
    },
  },
);
