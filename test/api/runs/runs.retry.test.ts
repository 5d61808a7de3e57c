import { expect, test } from 'vitest';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql } = app;

const requestedOptions = { persona_id: 'ultra', model: 'a^b', reasoning_mode: 'high' };

/** The options of a run, read from its first event. Cancels the run, so that the thread is idle again. */
async function runOptions({ token }: Person, { status, body, text }: { status: number; body: { run_id: string }; text: string }) {
  expect(status, text).toBe(201);
  const [event] = await sql('select data from run_events where run_id = $1 and seq = 1', [body.run_id]);
  await call('POST', `/v1/runs/${body.run_id}:cancel`, { token });
  const { source, persona_id, model, reasoning_mode, route_id } = event.data;
  return { source, ...{ persona_id, model, reasoning_mode, route_id } };
}

/** A thread with one message, for which a run with options was started. */
async function createThreadWithRun(options: object = requestedOptions) {
  const person = await app.signUp();
  const thread = await openThread(app, person);
  const run = await startRun(app, person, thread, options);
  await call('POST', `/v1/runs/${run}:cancel`, { token: person.token });
  const [message] = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
  const retry = async (body?: object) =>
    runOptions(person, await call('POST', `/v1/threads/${thread}:retry`, { token: person.token, ...(body && { body }) }));
  const edit = async (body: object, id = message.id) =>
    runOptions(
      person,
      await call('PATCH', `/v1/threads/${thread}/messages/${id}`, { token: person.token, body: { content: 'Again', ...body } }),
    );
  return { person, thread, message, retry, edit };
}

test('retry and edit inherit persona, model and reasoning mode of the run that they repeat', async () => {
  const { retry, edit } = await createThreadWithRun();
  expect(await retry()).toEqual({ source: 'retry', ...requestedOptions });
  expect(await edit({})).toEqual({ source: 'edit', ...requestedOptions });
  expect(await retry({})).toEqual({ source: 'retry', ...requestedOptions });
});

test('explicit options override inherited ones, and null resets to the default', async () => {
  const { retry, edit } = await createThreadWithRun();
  expect(await retry({ persona_id: 'lite' })).toEqual({ source: 'retry', ...requestedOptions, persona_id: 'lite' });
  expect(await edit({ model: 'c^d', reasoning_mode: 'max' })).toEqual({
    source: 'edit',
    ...{ persona_id: 'lite', model: 'c^d', reasoning_mode: 'xhigh' },
  });
  expect(await retry({ persona_id: null, model: '', reasoning_mode: null })).toEqual({ source: 'retry' });
  expect(await retry()).toEqual({ source: 'retry' });
});

test('a route is inherited unless a model is given', async () => {
  const { retry } = await createThreadWithRun({ route_id: 'fast' });
  expect(await retry()).toEqual({ source: 'retry', route_id: 'fast' });
  expect(await retry({ model: 'c^d' })).toEqual({ source: 'retry', model: 'c^d' });
  expect(await retry({ route_id: 'slow' })).toEqual({ source: 'retry', route_id: 'slow' });
});

test('an edit inherits from the run of its message, not from a later run or another thread', async () => {
  const { person, thread, message, edit } = await createThreadWithRun();
  await call('POST', `/v1/threads/${thread}/messages`, { token: person.token, body: { content: 'More' } });
  await startRun(app, person, thread, { persona_id: 'lite' }).then((run) =>
    call('POST', `/v1/runs/${run}:cancel`, { token: person.token }),
  );
  const other = await openThread(app, person);
  await startRun(app, person, other, { persona_id: 'search' });
  expect(await edit({}, message.id)).toEqual({ source: 'edit', ...requestedOptions });
});

test.each([
  ['retry', 'persona_id', 'a b'],
  ['retry', 'reasoning_mode', 'hard'],
  ['edit', 'route_id', ''],
  ['edit', 'unknown', 1],
] as const)('%s rejects %s %j', async (verb, field, value) => {
  const { person, thread, message } = await createThreadWithRun();
  const [method, path, body] =
    verb === 'retry'
      ? (['POST', `/v1/threads/${thread}:retry`, {}] as const)
      : (['PATCH', `/v1/threads/${thread}/messages/${message.id}`, { content: 'x' }] as const);
  expect(await call(method, path, { token: person.token, body: { ...body, [field]: value } })).toMatchObject({
    status: 400,
    body: { details: { issues: [{ location: 'body', path: `/${field}` }] } },
  });
});
