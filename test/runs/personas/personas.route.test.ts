import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtins } from '../../../server/resources/personas/builtins.ts';
import { addPersona } from '../../support/agent/personas.ts';
import { chat, type Vendor } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { usageOf } from '../../support/checks/invariants.ts';
import { readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
let owner: Person;
let vendor: Vendor & { providerId: string };

beforeEach(async () => {
  owner = await app.signUp();
  vendor = await addVendorModel(app, owner);
});
afterEach(() => vendor.close());

const prompts = Object.fromEntries((await builtins()).map(({ persona_key, definition }) => [persona_key, definition.prompt_md]));

type Asked = { model: string; messages: { role: string; content: string }[]; tools?: unknown[]; reasoning_effort?: string };

/** Runs a persona. Returns its model requests, last event and texts. */
async function run(persona_id: string, ...said: string[]) {
  vendor.respondWith(...said.map((text) => chat.answer(text)));
  const id = await startRun(app, owner, await openThread(app, owner, 'Prove it.'), { persona_id });
  const events = await readAll(app.url, id, owner.token);
  const asked = vendor.requests.splice(0).map(({ body }) => body as Asked);
  const shown = events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content] : []));
  return { id, last: events.at(-1)!, turns: events.filter(({ type }) => type === 'llm.turn.completed').length, asked, shown };
}

test('auto continues as the chosen persona with its tools and reasoning, and the classifier call is charged', async () => {
  const { id, last, turns, asked, shown } = await run('auto', 'ultra', 'Proven.');
  expect([last.type, turns, shown]).toEqual(['run.completed', 1, ['Proven.']]);
  expect(asked[0]!.messages[0]!.content).toContain(prompts.auto);
  expect(await usageOf(app, id)).toMatchObject([{ input_tokens: 22, output_tokens: 14 }]);
  const direct = await run('ultra', 'Proven.');
  expect(asked[1]).toEqual(direct.asked[0]);
  expect(asked[1]).toMatchObject({ reasoning_effort: 'xhigh', tools: expect.arrayContaining([expect.anything()]) });
  const { body: found } = await app.call('GET', `/v1/runs/${id}`, { token: owner.token });
  expect(found.persona_id).toBe('ultra');
});

test('a route selects a persona of the account with its model; an unsuitable or missing persona fails the run', async () => {
  await app.call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: owner.token, body: { model: 'other' } });
  await addPersona(app, owner, { persona_key: 'deep', prompt_md: 'Be deep.', model: 'vendor^other' });
  const routes = { deep: { persona_id: 'deep' }, again: { persona_id: 'auto' }, gone: { persona_id: 'gone' } };
  await addPersona(app, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { last, asked } = await run('own', 'deep', 'Done.');
  expect([last.type, asked.map(({ model }) => model)]).toEqual(['run.completed', ['m', 'other']]);
  expect(asked[1]!.messages[0]!.content).toBe('Be deep.');
  expect((await run('own', 'again')).last).toMatchObject({ type: 'run.failed', data: { error_class: 'config.invalid' } });
  expect((await run('own', 'gone')).last).toMatchObject({ type: 'run.failed', data: { error_class: 'persona.not_found' } });
});

test('a route may override the prompt and the model', async () => {
  await app.call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: owner.token, body: { model: 'other' } });
  const routes = { deep: { prompt_override: 'Be deep.', model_override: 'vendor^other' } };
  await addPersona(app, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { last, asked } = await run('own', 'deep', 'Done.');
  expect([last.type, asked.map(({ model }) => model)]).toEqual(['run.completed', ['m', 'other']]);
  expect(asked[1]!.messages[0]!.content).toBe('Be deep.');
});

test('without a match and a default the run fails, and the classifier call is charged', async () => {
  const routes = { deep: { prompt_override: 'Be deep.' } };
  await addPersona(app, owner, { executor_type: 'task.classify_route', executor_config: { routes } });
  const { id, last, asked, shown } = await run('own', 'shallow');
  expect(last).toMatchObject({ type: 'run.failed', data: { error_class: 'task.classify_route.no_match', resumable: false } });
  expect([asked.length, shown]).toEqual([1, []]);
  expect(await usageOf(app, id)).toMatchObject([{ input_tokens: 11, output_tokens: 7 }]);
});
