import { shares } from '../../../contract/shares.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findShare, listSharedMessages, verifyShare } from './publicAccess.ts';
import * as service from './service.ts';
import { viewShare, viewShared } from './view.ts';

export const shareHandlers = implement(
  shares,
  { thread: service.findOwnThread, '?id': (scope, id, _intent, found) => service.findShareOfThread(scope, id, found) },
  {
    create: async ({ scope, loaded, body }) => ({ status: 201, body: viewShare(await service.createShare(scope, loaded.thread, body)) }),
    list: async ({ scope, loaded, query }) => {
      const { rows, next } = await service.listShares(scope, loaded.thread, query);
      return { status: 200, body: rows.map(viewShare), next };
    },
    delete: async ({ scope, loaded, query }) => {
      await service.deleteShare(scope, loaded.thread, query.id);
      return { status: 204, body: undefined };
    },
    view: async ({ scope, params, query }) => {
      const share = await findShare(scope, params.token, query.session_token);
      const { rows, next } = await listSharedMessages(scope, share, query);
      return { status: 200, body: rows ? viewShared(share.row, rows) : { requires_password: true }, next };
    },
    verify: async ({ scope, params, body }) => ({
      status: 200,
      body: { session_token: await verifyShare(scope, params.token, body.password) },
    }),
  },
);
