import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { expectWithin } from '../support/app/expectWithin.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { openStream } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';

const app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_RATELIMIT_CAPACITY: '50' }, { worker: false });
const { call, sql } = app;
const admin = await app.signUp();
await app.promote(admin);
const token = admin.token;
const path = '/v1/admin/gateway-config';
const read = async () => (await call('GET', path, { token })).body;
const put = (changes: unknown) => call('PUT', path, { token, body: changes });
const forget = () => sql(`delete from platform_settings`);
const usual = {
  ip_mode: 'direct',
  trusted_cidrs: [],
  risk_reject_threshold: 0,
  rate_limit_capacity: 50,
  rate_limit_per_minute: 300,
  rate_limit_rules: [],
  maintenance: false,
  maintenance_retry_after_seconds: 60,
  maintenance_allowed_cidrs: [],
};

test('GET returns the current settings; PUT changes the given fields, keeps the others, and audits both states', async () => {
  expect(await read()).toEqual(usual);
  const changed = await put({ trusted_cidrs: ['10.1.2.3/8', '2001:DB8:ffff::1/32', '10.0.0.0/8'] });
  expect([changed.status, changed.body]).toEqual([200, { ...usual, trusted_cidrs: ['10.0.0.0/8', '2001:db8::/32'] }]);
  const more = { ip_mode: 'proxy', risk_reject_threshold: 0.25, rate_limit_capacity: 0.5, rate_limit_per_minute: 1_000_000 };
  const all = { ...changed.body, ...more };
  expect([(await put(more)).body, await read()]).toEqual([all, all]);
  expect([(await put({})).status, await read()]).toEqual([200, all]);
  expect((await put({ trusted_cidrs: [] })).body).toEqual({ ...all, trusted_cidrs: [] });
  const { body } = await call('GET', '/v1/audit-logs?include=state&action=gateway_config.update', { token });
  expect(body.data).toHaveLength(3);
  expect(body.data[1]).toMatchObject({ account_id: null, target_type: 'gateway_config', before_state: changed.body, after_state: all });
  await forget();
  await expectWithin(5_000, read, usual);
});

test('the gateway configuration and the platform settings hold the same values, whatever the number', async () => {
  const tiny = { rate_limit_per_minute: 1e-7, risk_reject_threshold: 1 / 3, rate_limit_capacity: 1 };
  expect((await put(tiny)).body).toEqual({ ...usual, ...tiny });
  const setting = async (key: string) => (await call('GET', `/v1/admin/platform-settings/gateway.${key}`, { token })).body?.value;
  expect([await setting('ratelimit_capacity'), await setting('ip_mode')]).toEqual(['1', undefined]);
  await call('PUT', '/v1/admin/platform-settings/gateway.trusted_cidrs', { token, body: { value: '["192.0.2.7/24"]' } });
  expect(await read()).toEqual({ ...usual, ...tiny, trusted_cidrs: ['192.0.2.0/24'] });
  await forget();
  await expectWithin(5_000, read, usual);
});

