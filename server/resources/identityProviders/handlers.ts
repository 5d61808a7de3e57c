import { identityProviders } from '../../../contract/identityProviders.ts';
import { implement } from '../../http/pipeline/implement.ts';
import {
  createIdentityProvider,
  deleteIdentityProvider,
  findIdentityProvider,
  listIdentityProviders,
  updateIdentityProvider,
} from './service.ts';
import { viewIdentityProvider } from './view.ts';

export const identityProviderHandlers = implement(
  identityProviders,
  { identity_provider: findIdentityProvider },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewIdentityProvider(await createIdentityProvider(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listIdentityProviders(scope, query);
      return { status: 200, body: rows.map(viewIdentityProvider), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewIdentityProvider(loaded.identity_provider) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewIdentityProvider(await updateIdentityProvider(scope, loaded.identity_provider, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await deleteIdentityProvider(scope, loaded.identity_provider);
      return { status: 204, body: undefined };
    },
  },
);
