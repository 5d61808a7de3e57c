import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApi } from '../../server/api.ts';
import { eventually, openThread, startRun } from '../setup/conversation.ts';
import { openStream, types } from '../setup/events.ts';
import { expectSound, textOf, usageOf } from '../setup/invariants.ts';
import { addModel } from '../setup/model.ts';
import { quickWorker, sameKeys, startProcess } from '../setup/process.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld, testKeys } from '../setup/world.ts';

const world = await startWorld(quickWorker, { worker: false });
const workerEnv = { ...quickWorker, ...sameKeys, ARKLOOP_DATABASE_URL: world.databaseUrl };
const startWorkerProcess = () => startProcess('worker', workerEnv);

const words = (count: number) => Array.from({ length: count }, (_, at) => `word${at} `);
const tokenOf = async (runId: string): Promise<string | null> =>
  (await world.sql('select lease_token from runs where id = $1', [runId]))[0].lease_token;

test('a worker killed in the middle of a stream is replaced: nothing is lost, nothing comes twice, and the answer is whole', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const second = await startApi({
    config: world.config,
    keys: testKeys,
    database: world.database,
    databaseUrl: world.databaseUrl,
    log: pino({ level: 'silent' }),
  });
  const [first, other] = await Promise.all([startWorkerProcess(), startWorkerProcess()]);
  vendor.answers({ steps: [...words(30).map(chat.text), 'stall'] }, chat.answer(...words(60)));
  const runId = await startRun(world, bob, await openThread(world, bob));
  const readers = await Promise.all([world.url, second.address, world.url].map((url) => openStream(url, runId, { token: bob.token })));
  await readers[0]!.until((event) => event.type === 'message.delta' && event.data.content === 'word29 ');
  const killedAt = Date.now();
  first.kill('SIGKILL');
  other.kill('SIGKILL');
  await Promise.all([first.exited, other.exited]);
  const heir = await startWorkerProcess();
  await Promise.all(readers.map((reader) => reader.ended));
  expect(Date.now() - killedAt).toBeLessThan(20_000);
  const events = await expectSound(world, runId, bob.token);
  for (const reader of readers) expect(reader.events).toEqual(events);
  const recovered = events.find((event) => event.type === 'run.recovered')!;
  expect(recovered.data).toMatchObject({ attempt: 2, discard_from_seq: 4 });
  expect(events.findLastIndex((event) => event.type === 'message.delta' && event.data.content === 'word29 ')).toBeGreaterThan(
    recovered.seq,
  );
  expect(textOf(events)).toBe(words(60).join(''));
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(await usageOf(world, runId)).toEqual([{ input_tokens: 11, output_tokens: 7, cached_tokens: 3, cost_usd: 0 }]);
  expect(vendor.requests).toHaveLength(2);
  expect(types(events).filter((type) => type === 'run.route.selected')).toHaveLength(1);
  heir.kill('SIGTERM');
  expect(await heir.exited).toEqual({ code: 0, signal: null });
  await second.shutDown();
  await vendor.close();
});

test('a worker that slept past its lease writes nothing when it wakes', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const zombie = await startWorkerProcess();
  vendor.answers({ steps: [chat.text('old '), { wait: 5_000 }, ...words(50).map(chat.text), chat.stop(), chat.done] });
  const runId = await startRun(world, bob, await openThread(world, bob));
  const reader = await openStream(world.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  const token = await tokenOf(runId);
  zombie.kill('SIGSTOP');
  vendor.answers({ steps: [chat.text('new '), { wait: 3_000 }, ...chat.answer('answer').steps!] });
  const heir = await startWorkerProcess();
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'new ');
  expect(await tokenOf(runId)).not.toBe(token);
  zombie.kill('SIGCONT');
  await reader.ended;
  const events = await expectSound(world, runId, bob.token);
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
  expect(await expectSound(world, runId, bob.token)).toEqual(events);
  await vendor.close();
});

