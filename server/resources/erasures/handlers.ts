import { adminErasures, erasures } from '../../../contract/erasures.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { listPublicKeys } from './signingKeys.ts';
import { viewErasure, viewErasureDetails } from './view.ts';

export const erasureHandlers = implement(
  erasures,
  { erasure: service.findOwnErasure },
  {
    request: async ({ scope, body }) => ({ status: 201, body: viewErasure(await service.requestErasure(scope, body)) }),
    current: async ({ scope }) => ({ status: 200, body: viewErasure(await service.getOpenErasure(scope)) }),
    cancel: async ({ scope }) => {
      await service.cancelOwnErasure(scope);
      return { status: 204, body: undefined };
    },
    mine: async ({ scope, query }) => {
      const { rows, next } = await service.listOwnErasures(scope, query);
      return { status: 200, body: rows.map(viewErasure), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewErasureDetails(loaded.erasure) }),
    keys: async ({ scope }) => ({ status: 200, body: { keys: await listPublicKeys(scope.db) } }),
  },
);

export const adminErasureHandlers = implement(
  adminErasures,
  { account: service.findAnyAccount, user: service.findDeletedUser, erasure: service.findErasure },
  {
    account: async ({ scope, loaded, body }) => ({
      status: 201,
      body: viewErasure(await service.eraseAnyAccount(scope, loaded.account, body)),
    }),
    user: async ({ scope, loaded, body }) => ({ status: 201, body: viewErasure(await service.eraseDeletedUser(scope, loaded.user, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listErasures(scope, query);
      return { status: 200, body: rows.map(viewErasure), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewErasureDetails(loaded.erasure) }),
    cancel: async ({ scope, loaded }) => {
      await service.cancelAnyErasure(scope, loaded.erasure);
      return { status: 204, body: undefined };
    },
  },
);
