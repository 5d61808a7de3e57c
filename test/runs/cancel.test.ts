import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { chat } from '../support/agent/vendor.ts';
import { addVendorModel } from '../support/agent/vendorModel.ts';
import { expectWithin } from '../support/app/expectWithin.ts';
import { setPlatformSettings } from '../support/app/settings.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { expectRunInvariants, usageOf } from '../support/checks/invariants.ts';
import { rounds } from '../support/checks/race.ts';
import { isTerminal, openStream, types } from '../support/http/events.ts';
import { openThread, startRun, transcriptOf } from '../support/resources/conversation.ts';

const app = await startTestApp({
  ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
  ARKLOOP_WORKER_CONCURRENCY: '8',
  ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.02',
});
await setPlatformSettings(app, { 'llm.retry.base_delay_ms': 30000 });
const { url, call } = app;

/** Cancels a run and waits for its end. Returns the duration in milliseconds. */
async function cancelled(runId: string, { token }: Person) {
  const reader = await openStream(url, runId, { token });
  const began = Date.now();
  expect(await call('POST', `/v1/runs/${runId}:cancel`, { token })).toMatchObject({ status: 200, body: { ok: true } });
  await reader.ended;
  return Date.now() - began;
}

const noAnswer = async (threadId: string, { token }: Person) =>
  expect((await call('GET', `/v1/threads/${threadId}/messages`, { token })).body.map(({ role }: { role: string }) => role)).toEqual([
    'user',
  ]);

test('each race between cancel and completion has one terminal event, and a cancel request is followed only by it', async () => {
  const alice = await app.signUp();
  const [lanes, perLane] = [10, Math.ceil(rounds * 0.4)];
  const race = async (lane: number) => {
    const threadId = await openThread(app, alice);
    // Measure the duration of a run beside nine others on this machine.
    const began = Date.now();
    const undisturbed = await startRun(app, alice, threadId);
    await openStream(url, undisturbed, { token: alice.token }).then(({ ended }) => ended);
    const usual = Date.now() - began;
    for (let round = 0; round < perLane; round++) {
      const runId = await startRun(app, alice, threadId);
      // The run began before its creation was answered, so the first cancel does not wait for the stream.
      const opened = openStream(url, runId, { token: alice.token });
      await new Promise((done) => setTimeout(done, (((lane + round * 3) % 24) / 16) * usual));
      expect(await call('POST', `/v1/runs/${runId}:cancel`, { token: alice.token })).toMatchObject({ status: 200 });
      const reader = await opened;
      await reader.ended;
      expect(isTerminal(reader.events.at(-1)!)).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => race(lane)));
  const runs = await app.sql(
    `
    select r.status, array_agg(e.type order by e.seq) as types, max(e.seq) = count(*) and r.next_seq = count(*) + 1 as whole,
      coalesce(string_agg(e.data ->> 'content', '' order by e.seq) filter (where e.type = 'message.delta'), '') as said,
      array(select m.content from messages m where m.run_id = r.id and m.role = 'assistant') as answers
    from runs r join run_events e on e.run_id = r.id where r.account_id = $1 group by r.id, r.status, r.next_seq`,
    [alice.accountId],
  );
  expect(runs).toHaveLength(lanes * (perLane + 1));
  for (const run of runs) {
    const order: string[] = run.types;
    const requested = order.indexOf('run.cancel_requested');
    expect(run.whole).toBe(true);
    // The answer received before the cancel is kept, appended to the answers of the earlier runs.
    expect(run.answers).toEqual(run.status === 'completed' || run.said !== '' ? [expect.stringMatching(new RegExp(`${run.said}$`))] : []);
    expect(order.filter((type) => /^run\.(completed|failed|cancelled)$/.test(type))).toEqual([`run.${run.status}`]);
    expect(order.at(-1)).toBe(`run.${run.status}`);
    expect(requested < 0 ? run.status : order.slice(requested)).toEqual(
      requested < 0 ? 'completed' : ['run.cancel_requested', 'run.cancelled'],
    );
  }
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['completed', 'cancelled']));
});

