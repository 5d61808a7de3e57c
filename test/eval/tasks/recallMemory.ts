import { says, type Task } from '../task.ts';

export const recallMemory: Task = {
  name: 'recall-memory',
  prompt: 'Which gift would suit my daughter? You know what she likes. Answer in one sentence.',
  memories: ['The daughter of the user collects fossils.', 'Works as a baker.'],
  turns: [[['memory_search', { query: 'daughter' }]], 'A gift for her: {{0.memories.0.content}}'],
  check: ({ answer }) => ({ 'the answer uses what is known': says(answer, 'fossil') }),
};
