import { z } from 'zod';
import { changes, Id, searchParam, Time, trimmedText } from './shared/fields.ts';
import { pageQuery } from './shared/pagination.ts';
import { initContract, type Resource } from './shared/route.ts';

/** Code points of a fact. */
export const maxMemoryLength = 500;

export const Memory = z
  .object({
    id: Id.meta({ description: 'ID of the memory.' }),
    account_id: Id.meta({ description: 'The account in which the memory is used.' }),
    content: z.string().meta({ description: 'The fact, 1 to 500 characters.' }),
    source: z
      .enum(['user', 'agent'])
      .meta({ id: 'MemorySource', description: 'Who wrote a memory.' })
      .meta({ description: 'Who wrote the current text: you, or an agent during a run.' }),
    thread_id: Id.nullable().meta({ description: 'The thread in which an agent wrote the current text; null if you wrote it.' }),
    created_at: Time.meta({ description: 'When the memory was created.' }),
    updated_at: Time.meta({ description: 'When it was last written. Writing a fact that is already kept counts too.' }),
  })
  .meta({ id: 'Memory', description: 'A fact about a user that agents use in later threads. Only this user can read it.' });
export type Memory = z.infer<typeof Memory>;

const content = trimmedText(maxMemoryLength);

export const NewMemory = z
  .strictObject({ content: content.meta({ description: 'The fact, 1 to 500 characters, such as `Prefers answers in German.`' }) })
  .meta({ id: 'NewMemory', description: 'A memory to create.' });
export type NewMemory = z.infer<typeof NewMemory>;

export const MemoryChanges = changes({ content: content.optional().meta({ description: 'The fact, 1 to 500 characters.' }) }).meta({
  id: 'MemoryChanges',
  description: 'The fields of the memory to change. At least one is required.',
});
export type MemoryChanges = z.infer<typeof MemoryChanges>;

const read = 'data.memories.read';
const permission = 'data.memories.write';

/** Facts about a user that agents use in later threads. */
export const memories = initContract().router({
  create: {
    method: 'POST',
    path: '/v1/memories',
    summary: 'Create a memory',
    description:
      'Use this to tell agents a fact about you that they should know in every thread. If the same fact is already kept, ignoring case, spaces and a final period, it gets this text: 200 instead of 201. The number of memories is limited by `limit.memories_per_user`: 409 `memory_limit`.',
    body: NewMemory,
    responses: { 200: Memory, 201: Memory },
    metadata: { auth: 'user+key', permission, audit: ['memory.create', 'memory'], extraErrors: [409] },
  },
  list: {
    method: 'GET',
    path: '/v1/memories',
    summary: 'List or search your memories, most recently written first',
    description:
      'Returns your memories in the active account. Nobody else can read them. With `q`, those that contain all of its words, or words that are spelled similarly, ignoring case and accents.',
    query: pageQuery().extend({ q: searchParam().optional().meta({ description: 'Words to find, 1 to 200 characters.' }) }),
    responses: { 200: z.array(Memory) },
    metadata: { auth: 'user+key', read, pages: 'cursor' },
  },
  deleteAll: {
    method: 'DELETE',
    path: '/v1/memories',
    summary: 'Delete all your memories',
    description:
      'Removes all your memories in the active account immediately. They cannot be restored. Messages of threads are not changed.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, audit: ['memory.delete_all', 'user'] },
  },
  get: {
    method: 'GET',
    path: '/v1/memories/{memory_id}',
    summary: 'Retrieve a memory',
    description: 'Use this to show a memory that a run has written: the result of `memory_write` contains its ID.',
    responses: { 200: Memory },
    metadata: { auth: 'user+key', read },
  },
  update: {
    method: 'PATCH',
    path: '/v1/memories/{memory_id}',
    summary: 'Change the text of a memory',
    description: 'If another memory is the same fact, it is deleted: this one remains.',
    body: MemoryChanges,
    responses: { 200: Memory },
    metadata: { auth: 'user+key', read, permission, audit: ['memory.update', 'memory'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/memories/{memory_id}',
    summary: 'Delete a memory',
    description: 'The memory is removed immediately and cannot be restored. Agents can learn the fact again.',
    body: null,
    responses: { 204: null },
    metadata: { auth: 'user+key', read, permission, audit: ['memory.delete', 'memory'] },
  },
} as const satisfies Resource);
