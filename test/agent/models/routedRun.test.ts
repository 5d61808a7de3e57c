import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { addModel, addProvider, providerApiKey } from '../../support/agent/providers.ts';
import { chat, startVendor, type Vendor } from '../../support/agent/vendor.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

let app: TestApp;
let owner: Person;
let vendor: Vendor;

beforeAll(async () => {
  vendor = await startVendor();
  app = await startTestApp();
  owner = await app.signUp();
});
beforeEach(async () => {
  vendor.requests.length = 0;
  await app.sql('delete from llm_providers');
});
afterAll(() => vendor.close());

async function run(body: object = {}) {
  const id = await startRun(app, owner, await openThread(app, owner), body);
  const events = await readAll(app.url, id, owner.token);
  return { id, events, last: events.at(-1) };
}
const provider = () => addProvider(app, owner, { name: 'Vendor', base_url: `${vendor.origin}/v1`, openai_api_mode: 'chat_completions' });

test('the run uses the routed model, and its API key is not in any stored row', async () => {
  const model = await addModel(app, owner, await provider());
  vendor.respondWith(
    chat.answer('Hi there'),
    chat.failure(400, { message: `The key ${providerApiKey} is not liked`, code: 'invalid_request' }),
  );
  const answered = await run({ model: 'vendor^GPT-TEST' });
  const selected = answered.events.find((event) => event.type === 'run.route.selected');
  expect(selected?.data).toMatchObject({ route_id: model.id, credential_name: 'Vendor', owner_kind: 'account', model: 'gpt-test' });
  expect(answered.last?.type).toBe('run.completed');
  const refused = await run({ route_id: model.id });
  expect(refused.last).toMatchObject({ type: 'run.failed', data: { error_class: 'provider.non_retryable' } });
  for (const table of ['run_events', 'runs', 'messages', 'audit_logs'])
    expect(JSON.stringify(await app.sql(`select * from ${table}`)), table).not.toContain(providerApiKey);
});

test('a run that cannot be routed fails with the reason', async () => {
  const foreign = await addModel(app, owner, await provider());
  const stranger = await app.signUp();
  const id = await startRun(app, stranger, await openThread(app, stranger), { route_id: foreign.id });
  const events = await readAll(app.url, id, stranger.token);
  expect(events.at(-1)?.data).toMatchObject({ error_class: 'policy.denied', code: 'policy.route_not_found', resumable: false });
  expect((await run({ model: 'missing' })).last?.data).toMatchObject({ error_class: 'routing.not_found', code: 'routing.model_not_found' });
  expect(vendor.requests).toEqual([]);
});

test('a key that cannot be decrypted fails the run without key data in the error', async () => {
  const { id } = await provider();
  await addModel(app, owner, { id, scope: 'account' });
  await app.sql(`update llm_providers set api_key_sealed = '\\x01' where id = $1`, [id]);
  const { last } = await run();
  expect(last?.data).toMatchObject({ error_class: 'config.invalid', resumable: false });
  expect(JSON.stringify(last)).not.toContain('sk-');
});
