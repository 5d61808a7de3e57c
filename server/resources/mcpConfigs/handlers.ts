import { mcpConfigs } from '../../../contract/mcpConfigs.ts';
import { implement } from '../../http/pipeline/implement.ts';
import * as service from './service.ts';
import { viewConfig } from './view.ts';

export const mcpConfigHandlers = implement(
  mcpConfigs,
  { config: service.findConfig },
  {
    create: async ({ scope, body }) => ({ status: 201, body: viewConfig(await service.createConfig(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await service.listConfigs(scope, query);
      return { status: 200, body: rows.map(viewConfig), next };
    },
    update: async ({ scope, loaded, body }) => ({ status: 200, body: viewConfig(await service.updateConfig(scope, loaded.config, body)) }),
    delete: async ({ scope, loaded }) => {
      await service.deleteConfig(scope, loaded.config);
      return { status: 204, body: undefined };
    },
  },
);
