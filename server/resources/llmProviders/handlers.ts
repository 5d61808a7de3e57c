import { llmModels, llmProviders } from '../../../contract/llmProviders.ts';
import { implement, type ResourceLoader } from '../../http/pipeline/implement.ts';
import * as models from './models.ts';
import type { ModelRow, ProviderRow } from './queries.ts';
import * as service from './service.ts';
import { listAvailableModels, testUpstreamModel } from './upstream.ts';
import { viewModel, viewPickerProvider, viewProvider } from './view.ts';

const provider: ResourceLoader<ProviderRow> = (scope, id, _intent, _found, query) => service.findProvider(scope, id, query.scope);
// The provider precedes the model in the path, so it is loaded by now.
const model: ResourceLoader<ModelRow> = (scope, id, _intent, found) => models.findModel(scope, id, found.provider as ProviderRow);

const viewListed = ({ provider, models, canManage }: service.ListedProvider) =>
  (canManage ? viewProvider : viewPickerProvider)(provider, models);

export const llmProviderHandlers = implement(
  llmProviders,
  { provider },
  {
    list: async ({ scope, query }) => ({ status: 200, body: (await service.listProviders(scope, query.scope)).map(viewListed) }),
    create: async ({ scope, body }) => ({ status: 201, body: viewProvider(await service.createProvider(scope, body), []) }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewListed(await service.updateProvider(scope, loaded.provider, body)),
    }),
    delete: async ({ scope, loaded }) => {
      await service.deleteProvider(scope, loaded.provider);
      return { status: 204, body: undefined };
    },
    availableModels: async ({ scope, loaded }) => ({ status: 200, body: { models: await listAvailableModels(scope, loaded.provider) } }),
  },
);

export const llmModelHandlers = implement(
  llmModels,
  { provider, model },
  {
    create: async ({ scope, loaded, body }) => ({
      status: 201,
      body: viewModel(await models.createModel(scope, loaded.provider, body), loaded.provider),
    }),
    update: async ({ scope, loaded, body }) => ({
      status: 200,
      body: viewModel(await models.updateModel(scope, loaded.provider, loaded.model, body), loaded.provider),
    }),
    delete: async ({ scope, loaded }) => {
      await models.deleteModel(scope, loaded.provider, loaded.model);
      return { status: 204, body: undefined };
    },
    test: async ({ scope, loaded }) => ({ status: 200, body: await testUpstreamModel(scope, loaded.provider, loaded.model) }),
  },
);
