import { isSame, type Task } from '../task.ts';

const names = Array.from({ length: 30 }, (_, at) => `/src/part${at}.ts`);
const marked = new Set(['/src/part4.ts', '/src/part17.ts', '/src/part23.ts']);

export const searchFiles: Task = {
  name: 'search-files',
  prompt: 'Which files below /src contain the word obsolete? Write their full paths to /obsolete.txt, one per line, and nothing else.',
  files: Object.fromEntries(names.map((name) => [name, `export const a = 1;${marked.has(name) ? ' // obsolete since May' : ''}\n`])),
  turns: [
    [['workspace_grep', { pattern: 'obsolete', path: '/src' }]],
    [['workspace_write', { path: '/obsolete.txt', content: '{{0.matches.0.path}}\n{{0.matches.1.path}}\n{{0.matches.2.path}}\n' }]],
    'There are three.',
  ],
  check: async ({ text }) => ({
    'exactly the files are listed': isSame((await text('/obsolete.txt')).trim().split(/\s+/).sort(), [...marked].sort()),
  }),
};
