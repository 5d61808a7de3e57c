import { says, type Task } from '../task.ts';

export const correctMemory: Task = {
  name: 'correct-memory',
  prompt: 'I have moved: I do not live in Berlin any more, but in Oslo. Keep that in mind for later.',
  memories: ['Lives in Berlin.', 'Plays the cello.'],
  turns: [
    [['memory_search', { query: 'Berlin' }]],
    [['memory_write', { content: 'Lives in Oslo.', replaces: '{{0.memories.0.id}}' }]],
    'I will remember that you live in Oslo.',
  ],
  check: async ({ client }) => {
    const facts = (await client.memories.list()).map(({ content }) => content);
    return {
      'the new town is kept': facts.some((fact) => says(fact, 'Oslo')),
      'the old town is not kept as the present one': !facts.includes('Lives in Berlin.'),
      'the other fact is kept': facts.includes('Plays the cello.'),
    };
  },
};
