import { says, type Task } from '../task.ts';

const amounts = Array.from({ length: 400 }, (_, at) => ((at * 7_919) % 1_000) + 1);
const total = String(amounts.reduce((sum, each) => sum + each, 0));

/** More numbers than a model adds reliably without code. */
export const csvTotal: Task = {
  name: 'csv-total',
  prompt: 'What is the sum of the column `amount` in /orders.csv? Compute it with Python, and write only the number to /total.txt.',
  files: { '/orders.csv': `order,amount\n${amounts.map((amount, at) => `${at},${amount}`).join('\n')}\n` },
  turns: [
    [
      [
        'run_code',
        {
          language: 'python',
          code: `import csv\ntotal = sum(int(row['amount']) for row in csv.DictReader(open('orders.csv')))\nopen('total.txt', 'w').write(str(total))\ntotal`,
        },
      ],
    ],
    'The sum is {{0.value}}.',
  ],
  check: async ({ answer, text, used }) => ({
    'the answer names the sum': says(answer, total),
    'the file has the sum': (await text('/total.txt')).trim() === total,
    'code was run': used.includes('run_code'),
  }),
};
