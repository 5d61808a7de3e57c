import { setTimeout as wait } from 'node:timers/promises';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, onTestFinished, test } from 'vitest';
import { dataOf, openScriptedThread } from '../../../support/agent/agent.ts';
import { addMcpConfig } from '../../../support/agent/mcp.ts';
import { startSdkServer } from '../../../support/agent/mcpSdk.ts';
import { addModel, addProvider } from '../../../support/agent/providers.ts';
import { addToolServer, askUserArgs, callsTools } from '../../../support/agent/tools.ts';
import { chat, messages, startVendor } from '../../../support/agent/vendor.ts';
import { fastWorkerEnv, testKeysEnv, workerOfFile } from '../../../support/app/process.ts';
import { setPlatformSettings } from '../../../support/app/settings.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { expectRunInvariants, textOf } from '../../../support/checks/invariants.ts';
import { openStream, types } from '../../../support/http/events.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';

const app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' }, { worker: false });
const slots = { ARKLOOP_WORKER_CONCURRENCY: '16', ARKLOOP_WORKER_MAX_CONCURRENCY: '16' };
const env = { ...fastWorkerEnv, ...testKeysEnv, ...slots, ARKLOOP_DATABASE_URL: app.databaseUrl };
const worker = workerOfFile(env);
const isWaiting = ({ type }: { type: string }) => type === 'run.waiting_for_input';

test('a tool call interrupted by the death of its worker is not repeated', async () => {
  const person = await app.signUp();
  const tools = await addToolServer(app, person);
  const script = [
    callsTools(['mcp__tools__count', {}, 'a'], ['mcp__tools__slow', { ms: 60_000 }, 'b'], ['mcp__tools__count', {}, 'c']),
    chat.answer('Well.'),
  ];
  const talk = await openScriptedThread(app, { person, script });
  await worker.start();
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(({ type }) => type === 'tool.result');
  await expect.poll(() => tools.count('slow')).toBe(1);
  await worker.end();
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect([tools.count('count'), tools.count('slow')]).toEqual([1, 1]);
  expect(dataOf(events, 'tool.result').map(({ tool_call_id, error }) => [tool_call_id, error?.error_class])).toEqual([
    ['a', undefined],
    ['b', 'tool.interrupted'],
    ['c', 'tool.interrupted'],
  ]);
  expect(talk.vendor.requests).toHaveLength(2);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('a question of a tool server ends with the death of its worker: its call is lost, and the run goes on', async () => {
  const person = await app.signUp();
  const server = await startSdkServer(({ server: inner }) => {
    inner.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: 'book', inputSchema: { type: 'object' } }] }));
    inner.setRequestHandler(CallToolRequestSchema, async () => {
      const requestedSchema = { type: 'object' as const, properties: { seats: { type: 'integer' as const } } };
      const answer = await inner.elicitInput({ message: 'How many?', requestedSchema }, { timeout: 60_000 });
      return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
    });
  });
  const config = { name: 'train', transport: 'streamable_http', url: server.url, elicitation_enabled: true };
  await addMcpConfig(app, person, config);
  // The model asks again, and then asks the user itself.
  const script = [
    callsTools(['mcp__train__book', {}, 'a'], ['ask_user', askUserArgs(), 'q']),
    callsTools(['mcp__train__book', {}, 'b']),
    chat.answer('Booked.'),
  ];
  const talk = await openScriptedThread(app, { person, script });
  await worker.start();
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  await worker.end();
  await worker.start();
  const asks = (reason: string, count: number) => {
    const seen = new Set<number>();
    return reader.until(
      (event) => event.type === 'run.waiting_for_input' && event.data.reason === reason && seen.add(event.seq).size === count,
    );
  };
  await asks('ask_user', 1);
  await talk.input(runId, '{"colour":"blue"}');
  const asked = dataOf(await asks('elicitation', 2), 'run.waiting_for_input').at(-1)!;
  await talk.input(runId, '{"seats":2}', { request_id: asked.request_id });
  await reader.ended;
  await worker.end();
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(dataOf(events, 'run.resumed').map(({ reason }) => reason)).toEqual([
    'question_withdrawn',
    'user_input_received',
    'user_input_received',
  ]);
  expect(dataOf(events, 'tool.result').map(({ tool_call_id, error }) => [tool_call_id, error?.error_class])).toEqual([
    ['a', 'tool.interrupted'],
    ['q', undefined],
    ['b', undefined],
  ]);
  expect(events.at(-1)?.type).toBe('run.completed');
});

