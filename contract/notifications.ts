import { z } from 'zod';
import { AnyObject, Id, Ok, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Notification = z
  .object({
    id: Id.meta({ description: 'ID of the notification, for marking it as read.' }),
    user_id: Id.meta({ description: 'The recipient: you.' }),
    account_id: Id.meta({ description: 'The account that the notification is about, or your personal account if it is about none.' }),
    type: z.string().meta({ description: 'Machine-readable type, such as `webhook.endpoint_disabled`.' }),
    title: z.string().meta({ description: 'Headline, as text.' }),
    body: z.string().meta({ description: 'Message, as text.' }),
    payload: AnyObject.meta({ description: 'Data for clients, depending on the type.' }),
    read_at: Time.nullable().meta({ description: 'When it was first marked as read; null while unread.' }),
    created_at: Time.meta({ description: 'When the notification was created.' }),
  })
  .meta({ id: 'Notification', description: 'A notification to a user about one of their accounts.' });
export type Notification = z.infer<typeof Notification>;

export const Notifications = z
  .object({ data: z.array(Notification).meta({ description: 'Newest first.' }) })
  .meta({ id: 'Notifications', description: 'A page of notifications.' });

export const NotificationsQuery = pageQuery(100).extend({
  unread_only: z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
    .default(false)
    .meta({ description: 'Return only unread notifications.' }),
  type: z.string().min(1).max(64).optional().meta({ description: 'Return only notifications of exactly this type.' }),
});
export type NotificationsQuery = z.infer<typeof NotificationsQuery>;

export const ReadAll = Ok.extend({ count: z.int().min(0).meta({ description: 'Number of notifications that were unread.' }) }).meta({
  id: 'ReadAll',
  description: 'The number of notifications that were marked as read.',
});

const NoFields = z.strictObject({}).meta({ id: 'NoFields', description: 'An empty object. The body can be omitted.' });

export const notifications = initContract().router({
  list: {
    method: 'GET',
    path: '/v1/notifications',
    summary: 'List your notifications from all your accounts, newest first',
    description: 'Use `unread_only` for a badge. Broadcasts of the platform appear here too.',
    query: NotificationsQuery,
    responses: { 200: Notifications },
    metadata: { auth: 'user', account: 'optional', pages: 'within' },
  },
  readAll: {
    method: 'PATCH',
    path: '/v1/notifications',
    summary: 'Mark all your notifications as read',
    description: 'Includes notifications on other pages and of all your accounts. Repeating the request has no effect.',
    body: NoFields,
    responses: { 200: ReadAll },
    metadata: { auth: 'user', account: 'optional', audit: ['notification.read_all', 'notification'] },
  },
  read: {
    method: 'PATCH',
    path: '/v1/notifications/{notification_id}',
    summary: 'Mark a notification as read',
    description: 'Sets `read_at`. Repeating the request has no effect.',
    body: NoFields,
    responses: { 200: Ok },
    metadata: { auth: 'user', account: 'optional', audit: ['notification.read', 'notification'] },
  },
} as const satisfies Resource);
