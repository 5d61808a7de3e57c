import { chatCompletions, chatModels } from '../../contract/chatCompletions.ts';
import { implement } from '../http/pipeline/implement.ts';
import { findChatModel, listChatModels } from './models.ts';
import { createCompletion } from './service.ts';

export const chatCompletionHandlers = implement(
  chatCompletions,
  {},
  { create: async ({ scope, body, signal }) => ({ status: 200, body: await createCompletion(scope, body, signal()) }) },
);

export const chatModelHandlers = implement(
  chatModels,
  {},
  {
    list: async ({ scope }) => ({ status: 200, body: { object: 'list', data: await listChatModels(scope) } }),
    get: async ({ scope, params }) => ({ status: 200, body: await findChatModel(scope, params.model) }),
  },
);
