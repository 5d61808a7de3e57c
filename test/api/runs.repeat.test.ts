import { expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const { call, sql } = world;

const asked = { persona_id: 'ultra', model: 'a^b', reasoning_mode: 'high' };

/** What a run was asked for, by its first event. It is cancelled, so that the thread is idle again. */
async function wishes({ token }: Person, { status, body, text }: { status: number; body: { run_id: string }; text: string }) {
  expect(status, text).toBe(201);
  const [event] = await sql('select data from run_events where run_id = $1 and seq = 1', [body.run_id]);
  await call('POST', `/v1/runs/${body.run_id}:cancel`, { token });
  const { source, persona_id, model, reasoning_mode, route_id } = event.data;
  return { source, ...{ persona_id, model, reasoning_mode, route_id } };
}

/** A thread whose only message a run with wishes was made for. */
async function answered(options: object = asked) {
  const person = await world.signUp();
  const thread = await openThread(world, person);
  const run = await startRun(world, person, thread, options);
  await call('POST', `/v1/runs/${run}:cancel`, { token: person.token });
  const [message] = (await call('GET', `/v1/threads/${thread}/messages`, { token: person.token })).body;
  const retry = async (body?: object) =>
    wishes(person, await call('POST', `/v1/threads/${thread}:retry`, { token: person.token, ...(body && { body }) }));
  const edit = async (body: object, id = message.id) =>
    wishes(
      person,
      await call('PATCH', `/v1/threads/${thread}/messages/${id}`, { token: person.token, body: { content: 'Again', ...body } }),
    );
  return { person, thread, message, retry, edit };
}

test('retry and edit inherit persona, model and reasoning mode of the run that they repeat', async () => {
  const { retry, edit } = await answered();
  expect(await retry()).toEqual({ source: 'retry', ...asked });
  expect(await edit({})).toEqual({ source: 'edit', ...asked });
  expect(await retry({})).toEqual({ source: 'retry', ...asked });
});

test('what is named explicitly wins, and null asks for the default', async () => {
  const { retry, edit } = await answered();
  expect(await retry({ persona_id: 'lite' })).toEqual({ source: 'retry', ...asked, persona_id: 'lite' });
  expect(await edit({ model: 'c^d', reasoning_mode: 'max' })).toEqual({
    source: 'edit',
    ...{ persona_id: 'lite', model: 'c^d', reasoning_mode: 'xhigh' },
  });
  expect(await retry({ persona_id: null, model: '', reasoning_mode: null })).toEqual({ source: 'retry' });
  expect(await retry()).toEqual({ source: 'retry' });
});

test('a route is inherited, and gives way to a model that is named', async () => {
  const { retry } = await answered({ route_id: 'fast' });
  expect(await retry()).toEqual({ source: 'retry', route_id: 'fast' });
  expect(await retry({ model: 'c^d' })).toEqual({ source: 'retry', model: 'c^d' });
  expect(await retry({ route_id: 'slow' })).toEqual({ source: 'retry', route_id: 'slow' });
});

test('an edit inherits from the run of that message, not from a later one or from another thread', async () => {
  const { person, thread, message, edit } = await answered();
  await call('POST', `/v1/threads/${thread}/messages`, { token: person.token, body: { content: 'More' } });
  await startRun(world, person, thread, { persona_id: 'lite' }).then((run) =>
    call('POST', `/v1/runs/${run}:cancel`, { token: person.token }),
  );
  const other = await openThread(world, person);
  await startRun(world, person, other, { persona_id: 'search' });
  expect(await edit({}, message.id)).toEqual({ source: 'edit', ...asked });
});

test.each([
  ['retry', 'persona_id', 'a b'],
  ['retry', 'reasoning_mode', 'hard'],
  ['edit', 'route_id', ''],
  ['edit', 'unknown', 1],
] as const)('%s refuses %s %j', async (verb, field, value) => {
  const { person, thread, message } = await answered();
  const [method, path, body] =
    verb === 'retry'
      ? (['POST', `/v1/threads/${thread}:retry`, {}] as const)
      : (['PATCH', `/v1/threads/${thread}/messages/${message.id}`, { content: 'x' }] as const);
  expect(await call(method, path, { token: person.token, body: { ...body, [field]: value } })).toMatchObject({
    status: 400,
    body: { details: { issues: [{ location: 'body', path: `/${field}` }] } },
  });
});
