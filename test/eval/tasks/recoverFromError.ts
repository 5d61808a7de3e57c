import { says, type Task } from '../task.ts';

export const recoverFromError: Task = {
  name: 'recover-from-error',
  prompt: 'Read /notes/plan.txt and tell me the code word in it. The name may be misspelt: then look for the right file.',
  files: { '/notes/plans.md': 'The code word is marzipan.\n', '/notes/other.md': 'Nothing here.\n' },
  turns: [
    [['workspace_read', { path: '/notes/plan.txt' }]],
    [['workspace_glob', { pattern: '*plan*', path: '/notes' }]],
    [['workspace_read', { path: '{{1.files.0.path}}' }]],
    'In {{1.files.0.path}}: {{2.content}}',
  ],
  check: ({ answer }) => ({ 'the answer has the code word': says(answer, 'marzipan') }),
};