test.for([
  ['/ip_mode', { ip_mode: 'cloudflare' }],
  ['/ip_mode', { ip_mode: null }],
  ['/trusted_cidrs/1', { trusted_cidrs: ['10.0.0.0/8', '10.0.0.0/33'] }],
  ['/trusted_cidrs/0', { trusted_cidrs: ['10.0.0.1'] }],
  ['/trusted_cidrs/0', { trusted_cidrs: ['2001:db8::/129'] }],
  ['/trusted_cidrs/0', { trusted_cidrs: ['10.0.0.0/8,192.0.2.0/24'] }],
  ['/trusted_cidrs/0', { trusted_cidrs: [''] }],
  ['/trusted_cidrs/0', { trusted_cidrs: ['::/64.5'] }],
  ['/trusted_cidrs', { trusted_cidrs: Array.from({ length: 201 }, (_, at) => `10.0.${at}.0/24`) }],
  ['/trusted_cidrs', { trusted_cidrs: '10.0.0.0/8' }],
  ['/risk_reject_threshold', { risk_reject_threshold: 1.5 }],
  ['/risk_reject_threshold', { risk_reject_threshold: -0.1 }],
  ['/risk_reject_threshold', { risk_reject_threshold: '0.5' }],
  ['/rate_limit_capacity', { rate_limit_capacity: 0 }],
  ['/rate_limit_capacity', { rate_limit_capacity: 1_000_001 }],
  ['/rate_limit_per_minute', { rate_limit_per_minute: -1 }],
  ['/cdn_header', { cdn_header: 'x' }],
] as const)('%s: %o returns 400, and no other field changes', async ([pointer, wrong]) => {
  const { status, body } = await put({ rate_limit_capacity: 7, ...wrong });
  expect([status, body.details.issues.map((issue: { path: string }) => issue.path)]).toEqual([400, [pointer]]);
  expect(await read()).toEqual(usual);
});

test('a gateway applies a change within two seconds without breaking streams or connections', async () => {
  const { gateway, call: through } = await startTestGateway(app, { ARKLOOP_RATELIMIT_CAPACITY: '50' });
  const ann = await app.signUp();
  const runId = await startRun(app, ann, await openThread(app, ann));
  const stream = await openStream(gateway.address, runId, { token: ann.token });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ask = () =>
    new Promise<{ port: number | undefined; limit: unknown; status: number | undefined }>((resolve, reject) => {
      const request = get(`${gateway.address}/v1/auth/registration-mode`, { agent }, (response) => {
        response.resume().once('end', () => resolve({ port, limit: response.headers['x-ratelimit-limit'], status: response.statusCode }));
      });
      let port: number | undefined;
      request.once('socket', (socket) => {
        port = socket.localPort;
        socket.once('connect', () => {
          port = socket.localPort;
        });
      });
      request.once('error', reject);
    });
  const first = await ask();
  expect([first.status, first.limit]).toEqual([200, '50']);
  expect((await put({ rate_limit_capacity: 77, risk_reject_threshold: 0.3 })).status).toBe(200);
  const changed = performance.now();
  while ((await ask()).limit !== '77' && performance.now() - changed < 5_000) await sleep(20);
  expect(performance.now() - changed).toTakeLessThan(2_000);
  const refused = await through('GET', '/v1/auth/registration-mode', { headers: { 'user-agent': '' } });
  expect([refused.status, refused.body.details.reason]).toEqual([403, 'risk_rejected']);
  const last = await ask();
  expect([last.port, last.limit]).toEqual([first.port, '77']);
  await call('POST', `/v1/runs/${runId}:cancel`, { token: ann.token, body: {} });
  await stream.ended;
  expect(stream.events.at(-1)?.type).toBe('run.cancelled');
  await forget();
});

test('environment settings apply until settings are stored, and stored settings survive a restart', async () => {
  const proxied = {
    ARKLOOP_GATEWAY_IP_MODE: 'proxy',
    ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8',
    ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: '0.1',
  };
  const anonymous = async ({ call: ask }: Awaited<ReturnType<typeof startTestGateway>>) =>
    (await ask('GET', '/v1/auth/registration-mode', { headers: { 'user-agent': 'Mozilla/5.0', 'x-forwarded-for': '203.0.113.9' } })).status;
  const before = await startTestGateway(app, proxied);
  expect(await anonymous(before)).toBe(403);
  expect((await put({ risk_reject_threshold: 0, ip_mode: 'direct' })).status).toBe(200);
  await expectWithin(2_000, () => anonymous(before), 200);
  const after = await startTestGateway(app, proxied);
  expect(await anonymous(after)).toBe(200);
  await expect
    .poll(() => sql(`select distinct client_ip from access_log where status_code = 200 and user_agent = 'Mozilla/5.0'`))
    .toEqual([{ client_ip: '127.0.0.1' }]);
});
