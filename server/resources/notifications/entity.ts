import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Notification = defineEntity({
  name: 'Notification',
  tableName: 'notifications',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary().defaultRaw('new_id()'),
    userId: p.uuid(),
    type: p.text(),
    title: p.text().nullable(),
    body: p.text().nullable(),
    payload: p.json<Record<string, unknown>>().nullable(),
    broadcastId: p.uuid().nullable(),
    readAt: timestamptz().nullable(),
    createdAt: timestamptz().defaultRaw('now()'),
  },
  checks: [
    { name: 'notifications_check', expression: 'num_nulls(title, body, payload) = CASE WHEN (broadcast_id IS NULL) THEN 0 ELSE 3 END' },
  ],
  indexes: [
    { name: 'notifications_age', expression: 'create index notifications_age on notifications (created_at)' },
    {
      name: 'notifications_broadcast',
      expression: 'create unique index notifications_broadcast on notifications (broadcast_id, user_id) where (broadcast_id is not null)',
    },
    {
      name: 'notifications_list',
      expression: 'create index notifications_list on notifications (account_id, user_id, created_at desc, id desc)',
    },
    {
      name: 'notifications_unread',
      expression:
        'create index notifications_unread on notifications (account_id, user_id, created_at desc, id desc) where (read_at is null)',
    },
  ],
});
