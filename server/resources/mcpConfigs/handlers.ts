import { mcpConfigs } from '../../../contract/mcpConfigs.ts';
import { overloaded } from '../../http/access/authenticateRequest.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createOwnSlots } from '../../http/pipeline/ownSlot.ts';
import { createConcurrencyLimiter } from '../../platform/concurrency.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { completeAuthorization, deleteAuthorization, startAuthorization } from './oauth/service.ts';
import * as service from './service.ts';
import { viewConfig } from './view.ts';

/** Steps of authorizations under way in this process. More than one account can start within the limit of its attempts. */
const maxAuthorizations = 100;

/** Requests for prompts in progress in this process. An account has few of them, so that a slow server does not hold up other accounts. */
const maxPromptRequests = { ofAccount: 20, ofAll: 200 };
const promptRequests = limiterKeyOf('mcp prompts');

/** The API process is given what talks to servers, because the protocol is part of the agent. */
export function mcpConfigHandlers(testServer: service.TestServer, prompts: service.ServerPrompts) {
  const inOwnSlot = createOwnSlots('mcp authorizations', maxAuthorizations);
  const [promptSlots, accountSlots] = [
    createConcurrencyLimiter(maxPromptRequests.ofAll),
    createConcurrencyLimiter(maxPromptRequests.ofAccount),
  ];
  async function inPromptSlot<T>(accountId: string, releaseSlot: () => void, work: () => Promise<T>): Promise<T> {
    const leaveAccount = accountSlots.acquire(limiterKeyOf('mcp prompts', accountId));
    const leave = leaveAccount && promptSlots.acquire(promptRequests);
    try {
      if (!leave) throw overloaded();
      releaseSlot();
      return await work();
    } finally {
      leave?.();
      leaveAccount?.();
    }
  }
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
      prompts: async ({ scope, loaded, releaseSlot, signal }) => {
        const server = await service.findPromptServer(scope, loaded.config);
        return { status: 200, body: await inPromptSlot(scope.accountId, releaseSlot, () => prompts.list(scope.app, server, signal())) };
      },
      getPrompt: async ({ scope, loaded, body, releaseSlot, signal }) => {
        const server = await service.findPromptServer(scope, loaded.config);
        return {
          status: 200,
          body: await inPromptSlot(scope.accountId, releaseSlot, () => prompts.get(scope.app, server, body, signal())),
        };
      },
      test: async ({ scope, loaded }) => ({ status: 200, body: await service.testConfig(scope, loaded.config, testServer) }),
    },
  );
}
