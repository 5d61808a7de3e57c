import { mcpConfigs } from '../../../contract/mcpConfigs.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createOwnSlots } from '../../http/pipeline/ownSlot.ts';
import { completeAuthorization, deleteAuthorization, startAuthorization } from './oauth/service.ts';
import * as service from './service.ts';
import { viewConfig } from './view.ts';

/** Steps of authorizations under way in this process. More than one account can start within the limit of its attempts. */
const maxAuthorizations = 100;

/** The API process is given the test, because the protocol is part of the agent. */
export function mcpConfigHandlers(testServer: service.TestServer) {
  const inOwnSlot = createOwnSlots('mcp authorizations', maxAuthorizations);
  return implement(
    mcpConfigs,
    { config: service.findConfig },
    {
      create: async ({ scope, body }) => ({ status: 201, body: viewConfig(await service.createConfig(scope, body)) }),
      list: async ({ scope, query }) => {
        const { rows, next } = await service.listConfigs(scope, query);
        return { status: 200, body: rows.map(viewConfig), next };
      },
      update: async ({ scope, loaded, body }) => ({
        status: 200,
        body: viewConfig(await service.updateConfig(scope, loaded.config, body)),
      }),
      delete: async ({ scope, loaded }) => {
        await service.deleteConfig(scope, loaded.config);
        return { status: 204, body: undefined };
      },
      authorize: async ({ scope, loaded, req, releaseSlot }) => ({
        status: 200,
        body: await inOwnSlot(releaseSlot, () => startAuthorization(scope, loaded.config, req.headers.origin)),
      }),
      completeAuthorization: async ({ scope, loaded, body, releaseSlot }) => ({
        status: 200,
        body: viewConfig(await inOwnSlot(releaseSlot, () => completeAuthorization(scope, loaded.config, body))),
      }),
      disconnect: async ({ scope, loaded }) => {
        await deleteAuthorization(scope, loaded.config);
        return { status: 204, body: undefined };
      },
      test: async ({ scope, loaded }) => ({ status: 200, body: await service.testConfig(scope, loaded.config, testServer) }),
    },
  );
}
