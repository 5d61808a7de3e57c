import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtins } from '../../server/resources/personas/builtins.ts';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll } from '../setup/events.ts';
import { usageOf } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import { addPersona } from '../setup/personas.ts';
import { chat, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld();
let owner: Person;
let vendor: Vendor & { providerId: string };

beforeEach(async () => {
  owner = await world.signUp();
  vendor = await addModel(world, owner);
});
afterEach(() => vendor.close());

const prompts = Object.fromEntries((await builtins()).map(({ persona_key, definition }) => [persona_key, definition.prompt_md]));

type Asked = { model: string; messages: { role: string; content: string }[]; tools?: unknown[]; reasoning_effort?: string };

/** A run of a persona that chooses: what it was told at each call, its last event and its texts. */
async function run(persona_id: string, ...said: string[]) {
  vendor.answers(...said.map((text) => chat.answer(text)));
  const id = await startRun(world, owner, await openThread(world, owner, 'Prove it.'), { persona_id });
  const events = await readAll(world.url, id, owner.token);
  const asked = vendor.requests.splice(0).map(({ body }) => body as Asked);
  const shown = events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content] : []));
  return { id, last: events.at(-1)!, turns: events.filter(({ type }) => type === 'llm.turn.completed').length, asked, shown };
}

test('auto continues as the persona that the model chose, with its tools and its reasoning; the hidden call is charged', async () => {
  const { id, last, turns, asked, shown } = await run('auto', 'ultra', 'Proven.');
  expect([last.type, turns, shown]).toEqual(['run.completed', 1, ['Proven.']]);
  expect(asked[0]!.messages[0]!.content).toContain(prompts.auto);
  expect(await usageOf(world, id)).toMatchObject([{ input_tokens: 22, output_tokens: 14 }]);
  const direct = await run('ultra', 'Proven.');
  expect(asked[1]).toEqual(direct.asked[0]);
  expect(asked[1]).toMatchObject({ reasoning_effort: 'xhigh', tools: expect.arrayContaining([expect.anything()]) });
  const { body: found } = await world.call('GET', `/v1/runs/${id}`, { token: owner.token });
  expect(found.persona_id).toBe('ultra');
});

test('a route names a persona of the account, with its model; one that cannot run the loop fails the run', async () => {
  await world.call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: owner.token, body: { model: 'other' } });
  await addPersona(world, owner, { persona_key: 'deep', prompt_md: 'Be deep.', model: 'vendor^other' });
  const routes = { deep: { persona_id: 'deep' }, again: { persona_id: 'auto' }, gone: { persona_id: 'gone' } };
  await addPersona(world, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { last, asked } = await run('own', 'deep', 'Done.');
  expect([last.type, asked.map(({ model }) => model)]).toEqual(['run.completed', ['m', 'other']]);
  expect(asked[1]!.messages[0]!.content).toBe('Be deep.');
  expect((await run('own', 'again')).last).toMatchObject({ type: 'run.failed', data: { error_class: 'config.invalid' } });
  expect((await run('own', 'gone')).last).toMatchObject({ type: 'run.failed', data: { error_class: 'persona.not_found' } });
});

test('a route may go on with another model', async () => {
  await world.call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: owner.token, body: { model: 'other' } });
  const routes = { deep: { prompt_override: 'Be deep.', model_override: 'vendor^other' } };
  await addPersona(world, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { last, asked } = await run('own', 'deep', 'Done.');
  expect([last.type, asked.map(({ model }) => model)]).toEqual(['run.completed', ['m', 'other']]);
  expect(asked[1]!.messages[0]!.content).toBe('Be deep.');
});

test('without a choice and without a default the run fails, and the call is paid for', async () => {
  const routes = { deep: { prompt_override: 'Be deep.' } };
  await addPersona(world, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { id, last, asked, shown } = await run('own', 'shallow');
  expect(last).toMatchObject({ type: 'run.failed', data: { error_class: 'task.classify_route.no_match', resumable: false } });
  expect([asked.length, shown]).toEqual([1, []]);
  expect(await usageOf(world, id)).toMatchObject([{ input_tokens: 11, output_tokens: 7 }]);
});
