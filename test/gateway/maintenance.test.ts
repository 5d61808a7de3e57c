import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { expectWithin } from '../support/app/expectWithin.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';
import { openStream } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const { login, password } = await app.signUpAdmin();
// The role is in the token since the next sign-in.
const signedIn = await app.call('POST', '/v1/auth/login', { body: { login, password } });
const admin = { token: signedIn.body.access_token as string };
const put = (call: typeof app.call, body: object) => call('PUT', '/v1/admin/gateway-config', { token: admin.token, body });

async function maintenanceFile() {
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-maintenance-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'on');
}

test('an administrator turns maintenance on and off through the gateway, and streams in progress end by themselves', async () => {
  const { gateway, call } = await startTestGateway(app, trustedProxyEnv);
  onTestFinished(gateway.shutDown);
  const ann = await app.signUp();
  const runId = await startRun(app, ann, await openThread(app, ann));
  const stream = await openStream(gateway.address, runId, { token: ann.token });
  const me = (options: { token?: string; headers?: Record<string, string> } = { token: ann.token }) => call('GET', '/v1/me', options);
  expect((await me()).status).toBe(200);
  const settings = {
    maintenance: true,
    maintenance_retry_after_seconds: 120,
    maintenance_allowed_cidrs: ['203.0.113.0/24', '2001:db8::/32'],
  };
  expect((await put(call, settings)).body).toMatchObject(settings);
  await expectWithin(5_000, async () => (await me()).status, 503);
  const refused = await me();
  expect(refused.body).toMatchObject({
    error: 'unavailable',
    message: 'The service is in maintenance. Try again later.',
    trace_id: refused.headers.get('x-trace-id'),
    details: { reason: 'maintenance' },
  });
  expect([refused.headers.get('retry-after'), refused.headers.get('ratelimit')]).toEqual(['120', null]);
  expect((await me({})).status).toBe(503);
  expect((await me({ token: 'made.up.token' })).status).toBe(503);
  const completion = await call('POST', '/v1/chat/completions', { token: ann.token, body: {} });
  expect([completion.status, completion.body.error.code]).toEqual([503, 'maintenance']);
  const preflight = { origin: 'http://localhost:19080', 'access-control-request-method': 'POST' };
  expect((await call('OPTIONS', '/v1/threads', { headers: preflight })).status).toBe(204);
  for (const path of ['/healthz', '/readyz']) await expect.poll(async () => (await call('GET', path)).status).toBe(200);
  for (const from of ['203.0.113.9', '2001:db8:1::9'])
    expect((await me({ token: ann.token, headers: { 'x-forwarded-for': from } })).status).toBe(200);
  expect((await me({ token: ann.token, headers: { 'x-forwarded-for': '198.51.100.1' } })).status).toBe(503);
  expect((await me({ token: admin.token })).status).toBe(200);
  await app.call('POST', `/v1/runs/${runId}:cancel`, { token: ann.token, body: {} });
  await stream.ended;
  expect(stream.events.at(-1)?.type).toBe('run.cancelled');
  expect((await put(call, { maintenance: false })).status).toBe(200);
  await expectWithin(5_000, async () => (await me()).status, 200);
  const { body } = await app.call('GET', '/v1/audit-logs?include=state&action=gateway_config.update', { token: admin.token });
  expect(body.data.map((each: any) => each.after_state.maintenance)).toEqual([false, true]);
});

test('a file turns maintenance on without API and database, also at the start, and the log tells', async () => {
  const file = await maintenanceFile();
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const env = { ARKLOOP_GATEWAY_MAINTENANCE_FILE: file };
  const { address } = await startGatewayTo(url, env, { log });
  const status = async (at = address) => (await fetch(`${at}/v1/x`)).status;
  expect(await status()).toBe(200);
  await writeFile(file, '');
  await expectWithin(5_000, () => status(), 503);
  const refused = await fetch(`${address}/v1/x`);
  expect([refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(['60', 'keep-alive']);
  const late = await startGatewayTo(url, { ...env, ARKLOOP_GATEWAY_MAINTENANCE_ALLOWED_CIDRS: '127.0.0.0/8' });
  expect(await status(late.address)).toBe(200);
  expect(await status((await startGatewayTo(url, env)).address)).toBe(503);
  await rm(file);
  await expectWithin(5_000, () => status(), 200);
  expect(lines).toEqual(['maintenance is on: its file was created', 'maintenance is off: its file was removed']);
});

test('the environment turns maintenance on, and rejects all paths', async () => {
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const env = { ARKLOOP_GATEWAY_MAINTENANCE_ENABLED: 'true', ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: url };
  const { address } = await startGatewayTo(url, env);
  expect((await fetch(`${address}/`)).status).toBe(503);
  expect((await fetch(`${address}/v1/x`, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(503);
});

test.for([
  ['/maintenance', { maintenance: 'yes' }],
  ['/maintenance_retry_after_seconds', { maintenance_retry_after_seconds: 0 }],
  ['/maintenance_retry_after_seconds', { maintenance_retry_after_seconds: 86_401 }],
  ['/maintenance_allowed_cidrs/0', { maintenance_allowed_cidrs: ['203.0.113.9'] }],
] as const)('%s: %o returns 400', async ([pointer, wrong]) => {
  const { status, body } = await put(app.call, wrong);
  expect([status, body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, [pointer]]);
});

test('/benchz answers callers on the same machine if it is on, and passes the limits like other requests', async () => {
  let seen = 0;
  const { url } = await startUpstream((_req, res) => {
    seen++;
    res.end('ok');
  });
  const off = await startGatewayTo(url);
  expect((await fetch(`${off.address}/benchz`)).status).toBe(404);
  const env = { ARKLOOP_GATEWAY_BENCHZ: '1', ARKLOOP_RATELIMIT_CAPACITY: '2', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.1' };
  const on = await startGatewayTo(url, env);
  const answers = [];
  for (let n = 0; n < 3; n++) answers.push(await fetch(`${on.address}/benchz`));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect([await answers[0]!.text(), seen]).toEqual(['ok', 0]);
});
