import { says, type Task } from '../task.ts';

const inputs = { fruit: 'Name the cheapest fruit of /fruit.txt.', fish: 'Name the cheapest fish of /fish.txt.' };

export const delegate: Task = {
  name: 'delegate',
  prompt:
    'Start two sub-agents at once. One finds the cheapest fruit in /fruit.txt, the other the cheapest fish in /fish.txt. Collect their answers and tell me both.',
  files: { '/fruit.txt': 'apple 5\nquince 2\nmelon 9\n', '/fish.txt': 'trout 12\nherring 3\ncarp 7\n' },
  turns: [
    [
      ['spawn_agent', { input: inputs.fruit }],
      ['spawn_agent', { input: inputs.fish }],
    ],
    [
      ['wait_agent', { ids: ['{{0.agent_id}}'] }],
      ['wait_agent', { ids: ['{{1.agent_id}}'] }],
    ],
    '{{2.agents.0.output}} {{3.agents.0.output}}',
  ],
  subagents: {
    [inputs.fruit]: [[['workspace_grep', { pattern: ' 2$', path: '/fruit.txt' }]], 'The fruit: {{0.matches.0.text}}.'],
    [inputs.fish]: [[['workspace_grep', { pattern: ' 3$', path: '/fish.txt' }]], 'The fish: {{0.matches.0.text}}.'],
  },
  check: ({ answer, events }) => ({
    'the answer names both': says(answer, 'quince', 'herring'),
    'two sub-agents completed': events.filter(({ type, data }) => type === 'subagent.finished' && data.status === 'completed').length >= 2,
  }),
};
