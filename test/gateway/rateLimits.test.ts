import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLocalBuckets, rateHeaders } from '../../server/gateway/rateLimits/buckets.ts';
import { limiterKeyOf } from '../../server/platform/limiterKey.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { resultOf, takeFrom } from '../support/gateway/buckets.ts';
import { behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../support/gateway/testGateway.ts';
import { openStream } from '../support/http/events.ts';
import { openThread, startRun } from '../support/resources/conversation.ts';
import { useDatabaseClock } from '../support/world/sameClock.ts';

useDatabaseClock();

const app = await startTestApp(behindGatewayEnv, { worker: false });
const small = { ARKLOOP_RATELIMIT_CAPACITY: '10', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '60' };
const a = limiterKeyOf('a');
/** Stops the clock of the buckets until the test ends. */
function stopClock() {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
}
const left = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);

test('ten requests of a burst pass, an eleventh passes after Retry-After, and another account is not affected', async () => {
  stopClock();
  const { call } = await startTestGateway(app, small, { alone: true });
  const [ann, bob] = [await app.signUp(), await app.signUp()];
  const me = (token: string) => call('GET', '/v1/me', { token });
  const passed = [];
  for (let n = 0; n < 10; n++) passed.push(await me(ann.token));
  expect(passed.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(passed.map(({ headers }) => left(headers))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(passed[0]!.headers.get('ratelimit-policy')).toBe('"default";q=10;w=10');
  const refused = await me(ann.token);
  expect(refused).toMatchObject({ status: 429, body: { error: 'rate_limit', details: { reason: 'request_rate' } } });
  expect(refused.body.trace_id).toBe(refused.headers.get('x-trace-id'));
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeGreaterThanOrEqual(Number(/t=(\d+)/.exec(refused.headers.get('ratelimit')!)?.[1]));
  expect(refused.headers.get('ratelimit-policy')).toBe('"default";q=10;w=10');
  expect((await me(bob.token)).status).toBe(200);
  vi.advanceTimersByTime(wait * 1_000);
  expect([(await me(ann.token)).status, (await me(ann.token)).status]).toEqual([200, 429]);
});

test('at six requests per minute Retry-After is at most ten seconds, after which exactly one request passes', () => {
  let now = 0;
  const rate = { capacity: 10, perSecond: 0.1 };
  const buckets = createLocalBuckets(10, () => now);
  for (let n = 0; n < 10; n++) expect(takeFrom(buckets, [a], rate).granted).toBe(true);
  now += 3;
  const refused = takeFrom(buckets, [a], rate);
  const wait = Number(rateHeaders(resultOf(refused.granted, refused.tokens, rate))['retry-after']);
  expect([refused.granted, wait]).toEqual([false, 10]);
  now += wait * 1_000;
  expect([takeFrom(buckets, [a], rate).granted, takeFrom(buckets, [a], rate).granted]).toEqual([true, false]);
});

test('the default policy is 600 per 120 seconds, a lower capacity clips the tokens, and the number of buckets is bounded', () => {
  const rate = { capacity: 600, perSecond: 5 };
  expect(rateHeaders(resultOf(true, 599, rate))).toMatchObject({
    'ratelimit-policy': '"default";q=600;w=120',
    ratelimit: '"default";r=599;t=1',
    'x-ratelimit-limit': '600',
    'x-ratelimit-remaining': '599',
    'x-ratelimit-reset': '1',
  });
  expect(rateHeaders(resultOf(true, 600, rate)).ratelimit).toBe('"default";r=600;t=0');
  const buckets = createLocalBuckets(2, () => 0);
  takeFrom(buckets, [a], rate);
  expect(takeFrom(buckets, [a], { ...rate, capacity: 5 }).tokens).toBe(4);
  for (const key of ['b', 'c']) takeFrom(buckets, [limiterKeyOf(key)], rate);
  expect(takeFrom(buckets, [a], { ...rate, capacity: 5 }).tokens).toBe(4);
});

test('requests with invalid tokens share the bucket of their address, or of its /64 for IPv6', async () => {
  stopClock();
  const { call } = await startTestGateway(app, { ...small, ...trustedProxyEnv }, { alone: true });
  const from = (ip: string, token?: string) => call('GET', '/v1/me', { token, headers: { 'x-forwarded-for': ip } });
  const answers = [];
  for (let n = 0; n < 10; n++) answers.push(await from('203.0.113.7', `made.up.${n}`));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(401));
  const refused = await from('203.0.113.7', 'another.made.up');
  expect(refused).toMatchObject({ status: 429, body: { error: 'rate_limit' } });
  expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);
  expect((await from('203.0.113.8')).status).toBe(401);
  expect(left((await from('2001:db8:1:2::1')).headers)).toBe(9);
  expect(left((await from('2001:db8:1:2:ffff::9')).headers)).toBe(8);
  expect(left((await from('2001:db8:1:3::1')).headers)).toBe(9);
});

