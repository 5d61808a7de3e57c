import { expect, onTestFinished, test } from 'vitest';
import { chat } from '../../support/agent/vendor.ts';
import { addVendorModel } from '../../support/agent/vendorModel.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { readAll, types } from '../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';

const slowAgent = { ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.05', ARKLOOP_STUB_AGENT_DELTA_COUNT: '8' };
const app = await startTestApp({ ...slowAgent, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { url, sql, call, signUp } = app;
const { token, ...alice } = await signUp();
const person = { ...alice, token };
const read = async (id: string, by = token) => (await call('GET', `/v1/threads/${id}`, { token: by })).body;
const rename = (id: string, title: string | null) => call('PATCH', `/v1/threads/${id}`, { token, body: { title } });

/** A new user with a scripted vendor. */
async function withVendor() {
  const bob = await signUp();
  const vendor = await addVendorModel(app, bob);
  onTestFinished(vendor.close);
  return { bob, vendor, token: bob.token };
}

test('active_run_id is the same in all responses until the run ends', async () => {
  const { token, vendor, bob } = await withVendor();
  const isShown = Promise.withResolvers<void>();
  vendor.respondWith({ steps: [{ wait: isShown.promise }, ...chat.answer('Here.').steps!] });
  const id = await openThread(app, bob, 'find me', 'watched');
  const runId = await startRun(app, bob, id);
  const shown = async () => {
    const lists = ['/v1/threads', '/v1/threads/search?q=watched'].map((path) => call('GET', path, { token }));
    const rows = (await Promise.all(lists)).map(({ body }) => body.find((row: { id: string }) => row.id === id));
    return [await read(id, token), ...rows].map((row) => row.active_run_id);
  };
  expect(await shown()).toEqual([runId, runId, runId]);
  isShown.resolve();
  await readAll(url, runId, token);
  expect(await shown()).toEqual([null, null, null]);
});

test('an automatic title is set after the first run, and never replaces a given one', async () => {
  const named = await openThread(app, person, 'What is the weather like?', null);
  const run = await startRun(app, person, named);
  await rename(named, 'my own');
  await readAll(url, run, token);
  const free = await openThread(app, person, 'What is the weather like?', null);
  await rename(free, 'for a moment');
  await rename(free, null);
  const before = (await read(free)).updated_at;
  const events = await readAll(url, await startRun(app, person, free), token);
  const title = await eventually(async () => (await read(free)).title, 'a title');
  expect([title.length > 0, types(events).includes('thread.title.updated'), (await read(named)).title]).toEqual([true, true, 'my own']);
  // Starting the run updates updated_at, setting the title does not.
  expect((await read(free)).updated_at > before).toBe(true);
  const settled = (await read(free)).updated_at;
  const [{ created_at: started }] = await sql('select created_at from runs where thread_id = $1', [free]);
  expect(settled).toBe(started);
});

test('deleting a thread cancels its run, and both return 404', async () => {
  const { token, vendor, bob } = await withVendor();
  vendor.respondWith({ steps: ['stall'] });
  const id = await openThread(app, bob);
  const runId = await startRun(app, bob, id);
  expect((await call('DELETE', `/v1/threads/${id}`, { token })).status).toBe(204);
  const status = async () => (await sql('select status from runs where id = $1', [runId]))[0].status;
  await eventually(async () => (await status()) === 'cancelled', 'the end of the run');
  const gone: [string, string, unknown?][] = [
    ['GET', `/v1/threads/${id}`],
    ['PATCH', `/v1/threads/${id}`, { title: 'back' }],
    ['DELETE', `/v1/threads/${id}`],
    ['POST', `/v1/threads/${id}/star`],
    ['GET', `/v1/threads/${id}/messages`],
    ['POST', `/v1/threads/${id}/messages`, { content: 'x' }],
    ['POST', `/v1/threads/${id}/runs`],
    ['GET', `/v1/threads/${id}/runs`],
    ['POST', `/v1/threads/${id}:retry`],
    ['GET', `/v1/runs/${runId}`],
    ['GET', `/v1/runs/${runId}/events`],
    ['POST', `/v1/runs/${runId}:cancel`],
  ];
  for (const [method, path, body] of gone)
    expect([method, path, (await call(method, path, { token, body })).status]).toEqual([method, path, 404]);
  for (const path of ['/v1/threads?limit=200', '/v1/runs?limit=200', '/v1/threads/search?q=Hello'])
    expect((await call('GET', path, { token })).text).not.toContain(id);
  expect(await sql('select id from runs where id = $1', [runId])).toHaveLength(1);
});

test('updated_at changes with title, messages and runs only', async () => {
  const id = await openThread(app, person, 'one');
  const moves = async (work: () => Promise<unknown>) => {
    const { updated_at: before } = await read(id);
    await new Promise((done) => setTimeout(done, 5));
    await work();
    return (await read(id)).updated_at > before;
  };
  const post = (path: string, body?: unknown) => call('POST', `/v1/threads/${id}${path}`, { token, body });
  const [{ id: project }] = await sql('select id from projects where account_id = $1 limit 1', [alice.accountId]);
  expect(await moves(() => rename(id, 'new'))).toBe(true);
  expect(await moves(() => call('PATCH', `/v1/threads/${id}`, { token, body: { project_id: project } }))).toBe(false);
  expect(await moves(() => post('/star'))).toBe(false);
  expect(await moves(() => post('/messages', { content: 'two' }))).toBe(true);
  let run = '';
  expect(await moves(async () => (run = (await post('/runs')).body.run_id))).toBe(true);
  expect(await moves(() => readAll(url, run, token))).toBe(false);
  expect(await moves(async () => (run = (await post(':retry')).body.run_id))).toBe(true);
  await readAll(url, run, token);
  const [message] = (await call('GET', `/v1/threads/${id}/messages`, { token })).body;
  expect(await moves(async () => call('PATCH', `/v1/threads/${id}/messages/${message.id}`, { token, body: { content: 'three' } }))).toBe(
    true,
  );
});

test('a repeated idempotency key creates one thread', async () => {
  const headers = { 'idempotency-key': 'once' };
  const [first, again] = [await call('POST', '/v1/threads', { token, headers }), await call('POST', '/v1/threads', { token, headers })];
  expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  expect(await sql('select count(*)::int from threads where id = $1', [first.body.id])).toEqual([{ count: 1 }]);
  const stored = await sql('select body_sealed::text as sealed from idempotency_keys');
  expect(stored.some(({ sealed }) => Buffer.from(sealed.slice(2), 'hex').includes(first.body.id))).toBe(false);
});
