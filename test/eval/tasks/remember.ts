import { says, type Task } from '../task.ts';

export const remember: Task = {
  name: 'remember',
  prompt: 'Please remember for later: I am allergic to walnuts.',
  turns: [[['memory_write', { content: 'Is allergic to walnuts.' }]], 'I will remember this: {{0.content}}'],
  check: async ({ client }) => ({
    'the fact is kept': (await client.memories.list()).some(({ content }) => says(content, 'walnut')),
  }),
};
