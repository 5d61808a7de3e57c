import { isSame, jsonOf, type Task } from '../task.ts';

const people = [
  { name: 'Ana', age: 17 },
  { name: 'Ben', age: 44 },
  { name: 'Cleo', age: 18 },
  { name: 'Dan', age: 3 },
];

export const transformJson: Task = {
  name: 'transform-json',
  prompt:
    'Run JavaScript that reads /people.json and writes /adults.json: an array with the names of all who are 18 or older, the oldest first.',
  files: { '/people.json': JSON.stringify(people) },
  turns: [
    [
      [
        'run_code',
        {
          language: 'javascript',
          code: `const adults = JSON.parse(workspace.read('/people.json')).filter(({ age }) => age >= 18).sort((a, b) => b.age - a.age);
workspace.write('/adults.json', JSON.stringify(adults.map(({ name }) => name))); adults.length`,
        },
      ],
    ],
    'There are {{0.value}} adults.',
  ],
  check: async ({ text, used }) => ({
    'the names are right': isSame(jsonOf(await text('/adults.json')), ['Ben', 'Cleo']),
    'code was run': used.includes('run_code'),
  }),
};
