import type { TestApp } from '../app/testApp.ts';
import { openScriptedThread } from './agent.ts';
import { addToolServer, askUserArgs, callsTools } from './tools.ts';
import { chat, type Pause, type ScriptedResponse } from './vendor.ts';

const reasons = chat.delta({ reasoning_content: 'Let me see.' });
const busy = chat.failure(503, { message: 'busy' });

/** A run with reasoning, four tools, a retry, a question, and an answer. */
export const toolRunScript = (gate: Pause['wait'] = 40): ScriptedResponse[] => [
  {
    steps: [
      reasons,
      { wait: gate },
      chat.text('First, I look.'),
      ...callsTools(
        ['todo_write', { todos: [{ id: '1', content: 'Look', status: 'completed' }] }, 'look'],
        ['mcp__tools__slow', { ms: 200 }, 'slow'],
        ['mcp__tools__fail', {}, 'fail'],
        ['nothing_such', {}, 'none'],
      ).steps!,
    ],
  },
  busy,
  callsTools(['ask_user', askUserArgs(), 'ask']),
  chat.answer('All is ', 'done.'),
];

/** A thread of a new user with a tool server. */
export async function toolThread(app: TestApp, responses: ScriptedResponse[]) {
  const person = await app.signUp();
  await addToolServer(app, person);
  return openScriptedThread(app, { person, message: 'Look around', script: responses });
}
