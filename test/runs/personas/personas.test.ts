import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolvePersona } from '../../../server/resources/personas/resolve.ts';
import { addPersona } from '../../support/agent/personas.ts';
import { chat, type Vendor } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { openStream, readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { url, call, sql } = app;
const platform = await app.signUp();
let owner: Person;
let vendor: Vendor & { providerId: string };

beforeAll(() => app.promote(platform));
beforeEach(async () => {
  await sql('delete from personas');
  owner = await app.signUp();
  vendor = await addVendorModel(app, owner);
});
afterEach(() => vendor.close());

type Body = { model: string; messages: { role: string; content: string }[] };
const asked = (at = -1) => vendor.requests.at(at)!.body as Body;
const systemOf = ({ messages }: Body) => messages.filter(({ role }) => role === 'system').map(({ content }) => content);

/** Runs a persona to its end. Returns its system prompts and last event. */
async function run(persona_id?: string) {
  vendor.respondWith(chat.answer('Done.'));
  const id = await startRun(app, owner, await openThread(app, owner), { persona_id });
  const events = await readAll(url, id, owner.token);
  return { id, last: events.at(-1)!, prompts: vendor.requests.length > 0 ? systemOf(asked()) : [] };
}
const failureOf = async (persona: string) => (await run(persona)).last.data;
const promptOf = async (key: string): Promise<string> =>
  (await call('GET', '/v1/personas', { token: owner.token })).body.find((each: { persona_key: string }) => each.persona_key === key)
    .prompt_md;
const change = ({ token }: Person, id: string, body: object, query = '') => call('PATCH', `/v1/personas/${id}${query}`, { token, body });

test('a persona of the account precedes one of the platform, which precedes a built-in one', async () => {
  const builtin = await promptOf('normal');
  const normal = { persona_key: 'normal', version: '2' };
  const shared = await addPersona(app, platform, { ...normal, scope: 'platform', prompt_md: 'Of the platform.' });
  const own = await addPersona(app, owner, { ...normal, version: '3', soul_md: 'A soul.', prompt_md: 'Of the account.' });
  expect((await run()).prompts).toEqual(['A soul.\n\nOf the account.']);
  expect((await run('normal@2')).prompts).toEqual(['Of the platform.']);
  expect((await run('normal@1')).prompts).toEqual([builtin]);
  await change(owner, own.id, { is_active: false });
  expect((await run()).prompts).toEqual(['Of the platform.']);
  await change(platform, shared.id, { is_active: false }, '?scope=platform');
  const { id, last, prompts } = await run();
  expect([last.type, prompts]).toEqual(['run.completed', [builtin]]);
  expect((await call('GET', `/v1/runs/${id}`, { token: owner.token })).body.persona_id).toBe('normal');
});

test('a run uses the requested version of a persona, else the most recently created', async () => {
  for (const version of ['1', '10', '9']) await addPersona(app, owner, { version, prompt_md: `Version ${version}.` });
  expect((await run('own')).prompts).toEqual(['Version 9.']);
  expect((await run('own@10')).prompts).toEqual(['Version 10.']);
});

test('a persona selects its model', async () => {
  await call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token: owner.token, body: { model: 'other' } });
  await addPersona(app, owner, { model: 'vendor^other' });
  await run('own');
  expect(asked().model).toBe('other');
  await run();
  expect(asked().model).toBe('m');
});

test('an unknown persona or version fails the run without a model call', async () => {
  expect(await failureOf('normal@999')).toMatchObject({
    error_class: 'persona.version_mismatch',
    details: { requested_version: '999', available_version: '1' },
    resumable: false,
  });
  const { id } = await addPersona(app, owner, { persona_key: 'normal', version: '999' });
  expect((await run('normal@999')).last.type).toBe('run.completed');
  const calls = vendor.requests.length;
  expect(await failureOf('normal@998')).toMatchObject({ details: { requested_version: '998', available_version: '999' } });
  await change(owner, id, { is_active: false });
  expect(await failureOf('normal@999')).toMatchObject({ details: { requested_version: '999', available_version: '1' } });
  await addPersona(app, platform, { persona_key: 'of-platform-account' });
  for (const unknown of ['nope', 'nope@1', 'Normal', 'of-platform-account'])
    expect(await failureOf(unknown), unknown).toMatchObject({ error_class: 'persona.not_found', resumable: false });
  expect(vendor.requests).toHaveLength(calls);
});

test('a malformed persona id is an error', async () => {
  for (const bad of ['a b', '@1', 'a@', 'a@1@2', '../x', 'x'.repeat(65), '__proto__'])
    await expect(resolvePersona(app.database, owner.accountId, bad), bad).rejects.toMatchObject({ errorClass: 'persona.invalid_id' });
  for (const none of [null, ''])
    expect(await resolvePersona(app.database, owner.accountId, none)).toMatchObject({ key: 'normal', version: '1' });
});

test('a change of a persona applies only to later runs', async () => {
  const { id } = await addPersona(app, owner, { prompt_md: 'Before.' });
  const isChanged = Promise.withResolvers<void>();
  vendor.respondWith(
    {
      steps: [
        chat.call(0, { id: 'c1', name: 'nothing', arguments: '{}' }),
        { wait: isChanged.promise },
        chat.stop('tool_calls'),
        chat.done,
      ],
    },
    chat.answer('Done.'),
  );
  const runId = await startRun(app, owner, await openThread(app, owner), { persona_id: 'own' });
  const reader = await openStream(url, runId, { token: owner.token });
  await reader.until((event) => event.type === 'tool.call.delta');
  expect((await change(owner, id, { prompt_md: 'After.' })).status).toBe(200);
  isChanged.resolve();
  await reader.ended;
  expect(vendor.requests.map(({ body }) => systemOf(body as Body))).toEqual([['Before.'], ['Before.']]);
  expect((await run('own')).prompts).toEqual(['After.']);
});
