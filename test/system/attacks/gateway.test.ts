import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { startGateway } from '../../../server/gateway/gateway.ts';
import { readConfig } from '../../../server/platform/config/config.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessLogLines, behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../../support/gateway/testGateway.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const { gateway, call } = await startTestGateway(app, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
const { address } = gateway;
const bob = await app.signUp();
const ann = await app.signUp();
const authorization = `Bearer ${bob.token}`;

test('two Authorization headers are rejected, and a credential in the query string is ignored', async () => {
  const both = `GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\nauthorization: Bearer ${ann.token}\r\n\r\n`;
  const same = both.replace(ann.token, bob.token);
  for (const url of [address, app.url])
    for (const message of [both, same]) {
      const { status, body } = await rawSend(url, message);
      expect([status, body.details.reason]).toEqual([401, 'invalid_authorization']);
    }
  const runId = await startRun({ call }, bob, await openThread({ call }, bob));
  for (const name of ['token', 'access_token', 'authorization', 'api_key'])
    for (const path of ['/v1/me', `/v1/runs/${runId}/events`]) {
      const headers = { accept: 'text/event-stream' };
      const answer = await call('GET', `${path}?${name}=${bob.token}`, { headers });
      expect(statusAndReason(answer)).toEqual([401, 'missing_token']);
      const [line] = await accessLogLines(app, 'trace_id = $1', [answer.headers.get('x-trace-id')]);
      expect([line.path, JSON.stringify(line).includes(bob.token)]).toEqual([path, false]);
    }
});

test('large, numerous, empty or duplicate cookies cause neither a session nor a server error', async () => {
  const refresh = (cookie: string) => rawSend(address, request('POST /v1/auth/refresh', { cookie, 'content-length': 0 }));
  const name = 'arkloop_refresh_token';
  for (const [cookie, statuses] of [
    [`${name}=${'x'.repeat(8_192)}`, [401]],
    [`${name}=`, [401]],
    [`${name}=; ${name}=`, [401]],
    [`${name}="${'\xff'.repeat(50)}"`, [401]],
    [`${name}=a; ${name}=b; ${name}=c`, [401]],
    [`${name}`, [401]],
    [Array.from({ length: 900 }, (_, at) => `${name}=${at % 10}`).join('; '), [431]],
    [`__proto__=1; constructor=2; ${name}=x`, [401]],
  ] as const) {
    const { status, headers } = await refresh(cookie);
    expect([cookie.slice(0, 40), status]).toEqual([cookie.slice(0, 40), expect.toBeOneOf([...statuses])]);
    expect(headers.get('set-cookie') ?? '').not.toMatch(/refresh_token=[^;]/);
  }
});

test('forged client addresses and invalid tokens share one rate limit bucket, which admits a burst up to its capacity', async () => {
  const limited = { ARKLOOP_RATELIMIT_CAPACITY: '25', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
  const direct = await startTestGateway(app, limited, { alone: true });
  const claims = ['x-forwarded-for', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'forwarded', 'x_forwarded_for', 'x-client-ip'];
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => {
      const ip = `203.0.${at}.${at}`;
      const claimed = Object.fromEntries(claims.map((name) => [name, name === 'forwarded' ? `for=${ip}` : ip]));
      return direct.call('GET', '/v1/auth/registration-mode', { headers: { ...claimed, authorization: `Bearer junk-${at}` } });
    }),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(25);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(75);
  for (const { headers } of answers.filter(({ status }) => status === 429)) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
});

test('every error of the gateway has security headers, is not cacheable, and exposes no internals', async () => {
  const down = await startGateway({
    log: pino({ level: 'silent' }),
    config: readConfig({ ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_UPSTREAM: 'http://127.0.0.1:1' }),
    env: {},
  });
  afterAll(down.shutDown);
  const limited = await startTestGateway(
    app,
    { ARKLOOP_RATELIMIT_CAPACITY: '1', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' },
    { alone: true },
  );
  await limited.call('GET', '/v1/me');
  const risky = await startTestGateway(app, { ...trustedProxyEnv, ARKLOOP_GATEWAY_RISK_REJECT_THRESHOLD: '0.1' });
  const of = (line: string, headers = {}) => request(line, headers);
  const refusals: [number, string, string][] = [
    [400, address, of('GET /v1/x', { expect: 'x' })],
    [401, address, of('GET /v1/me')],
    [403, risky.gateway.address, of('GET /v1/me', { 'user-agent': '' })],
    [404, address, of('GET /v1/nothing')],
    [405, address, of('BREW /v1/x').replace('BREW', 'TRACE')],
    [413, address, of('POST /v1/x', { 'content-length': 32 * 2 ** 20 + 1 })],
    [429, limited.gateway.address, of('GET /v1/me')],
    [431, address, of('GET /v1/x', { 'x-long': 'x'.repeat(17_000) })],
    [502, down.address, of('POST /v1/x', { 'content-length': 0 })],
  ];
  for (const [expected, url, message] of refusals) {
    const { status, headers, body, all } = await rawSend(url, message);
    expect(status).toBe(expected);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY']);
    expect([headers.get('referrer-policy'), headers.get('cache-control')]).toEqual(['no-referrer', 'no-store']);
    expect([headers.get('vary'), headers.get('server'), headers.get('x-powered-by')]).toEqual(['Origin', null, null]);
    expect(body.trace_id).toBe(headers.get('x-trace-id'));
    expect(all).not.toMatch(/node_modules|\.ts\b|ECONN|127\.0\.0\.1|postgres/);
  }
});

test('path traversal and alternative spellings of a path return 404', async () => {
  for (const path of [
    '/x/../v1/me',
    '//v1/me',
    '/V1/me',
    '/%761/me',
    '/v1%2fme',
    '/v1/../metrics',
    '/v1/%2e%2e/metrics',
    '/v1/..%2fmetrics',
    '/v1/..\\metrics',
    '/metrics',
    '/.env',
    '/openapi.json/../v1/me',
    '//evil.example/v1/me',
    '/v1//me',
    '/v1/./me',
    '/v1/me/',
    '/v1/me;x=y',
  ]) {
    const { status, text } = await rawSend(address, request(`GET ${path}`, { authorization }));
    expect([path, status]).toEqual([path, 404]);
    expect(text).not.toMatch(/arkloop_|"login"/);
  }
});

test('a forged Host header is not repeated in any response', async () => {
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', authorization };
  const { body: thread } = await call('POST', '/v1/threads', { token: bob.token, body: {} });
  for (let more = 0; more < 2; more++) await call('POST', '/v1/threads', { token: bob.token, body: {} });
  const asked: [string, string][] = [
    ['GET /v1/threads?limit=1', ''],
    ['GET /v1/nothing', ''],
    [`POST /v1/threads/${thread.id}:share`, '{"access_type":"public"}'],
    ['POST /v1/me/invite-code/reset', ''],
  ];
  for (const [line, body] of asked) {
    const message = `${line} HTTP/1.1\r\n${Object.entries({ ...headers, 'content-type': 'application/json', 'content-length': body.length })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n${body}`;
    const { all, status } = await rawSend(address, message);
    expect([line, status < 500, all.includes('evil.example')]).toEqual([line, true, false]);
  }
});
