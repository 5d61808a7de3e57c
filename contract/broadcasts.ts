import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { AnyObject, Id, name, Time } from './shared/fields.ts';
import { aliasedPageQuery } from './shared/pages.ts';
import type { Resource } from './shared/route.ts';

export const BroadcastStatus = z.enum(['pending', 'sending', 'completed', 'failed']).meta({ id: 'BroadcastStatus' });

/** A message of the platform that becomes a notification of many users. */
export const Broadcast = z
  .object({
    id: Id,
    type: z.string(),
    title: z.string(),
    body: z.string(),
    target_type: z.enum(['all', 'account']),
    target_id: Id.nullable().meta({ description: 'The account whose members get it; null for all users.' }),
    payload: AnyObject,
    status: BroadcastStatus.meta({ description: 'Final are `completed` and `failed`.' }),
    sent_count: z.int().meta({ description: 'Notifications that were made so far. Who joins after the end is not counted.' }),
    created_by: Id,
    created_at: Time,
  })
  .meta({ id: 'Broadcast' });
export type Broadcast = z.infer<typeof Broadcast>;

const mostPayload = 16 * 1_024;
const fits = (payload: object) => new TextEncoder().encode(JSON.stringify(payload)).length <= mostPayload;

export const NewBroadcast = z
  .strictObject({
    type: name(64).meta({ description: 'What it is about, for programs.' }),
    title: name(200),
    body: z.string().min(1, { abort: true }).max(10_000).regex(/\S/, 'must not be blank'),
    target: z.union([z.literal('all'), Id]).meta({ description: '`all`, or the id of an account.' }),
    payload: AnyObject.refine(fits, 'must not be larger than 16 KiB').default({}).meta({ description: 'At most 16 KiB as JSON.' }),
  })
  .meta({ id: 'NewBroadcast' });
export type NewBroadcast = z.infer<typeof NewBroadcast>;

export const BroadcastsQuery = aliasedPageQuery({});
export type BroadcastsQuery = z.infer<typeof BroadcastsQuery>;

/** Messages to all users or to those of one account. */
export const broadcasts = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/admin/notifications/broadcasts',
    summary: 'Send a message to all users, or to the members of an account',
    description: 'It is sent in the background. Who registers or joins the account within 30 days gets it too.',
    body: NewBroadcast,
    responses: { 202: Broadcast },
    metadata: { auth: 'platform', audit: ['broadcast.create', 'broadcast'] },
  },
  list: {
    method: 'GET',
    path: '/v1/admin/notifications/broadcasts',
    summary: 'List broadcasts, newest first',
    query: BroadcastsQuery,
    responses: { 200: z.array(Broadcast) },
    metadata: { auth: 'platform', pages: 'cursor' },
  },
  get: {
    method: 'GET',
    path: '/v1/admin/notifications/broadcasts/{broadcast_id}',
    summary: 'Read a broadcast and how far it has come',
    responses: { 200: Broadcast },
    metadata: { auth: 'platform' },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/admin/notifications/broadcasts/{broadcast_id}',
    summary: 'Take a broadcast back',
    description: 'Its notifications are gone at once, and no more are sent.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'platform', audit: ['broadcast.delete', 'broadcast'] },
  },
} as const satisfies Resource);
