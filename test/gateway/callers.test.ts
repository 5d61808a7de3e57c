import { expect, onTestFinished, test } from 'vitest';
import { callerOf } from '../../server/gateway/caller/clientIp.ts';
import { publicPaths } from '../../server/gateway/caller/ipFilter.ts';
import { riskOf } from '../../server/gateway/caller/risk.ts';
import { userAgentType } from '../../server/gateway/caller/userAgent.ts';
import { isWithin, parseNetwork } from '../../server/platform/network/addresses.ts';
import { parseClientAddress } from '../../server/platform/network/clientAddress.ts';
import { expectWithin } from '../support/app/expectWithin.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { accessLogLines, behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../support/gateway/testGateway.ts';
import { isProtected, operations } from '../support/http/operations.ts';
import { createServiceKey } from '../support/resources/apiKeys.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const browser = 'Mozilla/5.0 (X11; Linux x86_64) Safari/537.36';

const callerBy = (mode: 'direct' | 'proxy' | 'cdn', peer: string, headers: Record<string, string>, trusted = ['10.0.0.0/8']) => {
  const networks = trusted.map(parseNetwork);
  const proxies = { mode, isTrusted: (ip: string) => isWithin(ip, networks), cdnHeader: 'cf-connecting-ip' };
  return callerOf({ socket: { remoteAddress: peer }, headers } as never, proxies);
};

test.each([
  ['direct', '10.0.0.1', { 'x-forwarded-for': '1.1.1.1', 'cf-connecting-ip': '1.1.1.1' }, '10.0.0.1'],
  ['proxy', '192.0.2.1', { 'x-forwarded-for': '1.1.1.1' }, '192.0.2.1'],
  ['cdn', '192.0.2.1', { 'cf-connecting-ip': '1.1.1.1' }, '192.0.2.1'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '1.1.1.1, 203.0.113.99, 10.0.0.2' }, '203.0.113.99'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }, '10.0.0.1'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '' }, '10.0.0.1'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '1.1.1.1, nonsense, 10.0.0.2' }, '10.0.0.1'],
  ['proxy', '::ffff:10.0.0.1', { 'x-forwarded-for': '[2001:DB8::1%eth0]:443' }, '2001:db8::1'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '::ffff:1.2.3.4' }, '1.2.3.4'],
  ['proxy', '10.0.0.1', { 'x-forwarded-for': '1.2.3.4:80' }, '1.2.3.4'],
  ['cdn', '10.0.0.1', { 'cf-connecting-ip': '1.1.1.1', 'x-forwarded-for': '2.2.2.2' }, '1.1.1.1'],
  ['cdn', '10.0.0.1', { 'cf-connecting-ip': '1.1.1.1, 2.2.2.2' }, '10.0.0.1'],
] as const)('in mode %s, from %s with %o, the caller is %s', (mode, peer, headers, ip) => {
  expect(callerBy(mode, peer, headers).ip).toBe(ip);
});

test('trusts no peer without trusted networks, and X-Forwarded-Proto only from a trusted proxy', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'https' };
  expect(callerBy('proxy', '10.0.0.1', headers, [])).toEqual({ ip: '10.0.0.1', secure: false });
  expect(callerBy('proxy', '10.0.0.1', headers)).toEqual({ ip: '1.1.1.1', secure: true });
  expect(callerBy('direct', '10.0.0.1', headers).secure).toBe(false);
  expect(['1', '0x7f.1', '127.1', '01.2.3.4', '1.2.3.4.5', 'x'].map(parseClientAddress)).toEqual(Array(6).fill(undefined));
});

test.each([
  ['', 'unknown'],
  ['Mozilla/5.0 (compatible; Googlebot/2.1)', 'bot'],
  ['Wget/1.21', 'bot'],
  ['curl/8.0', 'tool'],
  ['PostmanRuntime/7', 'tool'],
  [browser, 'browser'],
  ['something else', 'tool'],
] as const)('the user agent %j is %s', (agent, type) => expect(userAgentType(agent)).toBe(type));

test('risk is the sum of the signals, at most 1', () => {
  const location = { country: '', city: '', isAnonymousProxy: false, isHosting: false };
  expect(riskOf({ isAnonymous: true, location, userAgentType: 'unknown' })).toBe(0.3);
  expect(riskOf({ isAnonymous: true, location, userAgentType: 'bot' })).toBe(0.25);
  expect(riskOf({ isAnonymous: true, location: { ...location, isAnonymousProxy: true, isHosting: true }, userAgentType: 'unknown' })).toBe(
    1,
  );
});

/** A gateway that stops with the test, because active gateways divide the rate limits. */
async function startGatewayForTest(env: Record<string, string> = {}) {
  const started = await startTestGateway(app, env);
  onTestFinished(started.gateway.shutDown);
  return started;
}

