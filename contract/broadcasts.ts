import { z } from 'zod';
import { AnyObject, Id, Time, trimmedText } from './shared/fields.ts';
import { adminPageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const BroadcastStatus = z
  .enum(['pending', 'sending', 'completed', 'failed'])
  .meta({ id: 'BroadcastStatus', description: 'Progress of sending.' });

export const Broadcast = z
  .object({
    id: Id.meta({ description: 'ID of the broadcast.' }),
    type: z.string().meta({ description: 'Machine-readable type of the notifications.' }),
    title: z.string().meta({ description: 'Headline, as text.' }),
    body: z.string().meta({ description: 'Message, as text.' }),
    target_type: z.enum(['all', 'account']).meta({ description: 'Who receives it: all users, or the members of an account.' }),
    target_id: Id.nullable().meta({ description: 'The account whose members receive it; null for all users.' }),
    payload: AnyObject.meta({ description: 'Data for clients.' }),
    status: BroadcastStatus.meta({ description: '`completed` and `failed` are final.' }),
    sent_count: z
      .int()
      .meta({ description: 'Notifications created so far. Users who join after the broadcast completes are not counted.' }),
    created_by: Id.meta({ description: 'The platform admin who sent it.' }),
    created_at: Time.meta({ description: 'When it was created.' }),
  })
  .meta({ id: 'Broadcast', description: 'A message from the platform, delivered to many users as a notification.' });
export type Broadcast = z.infer<typeof Broadcast>;

const maxPayloadBytes = 16 * 1_024;
const fits = (payload: object) => new TextEncoder().encode(JSON.stringify(payload)).length <= maxPayloadBytes;

export const NewBroadcast = z
  .strictObject({
    type: trimmedText(64).meta({ description: 'Machine-readable type.' }),
    title: trimmedText(200).meta({ description: 'Headline, 1 to 200 characters.' }),
    body: z
      .string()
      .min(1, { abort: true })
      .max(10_000)
      .regex(/\S/, 'must not be blank')
      .meta({ description: 'Message, at most 10,000 characters.' }),
    target: z
      .union([z.literal('all'), Id])
      .meta({ id: 'BroadcastTarget', description: 'Recipients of a broadcast: everybody, or the members of an account.' })
      .meta({ description: '`all`, or the ID of an account.' }),
    payload: AnyObject.refine(fits, 'must not be larger than 16 KiB').default({}).meta({ description: 'At most 16 KiB as JSON.' }),
  })
  .meta({ id: 'NewBroadcast', description: 'A notification to send to many users.' });
export type NewBroadcast = z.infer<typeof NewBroadcast>;

export const BroadcastsQuery = adminPageQuery({});
export type BroadcastsQuery = z.infer<typeof BroadcastsQuery>;

export const broadcasts = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/admin/notifications/broadcasts',
    summary: 'Send a notification to all users, or to the members of an account',
    description:
      'The broadcast is sent in the background. Users who register or join the account within 30 days receive it too. Retrieve it by its `id` to follow the progress.',
    body: NewBroadcast,
    responses: { 202: Broadcast },
    metadata: { auth: 'platform', audit: ['broadcast.create', 'broadcast'] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/notifications/broadcasts',
    summary: 'List broadcasts, newest first',
    description: 'Use this to see what was sent, and to whom. Deleted broadcasts are left out.',
    query: BroadcastsQuery,
    responses: { 200: z.array(Broadcast) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/notifications/broadcasts/{broadcast_id}',
    summary: 'Retrieve a broadcast and its progress',
    description: 'Poll this until `status` is `completed` or `failed`; `sent_count` is the progress.',
    responses: { 200: Broadcast },
    metadata: { auth: 'platform' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/notifications/broadcasts/{broadcast_id}',
    summary: 'Delete a broadcast',
    description: 'Its notifications are removed immediately, and no more are sent.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['broadcast.delete', 'broadcast'] },
  },
} as const satisfies Resource);