test('a question survives a killed or stopped worker, with its deadline and an answer sent meanwhile', async () => {
  const talks = await Promise.all(
    [0, 1].map(() =>
      openScriptedThread(app, {
        script: [callsTools(['ask_user', askUserArgs(), 'q'], ['timeline_title', { label: 'x' }]), chat.answer('Thanks.')],
      }),
    ),
  );
  await worker.start();
  const runs = await Promise.all(
    talks.map(async (talk) => {
      const runId = await talk.start();
      const reader = await talk.follow(runId);
      await reader.until(isWaiting);
      return { ...talk, runId, reader };
    }),
  );
  const [early, late] = runs as [(typeof runs)[0], (typeof runs)[0]];
  await worker.end();
  expect(await early.input(early.runId, 'while nobody worked')).toMatchObject({ status: 200 });
  await worker.start();
  await early.reader.ended;
  await late.reader.until(({ type }) => type === 'run.recovered');
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const { status } = (await app.call('GET', `/v1/runs/${late.runId}`, { token: late.token })).body;
  expect(status).toBe('waiting_for_input');
  await worker.start();
  await expect.poll(() => types(late.reader.events).filter((type) => type === 'run.recovered').length).toBe(2);
  await late.input(late.runId, 'at last');
  await late.reader.ended;
  for (const [run, answer] of [
    [early, 'while nobody worked'],
    [late, 'at last'],
  ] as const) {
    const events = await expectRunInvariants(app, run.runId, run.token);
    expect(events.filter(isWaiting)).toHaveLength(1);
    expect(dataOf(events, 'run.resumed')).toMatchObject([{ reason: 'user_input_received' }]);
    expect(dataOf(events, 'tool.result').map(({ result }) => result)).toEqual([{ ok: true }, { user_response: answer }]);
    expect(run.vendor.requests).toHaveLength(2);
    expect(events.at(-1)?.type).toBe('run.completed');
  }
});

test('the deadline of a question keeps running while there is no worker', async () => {
  await setPlatformSettings(app, { 'limit.paused_input_timeout_ms': 3_000 });
  const talk = await openScriptedThread(app, { script: [callsTools(['ask_user', askUserArgs(), 'q']), chat.answer('Thanks.')] });
  await worker.start();
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.until(isWaiting);
  await worker.end();
  await wait(1_500);
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, talk.token);
  expect(dataOf(events, 'run.resumed')).toMatchObject([{ reason: 'input_timeout' }]);
  const [asked, resumed] = [events.find(isWaiting)!, events.find(({ type }) => type === 'run.resumed')!];
  expect(Date.parse(resumed.created_at) - Date.parse(asked.created_at)).toBeGreaterThanOrEqual(2_990);
  // At least 1.5 of the 3 seconds were over when the second worker started.
  const recovered = events.find(({ type }) => type === 'run.recovered')!;
  expect(Date.parse(resumed.created_at) - Date.parse(recovered.created_at)).toTakeLessThan(2_500);
  await app.sql(`delete from platform_settings where key = 'limit.paused_input_timeout_ms'`);
});

test('signed reasoning that a provider requires back survives the worker and is not in the events', async () => {
  const person = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  await addModel(
    app,
    person,
    await addProvider(app, person, { provider: 'anthropic', base_url: vendor.origin, api_key: 'sk-test-canary' }),
  );
  const call = [
    messages.block(1, { type: 'tool_use', id: 'toolu_1', name: 'timeline_title', input: {} }),
    messages.delta(1, { type: 'input_json_delta', partial_json: '{"label":"x"}' }),
    messages.blockStop(1),
  ];
  vendor.respondWith(
    { steps: [messages.start, messages.thinking(0, 'Hm.', 'signed-by-vendor'), ...call, messages.stop] },
    {
      steps: [
        messages.start,
        messages.block(0, { type: 'text', text: '' }),
        messages.delta(0, { type: 'text_delta', text: 'half' }),
        'stall',
      ],
    },
    messages.answer('Whole.'),
  );
  await worker.start();
  const runId = await startRun(app, person, await openThread(app, person));
  const reader = await openStream(app.url, runId, { token: person.token });
  await reader.until((event) => event.type === 'message.delta' && event.data.content === 'half');
  await worker.end();
  await worker.start();
  await reader.ended;
  const events = await expectRunInvariants(app, runId, person.token);
  expect(textOf(events)).toBe('Whole.');
  expect(JSON.stringify(events)).not.toContain('signed-by-vendor');
  for (const request of vendor.requests.slice(1)) expect(JSON.stringify(request.body)).toContain('signed-by-vendor');
  expect(await app.sql('select 1 from run_turns where run_id = $1', [runId])).toEqual([]);
});
