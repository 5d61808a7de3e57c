import type { Message } from '../../../contract/messages.ts';
import type { Person, TestApp } from '../app/testApp.ts';

/** Creates a thread with one user message. It has a title, so that runs do not send an extra model request to generate one. */
export async function openThread(
  { call }: Pick<TestApp, 'call'>,
  { token }: Person,
  content = 'Hello!',
  title: string | null = 'A talk',
): Promise<string> {
  const thread = await call('POST', '/v1/threads', { token, body: { title } });
  if (thread.status !== 201) throw new Error(`thread: ${thread.status} ${thread.text}`);
  const message = await call('POST', `/v1/threads/${thread.body.id}/messages`, { token, body: { content } });
  if (message.status !== 201) throw new Error(`message: ${message.status} ${message.text}`);
  return thread.body.id;
}

export async function startRun({ call }: Pick<TestApp, 'call'>, { token }: Person, threadId: string, body: object = {}): Promise<string> {
  const run = await call('POST', `/v1/threads/${threadId}/runs`, { token, body });
  if (run.status !== 201) throw new Error(`run: ${run.status} ${run.text}`);
  return run.body.run_id;
}

/** The visible messages of a thread, each prefixed with its role or, if incomplete, with its completion. */
export async function transcriptOf({ call }: Pick<TestApp, 'call'>, { token }: Pick<Person, 'token'>, threadId: string): Promise<string[]> {
  const { body } = await call('GET', `/v1/threads/${threadId}/messages`, { token });
  return body.map((each: Message) => `${each.completion === 'complete' ? each.role : each.completion} ${each.content}`);
}

/** Polls every 20 ms until `ask` returns a truthy value. Throws after `ms`: the default is for conditions that need not be met quickly. */
export async function eventually<T>(ask: () => Promise<T | undefined | false>, what: string, ms = 60_000): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`${what} did not happen within ${ms} ms`);
}
