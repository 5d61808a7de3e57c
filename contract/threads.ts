import { z } from 'zod';
import { boolParam, Id, searchParam, Time } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

export const Thread = z
  .object({
    id: Id.meta({ description: 'ID of the thread.' }),
    account_id: Id.meta({ description: 'The account that the thread belongs to.' }),
    created_by_user_id: Id.nullable().meta({ description: 'The owner; null if they were deleted.' }),
    title: z.string().nullable().meta({
      description:
        'Title. Unless you set one, it is the first words of the first message until a run generates a better one; null without messages.',
    }),
    project_id: Id.nullable().meta({ description: 'The project that contains the thread; null if it is in none.' }),
    created_at: Time.meta({ description: 'When the thread was created.' }),
    updated_at: Time.meta({ description: 'Time of the last activity.' }),
    archived_at: Time.nullable().meta({
      description: 'When the thread was archived; null if it is not. A new message or run unarchives the thread.',
    }),
    active_run_id: Id.nullable().meta({ description: 'The run that has not ended, if there is one.' }),
    is_private: z.boolean().meta({ description: 'Whether only the owner can see the thread. It is in no list and expires.' }),
    expires_at: Time.nullable().meta({ description: 'Only private threads expire.' }),
    parent_thread_id: Id.optional().meta({ description: 'Present only on forked threads.' }),
  })
  .meta({ id: 'Thread', description: 'A conversation, owned by one user in one account.' });
export type Thread = z.infer<typeof Thread>;

export const FoundThread = Thread.extend({
  snippet: z.string().nullable().meta({
    description: 'About 120 characters around the first match in the newest message that matches. Null if only the title matches.',
  }),
}).meta({ id: 'FoundThread', description: 'A thread that matches a search.' });
export type FoundThread = z.infer<typeof FoundThread>;

const title = z.string().max(200).nullish().meta({ description: 'A blank title is stored as null.' });

export const NewThread = z
  .strictObject({
    title,
    is_private: z.boolean().default(false).meta({ description: 'A private thread is visible only to you and expires after 24 hours.' }),
    project_id: Id.nullish().meta({ description: 'A project that you can see.' }),
  })
  .meta({ id: 'NewThread', description: 'The options of a thread. All can be omitted.' });
export type NewThread = z.infer<typeof NewThread>;

export const ThreadChanges = z
  .strictObject({
    title,
    project_id: Id.nullish().meta({ description: 'A project that you can see; null removes the thread from its project.' }),
    archived: z
      .boolean()
      .optional()
      .meta({ description: 'Whether the thread is archived. Archived threads are only in lists and searches with `archived=true`.' }),
  })
  .meta({ id: 'ThreadChanges', description: 'The fields of the thread to change. At least one is required.' });
export type ThreadChanges = z.infer<typeof ThreadChanges>;

export const ForkRequest = z
  .strictObject({
    message_id: Id.meta({ description: 'The last message to copy.' }),
    is_private: z.boolean().optional().meta({ description: 'Defaults to the value of the original thread.' }),
  })
  .meta({ id: 'ForkRequest', description: 'The end of the copy.' });
export type ForkRequest = z.infer<typeof ForkRequest>;

export const ForkedThread = Thread.extend({
  id_mapping: z
    .array(
      z
        .object({ old_id: Id.meta({ description: 'ID of the original message.' }), new_id: Id.meta({ description: 'ID of the copy.' }) })
        .meta({ description: 'A copied message.' }),
    )
    .meta({ description: 'The copied messages, oldest first.' }),
}).meta({ id: 'ForkedThread', description: 'The copy of a thread.' });
export type ForkedThread = z.infer<typeof ForkedThread>;

const archived = boolParam()
  .default(false)
  .meta({ description: 'If true, return only archived threads; otherwise only threads that are not archived.' });

const read = 'data.threads.read';
const permission = 'data.threads.write';

export const threads = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/threads',
    summary: 'Create a thread',
    description:
      'Threads hold the messages and runs of one conversation. Next, add a message and start a run. Unless you set a title, the first message and the first run create one.',
    body: NewThread,
    responses: { 201: Thread },
    metadata: { auth: 'user+key', permission, quota: 'messages', audit: ['thread.create', 'thread'] },
  },
  list: {
    method: 'GET',
    path: '/v1/threads',
    summary: 'List your threads, most recently active first',
    description:
      'Returns your own threads in the active account, without private and archived ones. With `project_id`, those of one project; a project that you cannot see is 404.',
    query: pageQuery().extend({
      project_id: Id.optional().meta({ description: 'Return only threads of this project.' }),
      archived,
    }),
    responses: { 200: z.array(Thread) },
    metadata: { auth: 'user+key', read, pages: 'cursor', queryIds: { project_id: 'project' } },
  },
  search: {
    method: 'GET',
    path: '/v1/threads/search',
    summary: 'Search threads by title or message text',
    description:
      'Finds text anywhere in the title or in a visible message, ignoring case. Searches your own threads, without private and archived ones.',
    query: pageQuery().extend({
      q: searchParam().meta({ description: 'Text to find, 1 to 200 characters. There are no wildcards.' }),
      archived,
    }),
    responses: { 200: z.array(FoundThread) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  starred: {
    method: 'GET',
    path: '/v1/threads/starred',
    summary: 'List the IDs of starred threads, most recently starred first',
    description: 'Use this to mark or group starred threads in a list. Threads that you can no longer read are left out.',
    responses: { 200: z.array(Id) },
    metadata: { auth: 'user+key', read },
  },
  get: {
    method: 'GET',
    path: '/v1/threads/{thread_id}',
    summary: 'Retrieve a thread',
    description:
      'Use this for the title, and for `active_run_id` to continue streaming a run. Other members can read threads of shared projects.',
    responses: { 200: Thread },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/threads/{thread_id}',
    summary: 'Rename, move or archive a thread',
    description:
      'Setting a title turns off automatic titles for the thread; null clears the title and turns them on again. An archived thread keeps its stars, shares and schedules, stays readable, and is unarchived by `archived: false`, a new message or a new run. Omitted fields keep their values.',
    body: ThreadChanges,
    responses: { 200: Thread },
    metadata: { auth: 'user+key', read, permission, audit: ['thread.update', 'thread'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/threads/{thread_id}',
    summary: 'Delete a thread and stop its run',
    description: 'The thread, its messages and its runs are 404 from now on. Usage and credit transactions are kept.',
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
    description: 'Stars are personal: other readers of the thread do not see yours. Repeating the request has no effect.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, allowReaders: true, quota: 'starred_threads', audit: ['thread.star', 'thread'] },
  },
  unstar: {
    method: 'DELETE',
    path: '/v1/threads/{thread_id}/star',
    summary: 'Unstar a thread',
    description: 'The thread is no longer in `GET /v1/threads/starred`. Repeating the request has no effect.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, allowReaders: true, audit: ['thread.unstar', 'thread'] },
  },
} as const satisfies Resource);
