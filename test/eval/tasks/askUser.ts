import { says, type Task } from '../task.ts';

export const askUser: Task = {
  name: 'ask-user',
  prompt:
    'Write an invitation to the summer party to /invitation.md. Only I know the town, and you must not guess it: ask me with ask_user first.',
  reply: 'The party is in Utrecht.',
  turns: [
    [['ask_user', { message: 'Where is the party?', fields: [{ key: 'town', type: 'string', required: true }] }]],
    [['workspace_write', { path: '/invitation.md', content: 'Come to our summer party. {{0.user_response}}\n' }]],
    'The invitation is written.',
  ],
  check: async ({ text, used }) => ({
    'the user was asked': used.includes('ask_user'),
    'the invitation names the town': says(await text('/invitation.md'), 'Utrecht'),
  }),
};
