import { messages } from '../../../contract/messages.ts';
import { implement } from '../../http/implement.ts';
import { findThread } from '../threads/service.ts';
import { createMessage, listMessages } from './service.ts';
import { viewMessage } from './view.ts';

export const messageHandlers = implement(
  messages,
  { thread: findThread },
  {
    create: async ({ scope, found, body }) => ({ status: 201, body: viewMessage(await createMessage(scope, found.thread, body)) }),
    list: async ({ scope, found, query }) => {
      const { rows, next } = await listMessages(scope, found.thread, query);
      return { status: 200, body: rows.map(viewMessage), next };
    },
  },
);
