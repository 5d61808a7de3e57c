import { notifications } from '../../../contract/notifications.ts';
import { implement } from '../../http/pipeline/implement.ts';
import { findNotification, listNotifications, markAllRead, markRead } from './service.ts';
import { viewNotification } from './view.ts';

export const notificationHandlers = implement(
  notifications,
  { notification: findNotification },
  {
    list: async ({ scope, query }) => {
      const { rows, next } = await listNotifications(scope, query);
      return { status: 200, body: { data: rows.map(viewNotification) }, next };
    },
    readAll: async ({ scope }) => ({ status: 200, body: { ok: true, count: await markAllRead(scope) } }),
    read: async ({ scope, loaded }) => {
      await markRead(scope, loaded.notification);
      return { status: 200, body: { ok: true } };
    },
  },
);
