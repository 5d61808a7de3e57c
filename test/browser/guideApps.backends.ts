import { ask, callTool, say, type Script, untilCancelled } from '../../client/mocks/index.ts';
import type { MockServer } from '../../client/mocks/standalone/server.ts';
import { openScriptedThread } from '../support/agent/agent.ts';
import { callsTools } from '../support/agent/tools.ts';
import { chat, type ResponseStep, type ScriptedResponse } from '../support/agent/vendor.ts';
import type { TestApp } from '../support/app/testApp.ts';

/** A piece of text, a pause until a promise resolves, a call of `todo_write`, a question, or a pause until the run is cancelled. */
export type AnswerStep = string | Promise<unknown> | { call: object } | { question: string } | 'until cancelled';

/** A user with a thread, whose runs give these answers. */
export type Backend = { origin: string; threadId: string; token: string; cookie: string; login: string; password: string };

/** On the server, with a scripted vendor. */
export async function openOnServer(app: TestApp, answers: AnswerStep[][]): Promise<Backend> {
  const script = answers.flatMap(responsesOf);
  const { token, cookie, login, password } = await openScriptedThread(app, { person: await app.signUp(), script });
  // With a title, because a generated one would take a response of the vendor.
  const { body } = await app.call('POST', '/v1/threads', { token, body: { title: 'A talk' } });
  return { origin: app.url, threadId: body.id, token, cookie, login, password };
}

const askArgs = (message: string) => ({ message, fields: [{ key: 'colour', type: 'string', required: true }] });

function responsesOf(steps: readonly AnswerStep[]): ScriptedResponse[] {
  const done: ScriptedResponse[] = [];
  let written: ResponseStep[] = [];
  for (const step of steps) {
    if (step === 'until cancelled') written.push('stall');
    else if (typeof step === 'string') written.push(chat.text(step));
    else if (step instanceof Promise) written.push({ wait: step });
    else {
      const call = 'call' in step ? callsTools(['todo_write', step.call]) : callsTools(['ask_user', askArgs(step.question)]);
      done.push({ steps: [...written, ...call.steps!] });
      written = [];
    }
  }
  return [...done, { steps: [...written, chat.stop(), chat.done] }];
}

/** On the mock server. */
export async function openOnMock({ address, mocks }: MockServer, answers: AnswerStep[][]): Promise<Backend> {
  mocks.reset();
  mocks.plan(...answers.map(scriptOf));
  const { login, password } = mocks.state.signUp();
  const session = await signIn({ origin: address, login, password });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${session.token}` };
  const created = await fetch(`${address}/v1/threads`, { method: 'POST', headers, body: '{}' });
  const { id } = (await created.json()) as { id: string };
  return { origin: address, threadId: id, login, password, ...session };
}

/** Opens a session, as on another device. */
export async function signIn({ origin, login, password }: Pick<Backend, 'origin' | 'login' | 'password'>) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${origin}/v1/auth/login`, { method: 'POST', headers, body: JSON.stringify({ login, password }) });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { token, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

const scriptOf = (steps: readonly AnswerStep[]): Script =>
  async function* (talk) {
    for (const step of steps) {
      if (step === 'until cancelled') await untilCancelled(talk);
      else if (typeof step === 'string') yield* say(step);
      else if (step instanceof Promise) await step;
      else if ('call' in step) yield* callTool(talk, 'todo_write', { ...step.call }, { ok: true });
      else yield* ask(talk, step.question);
    }
  };
