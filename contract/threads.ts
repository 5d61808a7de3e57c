import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, searchParam, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import type { Resource } from './shared/route.ts';

/** A conversation, owned by one user in one account. */
export const Thread = z
  .object({
    id: Id,
    account_id: Id,
    created_by_user_id: Id.nullable(),
    title: z.string().nullable(),
    project_id: Id.nullable(),
    created_at: Time,
    updated_at: Time.meta({ description: 'Time of the last activity.' }),
    active_run_id: Id.nullable().meta({ description: 'The run that has not ended, if there is one.' }),
    is_private: z.boolean(),
    expires_at: Time.nullable().meta({ description: 'Only private threads expire.' }),
    parent_thread_id: Id.optional().meta({ description: 'Present only on forked threads.' }),
  })
  .meta({ id: 'Thread' });
export type Thread = z.infer<typeof Thread>;

export const FoundThread = Thread.extend({
  snippet: z.string().nullable().meta({
    description: 'About 120 characters around the first match in the newest message that matches. Null if only the title matches.',
  }),
}).meta({ id: 'FoundThread' });
export type FoundThread = z.infer<typeof FoundThread>;

const title = z.string().max(200).nullish().meta({ description: 'A blank title is stored as null.' });

export const NewThread = z
  .strictObject({
    title,
    is_private: z.boolean().default(false).meta({ description: 'A private thread is visible only to you and expires after 24 hours.' }),
    project_id: Id.nullish(),
  })
  .meta({ id: 'NewThread' });
export type NewThread = z.infer<typeof NewThread>;

export const ThreadChanges = z.strictObject({ title, project_id: Id.nullish() }).meta({ id: 'ThreadChanges' });
export type ThreadChanges = z.infer<typeof ThreadChanges>;

export const ForkRequest = z
  .strictObject({
    message_id: Id.meta({ description: 'The last message to copy.' }),
    is_private: z.boolean().optional().meta({ description: 'Defaults to the value of the original thread.' }),
  })
  .meta({ id: 'ForkRequest' });
export type ForkRequest = z.infer<typeof ForkRequest>;

export const ForkedThread = Thread.extend({
  id_mapping: z.array(z.object({ old_id: Id, new_id: Id })).meta({ description: 'The copied messages, oldest first.' }),
}).meta({ id: 'ForkedThread' });
export type ForkedThread = z.infer<typeof ForkedThread>;

const read = 'data.threads.read';
const permission = 'data.threads.write';

export const threads = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads',
    summary: 'Create a thread',
    body: NewThread,
    responses: { 201: Thread },
    metadata: { auth: 'user+key', permission, quota: 'messages', audit: ['thread.create', 'thread'] },
  },
  list: {
    method: 'GET',
    path: '/v1/threads',
    summary: 'List your threads, most recently active first',
    query: pageQuery().extend({ project_id: Id.optional() }),
    responses: { 200: z.array(Thread) },
    metadata: { auth: 'user+key', read, pages: 'cursor', queryIds: { project_id: 'project' } },
  },
  search: {
    method: 'GET',
    path: '/v1/threads/search',
    summary: 'Search threads by title or message text',
    query: pageQuery().extend({ q: searchParam() }),
    responses: { 200: z.array(FoundThread) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  starred: {
    method: 'GET',
    path: '/v1/threads/starred',
    summary: 'List the IDs of starred threads, most recently starred first',
    responses: { 200: z.array(Id) },
    metadata: { auth: 'user+key', read },
  },
  get: {
    method: 'GET',
    path: '/v1/threads/{thread_id}',
    summary: 'Retrieve a thread',
    responses: { 200: Thread },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/threads/{thread_id}',
    summary: 'Rename or move a thread',
    description: 'Setting a title turns off automatic titles for the thread; null clears the title and turns them on again.',
    body: ThreadChanges,
    responses: { 200: Thread },
    metadata: { auth: 'user+key', read, permission, audit: ['thread.update', 'thread'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/threads/{thread_id}',
    summary: 'Delete a thread and stop its run',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, audit: ['thread.delete', 'thread'] },
  },
  fork: {
    method: 'POST',
    path: '/v1/threads/{thread_id}:fork',
    summary: 'Copy a thread up to one of its messages',
    description: 'You own the copy. It keeps the title and the project; runs, stars and shares are not copied.',
    body: ForkRequest,
    responses: { 201: ForkedThread },
    metadata: { auth: 'user+key', read, permission, allowReaders: true, quota: 'messages', audit: ['thread.fork', 'thread'] },
  },
  star: {
    method: 'POST',
    path: '/v1/threads/{thread_id}/star',
    summary: 'Star a thread',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, allowReaders: true, audit: ['thread.star', 'thread'] },
  },
  unstar: {
    method: 'DELETE',
    path: '/v1/threads/{thread_id}/star',
    summary: 'Unstar a thread',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, allowReaders: true, audit: ['thread.unstar', 'thread'] },
  },
} as const satisfies Resource);
