import { toolProviders } from '../../../contract/toolProviders.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewGroups } from './view.ts';

const done = { status: 204, body: undefined } as const;

export const toolProviderHandlers = implement(
  toolProviders,
  {},
  {
    list: async ({ scope, query }) => ({ status: 200, body: viewGroups(await service.listProviders(scope, query.scope)) }),
    activate: async ({ scope, params, query }) => service.activateProvider(scope, { ...params, ...query }).then(() => done),
    deactivate: async ({ scope, params, query }) => service.deactivateProvider(scope, { ...params, ...query }).then(() => done),
    setCredential: async ({ scope, params, query, body }) => service.setCredential(scope, { ...params, ...query }, body).then(() => done),
    clearCredential: async ({ scope, params, query }) => service.clearCredential(scope, { ...params, ...query }).then(() => done),
  },
);
