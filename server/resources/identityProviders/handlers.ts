import { identityProviders } from '../../../contract/identityProviders.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createOwnSlots } from '../../http/pipeline/ownSlot.ts';
import {
  createIdentityProvider,
  deleteIdentityProvider,
  findIdentityProvider,
  listIdentityProviders,
  updateIdentityProvider,
} from './service.ts';
import { viewIdentityProvider } from './view.ts';

/** Requests that read the metadata of a provider in this process. */
const inOwnSlot = createOwnSlots('verified identity providers', 10);

export const identityProviderHandlers = implement(
  identityProviders,
  { identity_provider: findIdentityProvider },
  {
    create: async ({ scope, body, releaseSlot }) => {
      const create = () => createIdentityProvider(scope, body);
      return { status: 201, body: viewIdentityProvider(await (body.verify ? inOwnSlot(releaseSlot, create) : create())) };
    },
    list: async ({ scope, query }) => {
      const { rows, next } = await listIdentityProviders(scope, query);
      return { status: 200, body: rows.map(viewIdentityProvider), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewIdentityProvider(loaded.identity_provider) }),
    update: async ({ scope, loaded, body, releaseSlot }) => {
      const update = () => updateIdentityProvider(scope, loaded.identity_provider, body);
      return { status: 200, body: viewIdentityProvider(await (body.verify ? inOwnSlot(releaseSlot, update) : update())) };
    },
    delete: async ({ scope, loaded }) => {
      await deleteIdentityProvider(scope, loaded.identity_provider);
      return { status: 204, body: undefined };
    },
  },
);
