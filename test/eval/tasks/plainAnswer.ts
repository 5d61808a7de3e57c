import { says, type Task } from '../task.ts';

export const plainAnswer: Task = {
  name: 'plain-answer',
  prompt: 'What is the capital of Portugal? Answer in one word.',
  turns: ['Lisbon.'],
  check: ({ answer, used }) => ({
    'the answer is right': says(answer, 'Lisbon'),
    'no tool was used': used.length === 0,
  }),
};
