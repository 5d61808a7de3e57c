import { says, type Task } from '../task.ts';

const ending = 'Filed under B-17';

export const followSkill: Task = {
  name: 'follow-skill',
  prompt: 'Write the minutes of our meeting to /minutes.md: we agreed to move to the new office in May.',
  skill: {
    'SKILL.md': `---
name: minutes
description: How minutes of meetings are written. Use it for every meeting.
---
The first line of minutes is a heading. The last line is exactly that of the file last-line.txt of this skill.
`,
    'last-line.txt': ending,
  },
  turns: [
    [['load_skill', { name: 'minutes' }]],
    [['load_skill', { name: 'minutes', file: '{{0.files.0}}' }]],
    [['workspace_write', { path: '/minutes.md', content: '# Meeting\n\nWe move to the new office in May.\n\n{{1.content}}\n' }]],
    'The minutes of {{0.name}} are written.',
  ],
  check: async ({ text, used }) => {
    const minutes = (await text('/minutes.md')).trim();
    return {
      'the skill was loaded': used.includes('load_skill'),
      'the minutes have what was agreed': says(minutes, 'May'),
      'the minutes have the heading and the last line': minutes.startsWith('#') && minutes.split('\n').at(-1)?.trim() === ending,
    };
  },
};
