import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { RunEvent } from '../../../../contract/events.ts';
import { textTokens } from '../../../../server/models/estimate.ts';
import { startApi } from '../../../../server/processes/api.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { addVendorModel } from '../../../support/agent/vendorModel.ts';
import { fastWorkerEnv, startProcess, testKeysEnv, workerOfFile } from '../../../support/app/process.ts';
import { startTestApp, testKeys } from '../../../support/app/testApp.ts';
import { expectRunInvariants, textOf, usageOf } from '../../../support/checks/invariants.ts';
import { openStream, types } from '../../../support/http/events.ts';
import { eventually, openThread, startRun } from '../../../support/resources/conversation.ts';

// Long enough for a busy machine: a worker that loses its lease causes another attempt.
const lease = { ...fastWorkerEnv, ARKLOOP_WORKER_LEASE_SECONDS: '5' };
const app = await startTestApp(lease, { worker: false });
const workerEnv = { ...lease, ...testKeysEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };
const startWorkerProcess = () => startProcess('worker', workerEnv);
/** For the tests from the fourth on: before, there may be no other worker. */
const worker = workerOfFile(workerEnv);

const words = (count: number) => Array.from({ length: count }, (_, at) => `word${at} `);
/** The estimated usage charged for an interrupted model call: its prompt and the stored text. */
function lostCall(event: RunEvent | undefined, received: string): { input_tokens: number; output_tokens: number } {
  const { usage } = event!.data as { usage: { input_tokens: number; output_tokens: number } };
  expect(usage).toMatchObject({ output_tokens: textTokens(received), estimated: true });
  // Includes the descriptions of the tools.
  expect(usage.input_tokens).toBeGreaterThan(500);
  return usage;
}

const tokenOf = async (runId: string): Promise<string | null> =>
  (await app.sql('select lease_token from runs where id = $1', [runId]))[0].lease_token;

test('a worker killed in the middle of a stream is replaced: no event is lost or repeated, and the answer is complete', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const second = await startApi({
    config: app.config,
    keys: testKeys,
    database: app.database,
    databaseUrl: app.databaseUrl,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(second.shutDown);
  const [first, other] = await Promise.all([startWorkerProcess(), startWorkerProcess()]);
  vendor.respondWith({ steps: [...words(30).map(chat.text), 'stall'] }, chat.answer(...words(60)));
  const runId = await startRun(app, bob, await openThread(app, bob));
  const readers = await Promise.all([app.url, second.address, app.url].map((url) => openStream(url, runId, { token: bob.token })));
  await readers[0]!.until((event) => event.type === 'message.delta' && event.data.content === 'word29 ');
  const killedAt = Date.now();
  first.kill('SIGKILL');
  other.kill('SIGKILL');
  await Promise.all([first.exited, other.exited]);
  const heir = await startWorkerProcess();
  await Promise.all(readers.map((reader) => reader.ended));
  expect(Date.now() - killedAt).toTakeLessThan(20_000);
  const events = await expectRunInvariants(app, runId, bob.token);
  for (const reader of readers) expect(reader.events).toEqual(events);
  const recovered = events.find((event) => event.type === 'run.recovered')!;
  expect(recovered.data).toMatchObject({ attempt: 2, discard_from_seq: 4 });
  expect(events.findLastIndex((event) => event.type === 'message.delta' && event.data.content === 'word29 ')).toBeGreaterThan(
    recovered.seq,
  );
  expect(textOf(events)).toBe(words(60).join(''));
  expect(events.at(-1)?.type).toBe('run.completed');
  const lost = lostCall(recovered, words(30).join(''));
  expect(await usageOf(app, runId)).toEqual([
    { input_tokens: 11 + lost.input_tokens, output_tokens: 7 + lost.output_tokens, cached_tokens: 3, cost_usd: 0 },
  ]);
  expect(vendor.requests).toHaveLength(2);
  expect(types(events).filter((type) => type === 'run.route.selected')).toHaveLength(1);
  heir.kill('SIGTERM');
  expect(await heir.exited).toEqual({ code: 0, signal: null });
  await vendor.close();
});

test('a worker suspended past its lease writes nothing when it resumes', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  const zombie = await startWorkerProcess();
  const [isReplaced, isResumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  vendor.respondWith({ steps: [chat.text('old '), { wait: isReplaced.promise }, ...words(50).map(chat.text), chat.stop(), chat.done] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(app.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  const token = await tokenOf(runId);
  zombie.kill('SIGSTOP');
  const whileBothRun = () => isResumed.promise.then(() => sleep(1_000));
  vendor.respondWith({ steps: [chat.text('new '), { wait: whileBothRun }, ...chat.answer('answer').steps!] });
  const heir = await startWorkerProcess();
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'new ');
  expect(await tokenOf(runId)).not.toBe(token);
  isReplaced.resolve();
  zombie.kill('SIGCONT');
  isResumed.resolve();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content] : []))).toEqual(['old ', 'new ', 'answer']);
  expect(events.filter((event) => event.type === 'worker.job.received').map(({ data }) => data)).toMatchObject([
    { attempt: 1 },
    { attempt: 2 },
  ]);
  zombie.kill('SIGTERM');
  heir.kill('SIGTERM');
  expect([await zombie.exited, await heir.exited]).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  expect(await expectRunInvariants(app, runId, bob.token)).toEqual(events);
  // The second worker charges the call of the first worker. The first worker charges nothing.
  const lost = lostCall(
    events.find((event) => event.type === 'run.recovered'),
    'old ',
  );
  expect(await usageOf(app, runId)).toMatchObject([{ input_tokens: 11 + lost.input_tokens, output_tokens: 7 + lost.output_tokens }]);
  await vendor.close();
});

