import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

/** Something that a user was told of one of his accounts. */
export const Notification = z
  .object({
    id: Id,
    user_id: Id,
    account_id: Id.meta({ description: 'The account it is about; your personal one where it is about none.' }),
    type: z.string().meta({ description: 'What it is about, for programs: `webhook.endpoint_disabled`.' }),
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
  type: z.string().min(1).max(64).optional().meta({ description: 'Only those of exactly this type.' }),
});
export type NotificationsQuery = z.infer<typeof NotificationsQuery>;

export const ReadAll = Ok.extend({ count: z.int().min(0).meta({ description: 'Notifications that were unread.' }) }).meta({
  id: 'ReadAll',
});

/** A body without fields, which may be left out. */
const NoFields = z.strictObject({}).meta({ id: 'NoFields' });

/** What you were told, over all your accounts. */
export const notifications = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/notifications',
    summary: 'List your notifications over all your accounts, newest first',
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
    description: 'Reading it again changes nothing.',
    body: NoFields,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', audit: ['notification.read', 'notification'] },
  },
} as const satisfies Resource);