test('a run with a stalled model ends within a second of the cancel, with its usage and partial answer', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob, { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 });
  const tool = [chat.call(0, { id: 'c1', name: 'x', arguments: '{}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.respondWith({ steps: [...tool, usage, chat.done] }, { steps: [chat.text('half'), 'stall'] });
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  expect(await cancelled(runId, bob)).toTakeLessThan(1_000);
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(types(events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  // The usage of the first turn is reported; prompt and text of the second are estimated.
  const [used] = await usageOf(app, runId);
  const { input_tokens, output_tokens, cost_usd } = used;
  expect([input_tokens > 600, output_tokens, cost_usd]).toEqual([true, 21, (input_tokens * 3 + output_tokens * 15) / 1e6]);
  const cost = { currency: 'USD', amount_micros: input_tokens * 3 + output_tokens * 15 };
  expect(events.at(-1)?.data).toMatchObject({ reason: 'cancel_signal', usage: { input_tokens, output_tokens, estimated: true }, cost });
  expect((await call('GET', `/v1/runs/${runId}`, { token: bob.token })).body).toMatchObject({
    status: 'cancelled',
    total_input_tokens: input_tokens,
    total_output_tokens: output_tokens,
    total_cost_usd: cost_usd,
    usage_estimated: true,
  });
  expect(await transcriptOf(app, bob, threadId)).toEqual(['user Hello!', 'stopped half']);
  await expect.poll(() => vendor.requests.map(({ closed }) => closed)).toEqual([true, true]);
  vendor.respondWith(chat.answer('next'));
  await openStream(url, await startRun(app, bob, threadId), { token: bob.token }).then(({ ended }) => ended);
  await vendor.close();
});

test('a cancel ends the delay before a model retry', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.failure(503, { message: 'busy' }));
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'run.llm.retry');
  expect(await cancelled(runId, bob)).toTakeLessThan(1_000);
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(events.at(-1)).toMatchObject({ type: 'run.cancelled' });
  expect(vendor.requests).toHaveLength(1);
  await noAnswer(threadId, bob);
  await vendor.close();
});

test('a cancel ends the wait for a provider that never responds', async () => {
  const bob = await app.signUp();
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const base_url = `http://127.0.0.1:${(silent.address() as { port: number }).port}/v1`;
  const fields = { name: 'silent', provider: 'openai', api_key: 'sk-test-canary', base_url, openai_api_mode: 'chat_completions' };
  const { body: provider } = await call('POST', '/v1/llm-providers', { token: bob.token, body: fields });
  await call('POST', `/v1/llm-providers/${provider.id}/models`, { token: bob.token, body: { model: 'm' } });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const [socket] = await once(silent, 'connection');
  const hungUp = once(socket.resume(), 'close');
  expect(await cancelled(runId, bob)).toTakeLessThan(1_000);
  expect((await expectRunInvariants(app, runId, bob.token)).at(-1)).toMatchObject({ type: 'run.cancelled' });
  await hungUp;
  silent.close();
});

test('deleting the thread stops its run', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith({ steps: [chat.text('x'), 'stall'] });
  const threadId = await openThread(app, bob);
  const runId = await startRun(app, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  expect(await call('DELETE', `/v1/threads/${threadId}`, { token: bob.token })).toMatchObject({ status: 204 });
  await expect.poll(async () => (await app.sql('select status from runs where id = $1', [runId]))[0].status).toBe('cancelled');
  const log = await app.sql('select type from run_events where run_id = $1 order by seq', [runId]);
  expect(log.slice(-2)).toEqual([{ type: 'run.cancel_requested' }, { type: 'run.cancelled' }]);
  reader.close();
  await vendor.close();
});

test('a thread deleted while its run is created leaves no active run', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const race = async (at: number) => {
    const threadId = await openThread(app, bob);
    vendor.respondWith({ steps: [chat.text('x'), 'stall'] });
    const begun = call('POST', `/v1/threads/${threadId}/runs`, { token: bob.token });
    await new Promise((done) => setTimeout(done, at % 5));
    const [run, deleted] = await Promise.all([begun, call('DELETE', `/v1/threads/${threadId}`, { token: bob.token })]);
    expect([deleted.status, [201, 404]]).toEqual([204, expect.arrayContaining([run.status])]);
  };
  await Promise.all(Array.from({ length: 30 }, (_, at) => race(at)));
  const left = () => app.sql(`select id, status from runs where account_id = $1 and status <> 'cancelled'`, [bob.accountId]);
  await expectWithin(10_000, left, []);
  await vendor.close();
});