test('a job that was locked and never started is given to another worker', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  vendor.respondWith(chat.answer('hello'));
  const runId = await startRun(app, bob, await openThread(app, bob));
  // The state left by a worker that died after locking the job and before taking the lease.
  await app.sql(
    `update graphile_worker._private_jobs set locked_at = now() - interval '10 seconds', locked_by = 'dead', attempts = 1 where key = $1`,
    [`run:${runId}`],
  );
  await app.sql(`update runs set last_activity_at = now() - interval '10 seconds' where id = $1`, [runId]);
  const heir = await startWorkerProcess();
  const reader = await openStream(app.url, runId, { token: bob.token });
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(types(events)).not.toContain('run.recovered');
  expect(events.at(-1)?.type).toBe('run.completed');
  heir.kill('SIGKILL');
  await heir.exited;
  await vendor.close();
});

test('a run that loses its worker in the middle of two calls is charged once for each of its three calls, and keeps its reservation', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob, { cost_per_1k_input: 0.01, cost_per_1k_output: 0.01 });
  const half = (text: string) => ({ steps: [chat.text(text), 'stall' as const] });
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.respondWith(half('first half '), half('second half '), { steps: [chat.text('whole'), chat.stop(), usage, chat.done] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(app.url, runId, { token: bob.token });
  const credits = async () => (await app.call('GET', '/v1/me/credits', { token: bob.token })).body;
  let reserved = 0;
  for (const text of ['first half ', 'second half ']) {
    await worker.start();
    await reader.until((event) => event.type === 'message.delta' && event.data.content === text);
    await worker.end();
    expect((await credits()).reserved).toBeGreaterThan(reserved);
    ({ reserved } = await credits());
  }
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  const [first, second] = events.filter((event) => event.type === 'run.recovered');
  const [one, two] = [lostCall(first, 'first half '), lostCall(second, 'second half ')];
  expect(await usageOf(app, runId)).toMatchObject([
    {
      input_tokens: 100 + one.input_tokens + two.input_tokens,
      output_tokens: 20 + one.output_tokens + two.output_tokens,
    },
  ]);
  const rows = await app.sql(`select amount from credit_transactions where reference_type = 'run' and reference_id = $1`, [runId]);
  const [{ cost_usd: cost }] = await usageOf(app, runId);
  expect(rows).toEqual([{ amount: -Math.ceil(cost * 1_000) }]);
  expect(await credits()).toMatchObject({ balance: 1_000 + rows[0].amount, reserved: 0, available: 1_000 + rows[0].amount });
  await vendor.close();
});

test('a worker killed after a finished turn does not cause that turn to be repeated', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  await worker.start();
  const call = [chat.call(0, { id: 'c1', name: 'weather', arguments: '{"city":"Oslo"}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.respondWith({ steps: [chat.text('I look. '), ...call, usage, chat.done] }, { steps: [chat.text('half of the an'), 'stall'] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(app.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'half of the an');
  await worker.end();
  vendor.respondWith(chat.answer('There is no such tool.'));
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  const toolResult = events.find((event) => event.type === 'tool.result')!;
  expect(events.find((event) => event.type === 'run.recovered')?.data).toMatchObject({
    attempt: 2,
    discard_from_seq: toolResult.seq + 1,
  });
  expect(events.flatMap((event) => (event.type === 'llm.turn.completed' ? [event.data.turn_index] : []))).toEqual([1, 2]);
  expect(textOf(events)).toBe('There is no such tool.');
  expect(vendor.requests).toHaveLength(3);
  expect(vendor.requests[2]?.body.messages).toEqual(vendor.requests[1]?.body.messages);
  const lost = lostCall(
    events.find((event) => event.type === 'run.recovered'),
    'half of the an',
  );
  const total = { input_tokens: 111 + lost.input_tokens, output_tokens: 27 + lost.output_tokens };
  expect(await usageOf(app, runId)).toEqual([{ ...total, cached_tokens: 3, cost_usd: 0 }]);
  expect(events.at(-1)?.data).toMatchObject({ usage: { ...total, estimated: true } });
  await eventually(async () => vendor.requests.every(({ closed }) => closed), 'the end of the calls to the vendor');
  await vendor.close();
});

test('a run that was cancelled while its worker was dead is ended by the next worker, with its usage', async () => {
  const bob = await app.signUp();
  const vendor = await addVendorModel(app, bob);
  await worker.start();
  const call = [chat.call(0, { id: 'c1', name: 'weather', arguments: '{}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.respondWith({ steps: [...call, usage, chat.done] }, { steps: [chat.text('half'), 'stall'] });
  const runId = await startRun(app, bob, await openThread(app, bob));
  const reader = await openStream(app.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  await worker.end();
  expect(await app.call('POST', `/v1/runs/${runId}:cancel`, { token: bob.token })).toMatchObject({ status: 200 });
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, bob.token);
  expect(types(events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  const [used] = await usageOf(app, runId);
  expect(used).toEqual({ input_tokens: expect.any(Number), output_tokens: 20 + textTokens('half'), cached_tokens: 0, cost_usd: 0 });
  expect(used.input_tokens).toBeGreaterThan(600);
  const total = { input_tokens: used.input_tokens, output_tokens: used.output_tokens, estimated: true };
  expect(events.at(-1)?.data).toMatchObject({ reason: 'cancel_signal', usage: total });
  expect(vendor.requests).toHaveLength(2);
  await vendor.close();
});
