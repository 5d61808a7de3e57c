import { sql } from 'kysely';
import { z } from 'zod';
import { eventData } from '../../../contract/eventData.ts';
import { cleanTitle } from '../../../contract/titles.ts';
import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { defineTool, type Tool } from './tool.ts';

const oneLine = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !/[\r\n\u2028\u2029]/.test(text), 'must be one line');

const Todo = eventData['todo.updated'].shape.todos.element
  .strict()
  .extend({ id: z.string().min(1), content: z.string().min(1).max(1_000) });

const Todos = z
  .array(Todo)
  .max(200)
  .refine((todos) => todos.filter(({ status }) => status === 'in_progress').length <= 1, 'at most one may be in_progress')
  .refine((todos) => new Set(todos.map(({ id }) => id)).size === todos.length, 'every id must be there once');

const todoWrite = defineTool({
  name: 'todo_write',
  description: 'Keep the list of what is to be done, shown to the user. Give the whole list every time; at most one entry is in_progress.',
  input: z.strictObject({ todos: Todos }),
  parallel: false,
  run: async ({ todos }) => ({ result: { todos, count: todos.length }, steps: [{ type: 'todo.updated', data: { todos } }] }),
});

const timelineTitle = defineTool({
  name: 'timeline_title',
  description: 'Name what you are about to do in one short line, for the timeline that the user sees.',
  input: z.strictObject({ label: oneLine }),
  parallel: true,
  run: async () => ({ result: { ok: true } }),
});

const setTitle = statement<{ accountId: string; threadId: string; title: string }>()((db, $) =>
  db
    .updateTable('threads')
    .set({ title: $.title, title_provisional: sql.lit(false) })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.threadId)
    .where('title_locked', '=', sql.lit(false))
    .where('deleted_at', 'is', null),
);

const summarizeThread = (connection: Queryable) =>
  defineTool({
    name: 'summarize_thread',
    description: 'Give the conversation a title of at most 50 characters. A title that the user chose stays.',
    input: z.strictObject({ title: oneLine.refine((text) => [...text].length <= 50, 'must hold at most 50 characters') }),
    parallel: false,
    async run({ title: given }, { run: { account_id, thread_id } }) {
      const title = cleanTitle(given);
      const isSet = title !== '' && (await connection.run(setTitle, { accountId: account_id, threadId: thread_id, title })) > 0;
      if (!isSet) return { result: { updated: false } };
      return { result: { updated: true, title }, steps: [{ type: 'thread.title.updated', data: { thread_id, title } }] };
    },
  });

const echo = defineTool({
  name: 'echo',
  description: 'Repeats a text.',
  input: z.strictObject({ text: z.string() }),
  parallel: true,
  run: async ({ text }) => ({ result: { text } }),
});

const noop = defineTool({
  name: 'noop',
  description: 'Does nothing.',
  input: z.strictObject({}),
  parallel: true,
  run: async () => ({ result: {} }),
});

/** The tools by which an agent reports its progress, and the two test tools. */
export const progressTools = (connection: Queryable): Tool[] => [todoWrite, timelineTitle, summarizeThread(connection), echo, noop];