test('an event stream takes one token whatever its duration; preflights and probes take none', async () => {
  const env = { ARKLOOP_RATELIMIT_CAPACITY: '40', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.1' };
  const { gateway, call } = await startTestGateway(app, env, { alone: true });
  const ann = await app.signUp();
  const runId = await startRun(app, ann, await openThread(app, ann));
  const streams = await Promise.all(
    Array.from({ length: 30 }, () => openStream(gateway.address, runId, { token: ann.token, headers: { accept: 'text/event-stream' } })),
  );
  expect(streams.map(({ status }) => status)).toEqual(Array(30).fill(200));
  expect(streams.map(({ headers }) => left(headers)).sort((one, two) => two - one)).toEqual(Array.from({ length: 30 }, (_, n) => 39 - n));
  for (const path of ['/healthz', '/readyz']) expect((await call('GET', path)).headers.get('ratelimit')).toBeNull();
  const preflight = { origin: 'http://localhost:19080', 'access-control-request-method': 'POST' };
  expect((await call('OPTIONS', '/v1/threads', { headers: preflight })).headers.get('ratelimit')).toBeNull();
  expect(left((await call('GET', '/v1/me', { token: ann.token })).headers)).toBe(9);
  await sleep(300);
  expect(left((await call('GET', '/v1/me', { token: ann.token })).headers)).toBe(8);
  const anonymous = await call('GET', `/v1/runs/${runId}/events`, { headers: { accept: 'text/event-stream' } });
  expect([anonymous.status, left(anonymous.headers)]).toEqual([401, 39]);
  await app.call('POST', `/v1/runs/${runId}:cancel`, { token: ann.token, body: {} });
  await Promise.all(streams.map(({ ended }) => ended));
});

test('a token is taken from each of several buckets, or from none', () => {
  const buckets = createLocalBuckets(10, () => 0);
  const rate = { capacity: 3, perSecond: 1 };
  const [first, second] = [limiterKeyOf('account', '1'), limiterKeyOf('account', '2')];
  expect([takeFrom(buckets, [a, first], rate).tokens, takeFrom(buckets, [a, second], rate).tokens]).toEqual([2, 1]);
  expect(takeFrom(buckets, [second], rate).tokens).toBe(1);
  expect(takeFrom(buckets, [second], rate).tokens).toBe(0);
  expect(takeFrom(buckets, [a, second], rate)).toEqual({ granted: false, tokens: 0 });
  expect(takeFrom(buckets, [a, first], rate)).toMatchObject({ granted: true, tokens: 0 });
});

test('an API key counts against its account, and additional accounts of a user do not raise the limit', async () => {
  const { call } = await startTestGateway(app, { ...small, ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.1' });
  const ann = await app.signUp();
  const { body } = await app.call('POST', '/v1/api-keys', { token: ann.token, body: { name: 'k' } });
  expect(left((await call('GET', '/v1/me', { token: body.key })).headers)).toBe(9);
  expect(left((await call('GET', '/v1/me', { token: ann.token })).headers)).toBe(8);
  for (let n = 0; n < 9; n++) {
    const { body: account } = await app.call('POST', '/v1/accounts', { token: ann.token, body: { name: 'W', slug: randomUUID() } });
    const headers = { 'x-account-id': account.id };
    const { body: made } = await app.call('POST', '/v1/api-keys', { token: ann.token, headers, body: { name: 'k' } });
    const { status, headers: answered } = await call('GET', '/v1/threads', { token: made.key });
    expect([n, status, left(answered)]).toEqual([n, n < 8 ? 200 : 429, Math.max(0, 7 - n)]);
  }
  expect((await call('GET', '/v1/me', { token: (await app.signUp()).token })).status).toBe(200);
});
