import { broadcasts } from '../../../contract/broadcasts.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { createBroadcast, deleteBroadcast, findBroadcast, listBroadcasts } from './service.ts';
import { viewBroadcast } from './view.ts';

export const broadcastHandlers = implement(
  broadcasts,
  { broadcast: findBroadcast },
  {
    create: async ({ scope, body }) => ({ status: 202, body: viewBroadcast(await createBroadcast(scope, body)) }),
    list: async ({ scope, query }) => {
      const { rows, next } = await listBroadcasts(scope, query);
      return { status: 200, body: rows.map(viewBroadcast), next };
    },
    get: ({ loaded }) => ({ status: 200, body: viewBroadcast(loaded.broadcast) }),
    delete: async ({ scope, loaded }) => {
      await deleteBroadcast(scope, loaded.broadcast);
      return { status: 204, body: undefined };
    },
  },
);
