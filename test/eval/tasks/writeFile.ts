import { isSame, jsonOf, type Task } from '../task.ts';

export const writeFile: Task = {
  name: 'write-file',
  prompt: 'Write the first six prime numbers to /primes.json, as a JSON array of numbers.',
  turns: [[['workspace_write', { path: '/primes.json', content: '[2, 3, 5, 7, 11, 13]' }]], 'They are in {{0.path}}.'],
  check: async ({ text }) => ({ 'the numbers are right': isSame(jsonOf(await text('/primes.json')), [2, 3, 5, 7, 11, 13]) }),
};
