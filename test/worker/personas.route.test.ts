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

/** A run of a persona that chooses: what it was told at each call, its last event and its texts. */
async function run(persona_id: string, ...said: string[]) {
  vendor.answers(...said.map((text) => chat.answer(text)));
  const id = await startRun(world, owner, await openThread(world, owner, 'Prove it.'), { persona_id });
  const events = await readAll(world.url, id, owner.token);
  const asked = vendor.requests.map(({ body }) => body as { model: string; messages: { role: string; content: string }[] });
  const shown = events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content] : []));
  return { id, last: events.at(-1)!, turns: events.filter(({ type }) => type === 'llm.turn.completed').length, asked, shown };
}

test('auto goes on with the prompt of the persona that the model chose; the choice is not shown, but paid for', async () => {
  const { id, last, turns, asked, shown } = await run('auto', 'ultra', 'Proven.');
  expect([last.type, turns, shown]).toEqual(['run.completed', 1, ['Proven.']]);
  expect(asked[0]!.messages[0]!.content).toContain(prompts.auto);
  expect(asked[1]!.messages).toEqual([
    { role: 'system', content: prompts.ultra },
    { role: 'user', content: 'Prove it.' },
  ]);
  expect(await usageOf(world, id)).toMatchObject([{ input_tokens: 22, output_tokens: 14 }]);
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
