import { expect, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { createMocks, say } from '../../client/mocks/index.ts';
import { createRecorder, mergeManifests } from '../../client/recorder/index.ts';
import { Thread } from '../../contract/threads.ts';

const baseUrl = 'https://api.example.test';

function open() {
  const mocks = createMocks({ baseUrl, stepMs: 0, seed: 1 });
  const recorder = createRecorder({ consumer: 'page', baseUrl, fetch: mocks.fetch });
  const { accessToken } = mocks.state.signUp();
  const client = createClient({ baseUrl, accessToken, fetch: recorder.fetch, retryDelayMs: 1 });
  return { mocks, recorder, client, accessToken };
}

test('records the operations, fields of requests and responses, and reasons that a consumer uses', async () => {
  const { recorder, client } = open();
  const { id } = await client.threads.create({ body: { title: 'A secret title' } });
  const [first] = await client.threads.list({ query: { limit: 5 } });
  expect(first).toMatchObject({ id, title: 'A secret title' });
  await client.messages.create({ params: { thread_id: id }, body: { content: 'Secret words' } });
  const missing = client.threads.get({ params: { thread_id: crypto.randomUUID() } });
  await expect(missing).rejects.toMatchObject({ status: 404 });
  const wrong = client.messages.create({ params: { thread_id: id }, body: { content: 'x', persona_id: 'Secret' } as never });
  await expect(wrong).rejects.toMatchObject({ status: 400 });

  const manifest = await recorder.manifest();
  expect(manifest).toMatchObject({ format: 1, consumer: 'page', unknown: [] });
  const { operations } = manifest;
  expect(Object.keys(operations)).toEqual(['messages.create', 'threads.create', 'threads.get', 'threads.list']);
  expect(operations['threads.create']).toEqual({
    ...{ query: [], headers: ['idempotency-key'], body: ['title'] },
    responses: { 201: { reads: ['id'], reasons: [], events: {} } },
  });
  // The matcher reads these two fields of the first row.
  expect(operations['threads.list']).toMatchObject({ query: ['limit'], responses: { 200: { reads: ['[]', '[].id', '[].title'] } } });
  expect(operations['threads.get']!.responses).toEqual({ 404: { reads: [], reasons: [], events: {} } });
  expect(operations['messages.create']!.body).toEqual(['content']);
  expect(JSON.stringify(manifest)).not.toMatch(/secret|[0-9a-f]{8}-/i);
});

test('records the types of events, with the fields that are read of each', async () => {
  const { mocks, recorder, client } = open();
  mocks.plan(function* () {
    yield* say('Hello.');
  });
  const { id } = await client.threads.create({ body: {} });
  await client.messages.create({ params: { thread_id: id }, body: { content: 'Hi' } });
  const { run_id } = await client.runs.create({ params: { thread_id: id } });
  let answer = '';
  for await (const event of client.runs.stream(run_id)) if (event.type === 'message.delta') answer += event.data.content;
  expect(answer).toBe('Hello.');
  const { events } = (await recorder.manifest()).operations['runs.events']!.responses[200]!;
  expect(events['message.delta']).toEqual(['data', 'data.content', 'seq', 'type']);
  expect(events['run.completed']).toEqual(['seq', 'type']);
});

test('enumerating an object counts as reading all its declared fields; undeclared names and keys of maps are not recorded', async () => {
  const { recorder, client } = open();
  const { id } = await client.threads.create({ body: {} });
  const { ...copy } = await client.threads.get({ params: { thread_id: id } });
  // Only a thread that was forked has a parent.
  expect(copy).not.toHaveProperty('parent_thread_id');
  const me = await client.me.get();
  expect({ ...me }.username).toBe(me.username);
  const flags = await client.me.featureFlags();
  expect(JSON.parse(JSON.stringify(flags))).toEqual(flags);
  expect((me as { nothing?: string }).nothing).toBeUndefined();
  const { operations } = await recorder.manifest();
  const reads = operations['me.get']!.responses[200]!.reads;
  expect(reads).toEqual(expect.arrayContaining(['username', 'permissions', 'id', 'created_at']));
  expect(reads).not.toContain('nothing');
  expect(reads).not.toContain('permissions[]');
  expect(operations['threads.get']!.responses[200]!.reads).toEqual(Object.keys(Thread.shape).sort());
});

test('an observed answer behaves like the original', async () => {
  const { client, accessToken, mocks } = open();
  const plain = createClient({ baseUrl, accessToken, fetch: mocks.fetch });
  const [observed, original] = await Promise.all([client.me.get(), plain.me.get()]);
  expect(observed).toEqual(original);
  expect(observed.permissions).toBe(observed.permissions);
  expect(observed.permissions.filter(Boolean)).toEqual(original.permissions);
  expect(Array.isArray(observed.permissions)).toBe(true);
  const frozen = Object.freeze(await client.me.get());
  expect(frozen.permissions).toEqual(original.permissions);
  expect('username' in observed && !('x' in observed)).toBe(true);
});

test('with fetch alone, a text or a stream counts as read completely', async () => {
  const { recorder, client, accessToken } = open();
  const headers = { authorization: `Bearer ${accessToken}` };
  const { id } = await client.threads.create({ body: {} });
  const text = await (await recorder.fetch(`${baseUrl}/v1/threads`, { headers })).text();
  expect(text).toContain(id);
  await client.messages.create({ params: { thread_id: id }, body: { content: 'Hi' } });
  const { run_id } = await client.runs.create({ params: { thread_id: id } });
  const stream = await recorder.fetch(`${baseUrl}/v1/runs/${run_id}/events`, { headers });
  expect(await new Response(stream.body).text()).toContain('run.completed');
  const { operations } = await recorder.manifest();
  expect(operations['threads.list']!.responses[200]!.reads).toEqual(expect.arrayContaining(['[].id', '[].is_private']));
  expect(operations['runs.events']!.responses[200]!.events['run.completed']).toEqual(expect.arrayContaining(['data.trace_id', 'ts']));
});

test('requests to unknown paths are listed without values, and those to other servers not at all', async () => {
  const { recorder } = open();
  await recorder.fetch(`${baseUrl}/v1/threads/${crypto.randomUUID()}/likes/secret`, { method: 'POST' });
  await recorder.fetch('https://other.example/v1/threads').catch(() => undefined);
  expect((await recorder.manifest()).unknown).toEqual(['POST /v1/threads/*/*/*']);
});

test('manifests of several processes are merged', async () => {
  const [a, b] = [open(), open()];
  await a.client.threads.create({ body: { title: 'x' } });
  await b.client.threads.create({ body: { is_private: true } });
  await b.client.me.get();
  const merged = mergeManifests([await a.recorder.manifest(), await b.recorder.manifest()]);
  expect(Object.keys(merged.operations)).toEqual(['me.get', 'threads.create']);
  expect(merged.operations['threads.create']!.body).toEqual(['is_private', 'title']);
});
