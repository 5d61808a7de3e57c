import { chatCompletions, chatModels } from '../../contract/chatCompletions.ts';
import { implement } from '../http/pipeline/implement.ts';
import { recheckOf } from '../http/pipeline/recheck.ts';
import { createConcurrencyLimiter } from '../platform/concurrency.ts';
import type { Config } from '../platform/config/config.ts';
import { findChatModel, listChatModels } from './models.ts';
import { createCompletion } from './service.ts';

export function chatCompletionHandlers(config: Config) {
  const slots = createConcurrencyLimiter(config.maxChatCompletions);
  return implement(
    chatCompletions,
    {},
    {
      create: async ({ scope, body, signal, releaseSlot, authenticated }) => ({
        status: 200,
        body: await createCompletion(scope, body, {
          leaving: signal(),
          slots,
          releaseSlot,
          recheck: recheckOf(chatCompletions.create, authenticated),
        }),
      }),
    },
  );
}

export const chatModelHandlers = implement(
  chatModels,
  {},
  {
    list: async ({ scope }) => ({ status: 200, body: { object: 'list', data: await listChatModels(scope) } }),
    get: async ({ scope, params }) => ({ status: 200, body: await findChatModel(scope, params.model) }),
  },
);
