import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** A notification to a user about one of their accounts. */
export const Notification = z
  .object({
    id: Id,
    user_id: Id,
    account_id: Id.meta({ description: 'The account that the notification is about, or your personal account if it is about none.' }),
    type: z.string().meta({ description: 'Machine-readable type, such as `webhook.endpoint_disabled`.' }),
    title: z.string(),
    body: z.string(),
    payload: AnyObject,
    read_at: Time.nullable(),
    created_at: Time,
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof Notification>;

export const Notifications = z.object({ data: z.array(Notification) }).meta({ id: 'Notifications' });

export const NotificationsQuery = pageQuery(100).extend({
  unread_only: z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' }).default(false),
  type: z.string().min(1).max(64).optional().meta({ description: 'Return only notifications of exactly this type.' }),
});
export type NotificationsQuery = z.infer<typeof NotificationsQuery>;

export const ReadAll = Ok.extend({ count: z.int().min(0).meta({ description: 'Number of notifications that were unread.' }) }).meta({
  id: 'ReadAll',
});

/** An empty object. The body can be omitted. */
const NoFields = z.strictObject({}).meta({ id: 'NoFields' });

export const notifications = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/notifications',
    summary: 'List your notifications from all your accounts, newest first',
    query: NotificationsQuery,
    responses: { 200: Notifications },
    metadata: { auth: 'user', account: 'optional', pages: 'within' },
  },
  readAll: {
    method: 'PATCH',
    path: '/v1/notifications',
    summary: 'Mark all your notifications as read',
    body: NoFields,
    responses: { 200: ReadAll },
    metadata: { auth: 'user', account: 'optional', audit: ['notification.read_all', 'notification'] },
  },
  read: {
    method: 'PATCH',
    path: '/v1/notifications/{notification_id}',
    summary: 'Mark a notification as read',
    description: 'Repeating the request has no effect.',
    body: NoFields,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', audit: ['notification.read', 'notification'] },
  },
} as const satisfies Resource);
