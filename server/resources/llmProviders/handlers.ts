import { llmModels, llmProviders } from '../../../contract/llmProviders.ts';
import { implement, type Lookup } from '../../http/implement.ts';
import * as models from './models.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as service from './service.ts';
import { listAvailable, tryModel } from './upstream.ts';
import { viewModel, viewOffered, viewProvider } from './view.ts';

const provider: Lookup<ProviderRow> = (scope, id, _intent, _found, query) => service.findProvider(scope, id, query.scope);
// The path names the provider first, so it is found by now.
const model: Lookup<ModelRow> = (scope, id, _intent, found) => models.findModel(scope, id, found.provider as ProviderRow);

const viewListed = ({ provider, models, managed }: service.Listed) => (managed ? viewProvider : viewOffered)(provider, models);

export const llmProviderHandlers = implement(
  llmProviders,
  { provider },
  {
    list: async ({ scope, query }) => ({ status: 200, body: (await service.listProviders(scope, query.scope)).map(viewListed) }),
    create: async ({ scope, body }) => ({ status: 201, body: viewProvider(await service.createProvider(scope, body), []) }),
    update: async ({ scope, found, body }) => ({
      status: 200,
      body: viewListed(await service.updateProvider(scope, found.provider, body)),
    }),
    delete: async ({ scope, found }) => {
      await service.deleteProvider(scope, found.provider);
      return { status: 204, body: undefined };
    },
    availableModels: async ({ scope, found }) => ({ status: 200, body: { models: await listAvailable(scope, found.provider) } }),
  },
);

export const llmModelHandlers = implement(
  llmModels,
  { provider, model },
  {
    create: async ({ scope, found, body }) => ({ status: 201, body: viewModel(await models.createModel(scope, found.provider, body)) }),
    update: async ({ scope, found, body }) => ({
      status: 200,
      body: viewModel(await models.updateModel(scope, found.provider, found.model, body)),
    }),
    delete: async ({ scope, found }) => {
      await models.deleteModel(scope, found.provider, found.model);
      return { status: 204, body: undefined };
    },
    test: async ({ scope, found }) => ({ status: 200, body: await tryModel(scope, found.provider, found.model) }),
  },
);