test('a threshold of 0.3 rejects an anonymous empty user agent but not a browser, and an incoming X-Risk-Score is ignored', async () => {
  const { call } = await startGatewayForTest({ ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: '0.3' });
  const path = `/v1/risk-${Date.now()}`;
  const refused = await call('GET', path, { headers: { 'user-agent': '', 'x-risk-score': '0' } });
  expect(refused).toMatchObject({ status: 403, body: { error: 'auth.forbidden', details: { reason: 'risk_rejected' } } });
  expect((await call('GET', '/v1/auth/registration-mode', { headers: { 'user-agent': browser } })).status).toBe(200);
  const [line] = await accessLogLines(app, 'path = $1', [path]);
  expect(line).toMatchObject({ risk_score: 0.3, status_code: 403, ua_type: 'unknown', user_agent: '' });
});

test('IP rules of the account apply at the gateway and at the API, and forged addresses do not bypass them', async () => {
  const { call } = await startGatewayForTest(trustedProxyEnv);
  const direct = await startGatewayForTest();
  const ann = await app.signUp();
  const body = { type: 'blocklist', cidr: '203.0.113.0/24' };
  const { body: rule } = await app.call('POST', '/v1/ip-rules', { token: ann.token, body });
  const me = (ip: string, by = call) => by('GET', '/v1/me', { token: ann.token, headers: { 'x-forwarded-for': ip } });
  await expect.poll(async () => (await me('203.0.113.9')).status).toBe(403);
  const refused = await me('203.0.113.9');
  expect(refused).toMatchObject({ status: 403, body: { error: 'auth.forbidden', details: { reason: 'ip_blocked' } } });
  expect(refused.headers.get('ratelimit')).toBeNull();
  expect((await me('198.51.100.1')).status).toBe(200);
  expect((await me('203.0.113.9', direct.call)).status).toBe(200);
  expect((await me('203.0.113.9', app.call)).status).toBe(403);
  const open = await call('GET', '/v1/auth/registration-mode', { token: ann.token, headers: { 'x-forwarded-for': '203.0.113.9' } });
  expect(open.status).toBe(200);
  expect((await app.call('DELETE', `/v1/ip-rules/${rule.id}`, { token: ann.token })).status).toBe(204);
  await expect.poll(async () => (await me('203.0.113.9')).status).toBe(200);
});

test('a service key used from another address takes no requests from the program, and the access log names the key', async () => {
  const { call } = await startGatewayForTest({
    ...trustedProxyEnv,
    ARKLOOP_RATELIMIT_CAPACITY: '3',
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '1',
  });
  const { secret, id } = await createServiceKey(app, await app.signUpAdmin(), ['platform.usage.read']);
  const from = (ip: string) => call('GET', '/v1/admin/usage/summary', { token: secret, headers: { 'x-forwarded-for': ip } });
  const stolen = [];
  for (let sent = 0; sent < 6; sent++) stolen.push((await from('203.0.113.9')).status);
  expect(stolen.at(-1)).toBe(429);
  const answer = await from('198.51.100.1');
  expect(answer.status).toBe(200);
  const [line] = await accessLogLines(app, 'trace_id = $1', [answer.headers.get('x-trace-id')]);
  expect(line).toMatchObject({ identity_type: 'api_key', account_id: '', user_id: '', service_key_id: id });
});

test('routes without authentication are exempt from the IP filter of the gateway', () => {
  const anonymousOnes = operations.filter(
    ({ route: { metadata }, route }) => !isProtected(route) && !metadata.secretParam && !metadata.probe,
  );
  expect(anonymousOnes.length).toBeGreaterThan(10);
  expect(anonymousOnes.filter(({ route }) => !publicPaths.test(route.path)).map(({ title }) => title)).toEqual([]);
});

test('stored settings take effect within two seconds and survive a restart of the gateway', async () => {
  const { gateway, call } = await startTestGateway(app, trustedProxyEnv);
  const admin = await app.signUp();
  await app.promote(admin);
  const set = (key: string, value: string) =>
    app.call('PUT', `/v1/admin/platform-settings/${key}`, { token: admin.token, body: { value } });
  const limit = async (by = call) => (await by('GET', '/v1/me', { token: admin.token })).headers.get('x-ratelimit-limit');
  expect(await limit()).toBe('600');
  expect((await set('gateway.ratelimit_capacity', '42')).status).toBe(200);
  await expectWithin(2_000, limit, '42');
  const path = `/v1/mode-${Date.now()}`;
  const from = (by = call) => by('GET', path, { headers: { 'x-forwarded-for': '198.51.100.77' } });
  await from();
  expect((await set('gateway.ip_mode', 'direct')).status).toBe(200);
  const addressOf = async () => {
    const answer = await call('GET', '/v1/probe', { headers: { 'x-forwarded-for': '198.51.100.77' } });
    return (await accessLogLines(app, 'trace_id = $1', [answer.headers.get('x-trace-id')]))[0].client_ip;
  };
  await expect.poll(addressOf).toBe('127.0.0.1');
  await from();
  await gateway.shutDown();
  const restarted = await startTestGateway(app, trustedProxyEnv);
  await from(restarted.call);
  expect(await limit(restarted.call)).toBe('42');
  const lines = await accessLogLines(app, 'path = $1', [path], 3);
  expect(lines.map(({ client_ip }) => client_ip)).toEqual(['198.51.100.77', '127.0.0.1', '127.0.0.1']);
});
