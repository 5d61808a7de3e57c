import { messages } from '../../../contract/messages.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findThread } from '../threads/service.ts';
import { createMessage, listMessages } from './service.ts';
import { viewMessage } from './view.ts';

export const messageHandlers = implement(
  messages,
  { thread: findThread },
  {
    create: async ({ scope, loaded, body }) => ({ status: 201, body: viewMessage(await createMessage(scope, loaded.thread, body)) }),
    list: async ({ scope, loaded, query }) => {
      const { rows, next } = await listMessages(scope, loaded.thread, query);
      return { status: 200, body: rows.map(viewMessage), next };
    },
  },
);
