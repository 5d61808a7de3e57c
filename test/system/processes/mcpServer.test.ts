import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { fastWorkerEnv, startProcess, testKeysEnv } from '../../support/app/process.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { connectMcp, postMcp } from '../../support/http/mcpClient.ts';
import { createKey } from '../../support/resources/apiKeys.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp({}, { worker: false });
const env = { ...testKeysEnv, ...fastWorkerEnv, ARKLOOP_DATABASE_URL: app.databaseUrl };
const slow = (wait: Promise<unknown>) => ({ steps: [chat.text('First'), { wait }, ...chat.answer(' and last.').steps!] });
const never = new Promise<void>(() => undefined);

test.each(['2026-07-28', 'legacy'] as const)('a call through the gateway gets the answer although a worker is killed (%s)', async (era) => {
  const gateway = await startProcess('gateway', { ...env, ARKLOOP_GATEWAY_UPSTREAM: app.url, ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: '2000' });
  const first = await startProcess('worker', env);
  const person = await app.signUp();
  const { threadId: thread_id, vendor } = await openScriptedThread(app, { person, script: [slow(never), chat.answer('Recovered.')] });
  const { use } = await connectMcp(gateway.url, (await createKey(app, person)).key, era);
  const said: (string | undefined)[] = [];
  const onprogress = ({ message }: { message?: string }) => void said.push(message);
  const call = use('send_message', { thread_id, content: 'Go', wait_seconds: 120 }, { onprogress, timeout: 180_000 });
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  first.kill('SIGKILL');
  await startProcess('worker', env);
  expect(await call).toMatchObject({ status: 'completed', answer: expect.stringContaining('Recovered.') });
  expect(said).toContain('Continuing after the loss of a worker');
  expect(await app.sql('select count(*)::int as runs from runs where thread_id = $1', [thread_id])).toEqual([{ runs: 1 }]);
});

test('a call is cancelled through another process, and one that shuts down ends its calls with the run', async () => {
  const [one, other] = await Promise.all([startProcess('api', env), startProcess('api', env), startProcess('worker', env)]);
  const person = await app.signUp();
  const { threadId: thread_id, vendor } = await openScriptedThread(app, { person, script: [slow(never), slow(never)] });
  const { key } = await createKey(app, person);
  const send = { name: 'send_message', arguments: { thread_id, content: 'Go', wait_seconds: 120 } };
  const session = { 'mcp-session-id': 'mine' };
  const call = postMcp(one, key, { jsonrpc: '2.0', id: 7, method: 'tools/call', params: send }, session);
  await eventually(async () => vendor.requests.length === 1, 'the call of the model');
  await postMcp(other, key, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }, session);
  expect((await call).text).toMatch(/"status":"(cancelling|cancelled)"/);
  await eventually(
    async () => (await app.sql('select status from runs where thread_id = $1', [thread_id]))[0].status === 'cancelled',
    'the end',
  );
  const second = postMcp(one, key, { jsonrpc: '2.0', id: 8, method: 'tools/call', params: send }, session);
  await eventually(async () => vendor.requests.length === 2, 'the second call of the model');
  one.kill('SIGTERM');
  expect((await second).text).toContain('"status":"running"');
  expect((await one.exited).code).toBe(0);
});
