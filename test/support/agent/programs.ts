import type { TestApp } from '../app/testApp.ts';
import { openStream } from '../http/events.ts';
import { openThread, startRun } from '../resources/conversation.ts';
import { addRandomPersona } from './agent.ts';
import { addScriptedModel } from './scriptedModel.ts';
import { callsTools } from './tools.ts';
import { chat, type ScriptedResponse } from './vendor.ts';

/** One turn of a model: calls of tools, or an answer. `stall` sends a word and then nothing more. */
type Step = [name: string, args?: object][] | string;

/**
 * The text of a message that tells `followProgram` what to do, turn by turn. A text `$n.path` in arguments is replaced by a value of the result of
 * the tool call number n of this program, from 0. Programs nest: the input of a sub-agent is a program too.
 */
export const program = (...steps: Step[]): string => JSON.stringify(steps);

type Message = { role: string; content: string };

/** The model's response to a prompt whose last message with a program decides. The same prompt always gets the same response. */
export function followProgram(messages: readonly Message[]): ScriptedResponse {
  const at = messages.findLastIndex(({ role, content }) => role === 'user' && content.startsWith('['));
  if (at < 0) return chat.answer('Nothing to do.');
  const steps = JSON.parse(messages[at]!.content) as Step[];
  const since = messages.slice(at + 1);
  const results = since.filter(({ role }) => role === 'tool').map(({ content }) => JSON.parse(content));
  const step = steps[since.filter(({ role }) => role === 'assistant').length] ?? 'Done.';
  if (step === 'stall') return { steps: [chat.text('Hm'), 'stall'] };
  if (typeof step === 'string') return chat.answer(step);
  return callsTools(...step.map(([name, args = {}]) => [name, fill(args, results)] as [string, object]));
}

function fill<T>(value: T, results: readonly unknown[]): T {
  if (typeof value === 'string' && value.startsWith('$')) {
    const path = value.slice(1).split('.');
    return path.reduce<any>((found, key) => found?.[key], results) as T;
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, results)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, results)])) as T;
}

/** A run of a new user that starts a sub-agent, which starts another one. Resolves when all three have ended. */
export async function startNestedRuns(app: TestApp) {
  const person = await app.signUp();
  await addScriptedModel(app, person, followProgram);
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['subagents'] });
  const waiting: [string, object][] = [['wait_agent', { ids: ['$0.agent_id'] }]];
  const child = program([['spawn_agent', { input: program('Below.') }]], waiting, 'Child.');
  const threadId = await openThread(app, person, program([['spawn_agent', { input: child }]], waiting, 'Done.'));
  const runId = await startRun(app, person, threadId, { persona_id });
  await (
    await openStream(app.url, runId, person)
  ).ended;
  return { person, threadId, runId };
}
