import { shares } from '../../../contract/shares.ts';
import { implement } from '../../http/implement.ts';
import { findShare, listShown, verifyShare } from './open.ts';
import * as service from './service.ts';
import { viewShare, viewShared } from './view.ts';

export const shareHandlers = implement(
  shares,
  { thread: service.findSharable, '?id': (scope, id, _intent, found) => service.findShareOf(scope, id, found) },
  {
    create: async ({ scope, found, body }) => ({ status: 201, body: viewShare(await service.createShare(scope, found.thread, body)) }),
    list: async ({ scope, found, query }) => {
      const { rows, next } = await service.listShares(scope, found.thread, query);
      return { status: 200, body: rows.map(viewShare), next };
    },
    delete: async ({ scope, found, query }) => {
      await service.deleteShare(scope, found.thread, query.id);
      return { status: 204, body: undefined };
    },
    view: async ({ scope, params, query }) => {
      const share = await findShare(scope, params.token, query.session_token);
      if (!share.isOpen) return { status: 200, body: { requires_password: true } };
      return { status: 200, body: viewShared(share.row, await listShown(scope, share)) };
    },
    verify: async ({ scope, params, body }) => ({
      status: 200,
      body: { session_token: await verifyShare(scope, params.token, body.password) },
    }),
  },
);