test('a job that was taken and never begun is given to another worker', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  vendor.answers(chat.answer('hello'));
  const runId = await startRun(world, bob, await openThread(world, bob));
  // What a worker leaves that died between taking the job and taking the lease.
  await world.sql(
    `update graphile_worker._private_jobs set locked_at = now() - interval '3 seconds', locked_by = 'dead', attempts = 1 where key = $1`,
    [`run:${runId}`],
  );
  await world.sql(`update runs set last_activity_at = now() - interval '3 seconds' where id = $1`, [runId]);
  const heir = await startWorkerProcess();
  const reader = await openStream(world.url, runId, { token: bob.token });
  await reader.ended;
  const events = await expectSound(world, runId, bob.token);
  expect(types(events)).not.toContain('run.recovered');
  expect(events.at(-1)?.type).toBe('run.completed');
  heir.kill('SIGKILL');
  await heir.exited;
  await vendor.close();
});

test('a worker killed after a finished turn does not ask for that turn again', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const first = await startWorkerProcess();
  const call = [chat.call(0, { id: 'c1', name: 'weather', arguments: '{"city":"Oslo"}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.answers({ steps: [chat.text('I look. '), ...call, usage, chat.done] }, { steps: [chat.text('half of the an'), 'stall'] });
  const runId = await startRun(world, bob, await openThread(world, bob));
  const reader = await openStream(world.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'half of the an');
  first.kill('SIGKILL');
  await first.exited;
  vendor.answers(chat.answer('There is no such tool.'));
  const heir = await startWorkerProcess();
  await reader.ended;
  const events = await expectSound(world, runId, bob.token);
  const toolResult = events.find((event) => event.type === 'tool.result')!;
  expect(events.find((event) => event.type === 'run.recovered')?.data).toMatchObject({
    attempt: 2,
    discard_from_seq: toolResult.seq + 1,
  });
  expect(events.flatMap((event) => (event.type === 'llm.turn.completed' ? [event.data.turn_index] : []))).toEqual([1, 2]);
  expect(textOf(events)).toBe('There is no such tool.');
  expect(vendor.requests).toHaveLength(3);
  expect(vendor.requests[2]?.body.messages).toEqual(vendor.requests[1]?.body.messages);
  expect(await usageOf(world, runId)).toEqual([{ input_tokens: 111, output_tokens: 27, cached_tokens: 3, cost_usd: 0 }]);
  expect(events.at(-1)?.data).toMatchObject({ usage: { input_tokens: 111, output_tokens: 27 } });
  heir.kill('SIGKILL');
  await heir.exited;
  await eventually(async () => vendor.requests.every(({ closed }) => closed), 'the end of the calls to the vendor');
  await vendor.close();
});

test('a run that was cancelled while its worker lay dead is ended by the next one, with what was used', async () => {
  const bob = await world.signUp();
  const vendor = await addModel(world, bob);
  const first = await startWorkerProcess();
  const call = [chat.call(0, { id: 'c1', name: 'weather', arguments: '{}' }), chat.stop('tool_calls')];
  const usage = chat.usage({ prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 });
  vendor.answers({ steps: [...call, usage, chat.done] }, { steps: [chat.text('half'), 'stall'] });
  const runId = await startRun(world, bob, await openThread(world, bob));
  const reader = await openStream(world.url, runId, { token: bob.token });
  await reader.until((event) => event.type === 'message.delta');
  first.kill('SIGKILL');
  await first.exited;
  expect(await world.call('POST', `/v1/runs/${runId}:cancel`, { token: bob.token })).toMatchObject({ status: 200 });
  await startWorkerProcess();
  await reader.ended;
  const events = await expectSound(world, runId, bob.token);
  expect(types(events).slice(-2)).toEqual(['run.cancel_requested', 'run.cancelled']);
  expect(events.at(-1)?.data).toMatchObject({ reason: 'cancel_signal', usage: { input_tokens: 100, output_tokens: 20 } });
  expect(await usageOf(world, runId)).toEqual([{ input_tokens: 100, output_tokens: 20, cached_tokens: 0, cost_usd: 0 }]);
  expect(vendor.requests).toHaveLength(2);
  await vendor.close();
});
