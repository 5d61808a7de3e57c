import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openThread, startRun, transcriptOf } from '../setup/conversation.ts';
import { isTerminal, openStream, types } from '../setup/events.ts';
import { expectSound, usageOf } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import { rounds } from '../setup/race.ts';
import { setPlatform } from '../setup/settings.ts';
import { chat } from '../setup/vendor.ts';
import { type Person, startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0', ARKLOOP_WORKER_CONCURRENCY: '8' });
await setPlatform(world, { 'llm.retry.base_delay_ms': 30000 });
const { url, call } = world;

/** Cancel a run and wait for its end; how long that took, in milliseconds. */
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

test('of all races between cancel and completion each has one end, and nothing of the worker but that follows the request', async () => {
  const alice = await world.signUp();
  const [lanes, perLane] = [10, Math.ceil(rounds * 0.4)];
  const race = async (lane: number) => {
    const threadId = await openThread(world, alice);
    // How long a run takes beside nine others, on this machine and today.
    const began = Date.now();
    const undisturbed = await startRun(world, alice, threadId);
    await (await openStream(url, undisturbed, { token: alice.token })).ended;
    const usual = Date.now() - began;
    for (let round = 0; round < perLane; round++) {
      const runId = await startRun(world, alice, threadId);
      const reader = await openStream(url, runId, { token: alice.token });
      await new Promise((done) => setTimeout(done, (((lane + round * 3) % 24) / 16) * usual));
      expect(await call('POST', `/v1/runs/${runId}:cancel`, { token: alice.token })).toMatchObject({ status: 200 });
      await reader.ended;
      expect(isTerminal(reader.events.at(-1)!)).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => race(lane)));
  const runs = await world.sql(
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
    // What was answered before the cancel came is kept, after what the runs before had answered.
    expect(run.answers).toEqual(run.status === 'completed' || run.said !== '' ? [expect.stringMatching(new RegExp(`${run.said}$`))] : []);
    expect(order.filter((type) => /^run\.(completed|failed|cancelled)$/.test(type))).toEqual([`run.${run.status}`]);
    expect(order.at(-1)).toBe(`run.${run.status}`);
    expect(requested < 0 ? run.status : order.slice(requested)).toEqual(
      requested < 0 ? 'completed' : ['run.cancel_requested', 'run.cancelled'],
    );
  }
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['completed', 'cancelled']));
}, 60_000);

test('a run whose model has fallen silent ends within a second of the cancel, with what it used and without an answer', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob, { cost_per_1k_input: 0.003, cost_per_1k_output: 0.015 });
  const tool = [chat.call(0, { id: 'c1', name: 'x', arguments: '{}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.answers({ steps: [...tool, usage, chat.done] }, { steps: [chat.text('half'), 'stall'] });
  const threadId = await openThread(world, bob);
  const runId = await startRun(world, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  expect(await cancelled(runId, bob)).toBeLessThan(1_000);
  const events = await expectSound(world, runId, bob.token);
  expect(types(events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  // The first turn was reported; of the second, prompt and text are estimated.
  const [used] = await usageOf(world, runId);
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
  expect(await transcriptOf(world, bob, threadId)).toEqual(['user Hello!', 'stopped half']);
  await expect.poll(() => vendor.requests.map(({ closed }) => closed)).toEqual([true, true]);
  vendor.answers(chat.answer('next'));
  await (await openStream(url, await startRun(world, bob, threadId), { token: bob.token })).ended;
  await vendor.close();
});

test('a cancel ends the pause before another attempt', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers(chat.failure(503, { message: 'busy' }));
  const threadId = await openThread(world, bob);
  const runId = await startRun(world, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'run.llm.retry');
  expect(await cancelled(runId, bob)).toBeLessThan(1_000);
  const events = await expectSound(world, runId, bob.token);
  expect(events.at(-1)).toMatchObject({ type: 'run.cancelled' });
  expect(vendor.requests).toHaveLength(1);
  await noAnswer(threadId, bob);
  await vendor.close();
});

test('a cancel ends the wait for a provider that never says a word', async () => {
  const bob = await world.signUp();
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const base_url = `http://127.0.0.1:${(silent.address() as { port: number }).port}/v1`;
  const fields = { name: 'silent', provider: 'openai', api_key: 'sk-test-canary', base_url, openai_api_mode: 'chat_completions' };
  const { body: provider } = await call('POST', '/v1/llm-providers', { token: bob.token, body: fields });
  await call('POST', `/v1/llm-providers/${provider.id}/models`, { token: bob.token, body: { model: 'm' } });
  const runId = await startRun(world, bob, await openThread(world, bob));
  const [socket] = await once(silent, 'connection');
  const hungUp = once(socket.resume(), 'close');
  expect(await cancelled(runId, bob)).toBeLessThan(1_000);
  expect((await expectSound(world, runId, bob.token)).at(-1)).toMatchObject({ type: 'run.cancelled' });
  await hungUp;
  silent.close();
});

test('deleting the thread stops its run', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers({ steps: [chat.text('x'), 'stall'] });
  const threadId = await openThread(world, bob);
  const runId = await startRun(world, bob, threadId);
  const reader = await openStream(url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  expect(await call('DELETE', `/v1/threads/${threadId}`, { token: bob.token })).toMatchObject({ status: 204 });
  await expect
    .poll(async () => (await world.sql('select status from runs where id = $1', [runId]))[0].status, { timeout: 5_000 })
    .toBe('cancelled');
  const log = await world.sql('select type from run_events where run_id = $1 order by seq', [runId]);
  expect(log.slice(-2)).toEqual([{ type: 'run.cancel_requested' }, { type: 'run.cancelled' }]);
  reader.close();
  await vendor.close();
});

test('a thread that is deleted while its run begins leaves no run behind', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const race = async (at: number) => {
    const threadId = await openThread(world, bob);
    vendor.answers({ steps: [chat.text('x'), 'stall'] });
    const begun = call('POST', `/v1/threads/${threadId}/runs`, { token: bob.token });
    await new Promise((done) => setTimeout(done, at % 5));
    const [run, deleted] = await Promise.all([begun, call('DELETE', `/v1/threads/${threadId}`, { token: bob.token })]);
    expect([deleted.status, [201, 404]]).toEqual([204, expect.arrayContaining([run.status])]);
  };
  await Promise.all(Array.from({ length: 30 }, (_, at) => race(at)));
  const left = () => world.sql(`select id, status from runs where account_id = $1 and status <> 'cancelled'`, [bob.accountId]);
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  await vendor.close();
});
