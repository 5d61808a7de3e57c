import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openThread, startRun } from '../setup/conversation.ts';
import { readAll } from '../setup/events.ts';
import { addModel, addProvider, secretKey } from '../setup/providers.ts';
import { chat, startVendor, type Vendor } from '../setup/vendor.ts';
import { type Person, startWorld, type World } from '../setup/world.ts';

let world: World;
let owner: Person;
let vendor: Vendor;

beforeAll(async () => {
  vendor = await startVendor();
  world = await startWorld();
  owner = await world.signUp();
});
beforeEach(async () => {
  vendor.requests.length = 0;
  await world.sql('delete from llm_providers');
});
afterAll(() => vendor.close());

async function run(body: object = {}) {
  const id = await startRun(world, owner, await openThread(world, owner), body);
  const events = await readAll(world.url, id, owner.token);
  return { id, events, last: events.at(-1) };
}
const provider = () => addProvider(world, owner, { name: 'Vendor', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' });

test('a run is answered by the model it was routed to, and its key is nowhere', async () => {
  const model = await addModel(world, owner, await provider());
  vendor.answers(chat.answer('Hi there'), chat.failure(400, { message: `The key ${secretKey} is not liked`, code: 'invalid_request' }));
  const answered = await run({ model: 'vendor^GPT-TEST' });
  const selected = answered.events.find((event) => event.type === 'run.route.selected');
  expect(selected?.data).toMatchObject({ route_id: model.id, credential_name: 'Vendor', owner_kind: 'account', model: 'gpt-test' });
  expect(answered.last?.type).toBe('run.completed');
  const refused = await run({ route_id: model.id });
  expect(refused.last).toMatchObject({ type: 'run.failed', data: { error_class: 'provider.non_retryable' } });
  for (const table of ['run_events', 'runs', 'messages', 'audit_logs'])
    expect(JSON.stringify(await world.sql(`select * from ${table}`)), table).not.toContain(secretKey);
});

test('a run that cannot be routed says why', async () => {
  const foreign = await addModel(world, owner, await provider());
  const stranger = await world.signUp();
  const id = await startRun(world, stranger, await openThread(world, stranger), { route_id: foreign.id });
  const events = await readAll(world.url, id, stranger.token);
  expect(events.at(-1)?.data).toMatchObject({ error_class: 'policy.denied', code: 'policy.route_not_found', resumable: false });
  expect((await run({ model: 'missing' })).last?.data).toMatchObject({ error_class: 'routing.not_found', code: 'routing.model_not_found' });
  expect(vendor.requests).toEqual([]);
});

test('a key that no longer opens fails the run without a word about it', async () => {
  const { id } = await provider();
  await addModel(world, owner, { id, scope: 'account' });
  await world.sql(`update llm_providers set api_key_sealed = '\\x01' where id = $1`, [id]);
  const { last } = await run();
  expect(last?.data).toMatchObject({ error_class: 'config.invalid', resumable: false });
  expect(JSON.stringify(last)).not.toContain('sk-');
});
