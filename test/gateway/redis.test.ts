import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createLocalBuckets } from '../../server/gateway/rateLimits/buckets.ts';
import { openRedisBuckets } from '../../server/gateway/rateLimits/redisBuckets.ts';
import { type LimiterKey, limiterKeyOf } from '../../server/platform/limiterKey.ts';
import { takeFromShared } from '../support/gateway/buckets.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

const log = pino({ level: 'silent' });
const openShared = () => openRedisBuckets({ url: redisUrl!, timeoutMs: 2_000, log, fallback: createLocalBuckets().take });
const limited = { ARKLOOP_RATELIMIT_CAPACITY: '3', ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01' };
/** The URL of a real Redis, if there is one. */
const redisUrl = process.env.TEST_REDIS_URL;

/** A TCP server that replies to each chunk with the result of `answer`. */
async function listenerOf(answer: (text: string) => string | undefined) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const said = answer(chunk.toString());
      if (said !== undefined) socket.write(said);
    });
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Completes the handshake, then never replies again. */
const stalls = (text: string) => (/EVALSHA|EVAL/i.test(text) ? undefined : '+OK\r\n'.repeat(text.match(/^\*\d+/gm)?.length ?? 1));

test.each([
  ['absent', async () => 'redis://127.0.0.1:1'],
  ['silent from the start', () => listenerOf(() => undefined)],
  ['too slow', () => listenerOf(stalls)],
  ['not Redis', () => listenerOf(() => 'HTTP/1.1 400 Bad Request\r\n\r\n')],
])('while Redis is %s a local bucket of the same size is used, and no request waits longer than the timeout', async (_, start) => {
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const { address } = await startGatewayTo(url, {
    ...limited,
    ARKLOOP_GATEWAY_REDIS_URL: await start(),
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: '100',
  });
  await sleep(200);
  const statuses: number[] = [];
  for (let n = 0; n < 5; n++) {
    const began = performance.now();
    statuses.push((await fetch(`${address}/v1/x`)).status);
    expect(performance.now() - began).toTakeLessThan(400);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
});

test('two gateways share a bucket exactly, and a lower capacity clips it', async ({ skip }) => {
  skip(!redisUrl, 'TEST_REDIS_URL is not set');
  const [one, two] = [await openShared(), await openShared()];
  onTestFinished(() => void [one, two].map(({ close }) => close()));
  await sleep(300);
  const [key, rate] = [randomUUID(), { capacity: 10, perSecond: 0.001 }];
  const taken = await Promise.all(Array.from({ length: 40 }, (_, n) => takeFromShared(n % 2 ? one : two, [limiterKeyOf(key)], rate)));
  expect(taken.filter(({ granted }) => granted)).toHaveLength(10);
  const other = randomUUID();
  expect((await takeFromShared(one, [limiterKeyOf(other)], { capacity: 100, perSecond: 0.001 })).tokens).toBe(99);
  expect((await takeFromShared(two, [limiterKeyOf(other)], { capacity: 5, perSecond: 0.001 })).tokens).toBeCloseTo(4, 1);
  const quick = { capacity: 1, perSecond: 5 };
  expect([
    (await takeFromShared(one, [limiterKeyOf(`q${key}`)], quick)).granted,
    (await takeFromShared(two, [limiterKeyOf(`q${key}`)], quick)).granted,
  ]).toEqual([true, false]);
  await sleep(300);
  expect((await takeFromShared(two, [limiterKeyOf(`q${key}`)], quick)).granted).toBe(true);
  // A token is taken from each of several buckets, or from none.
  const [account, second, user] = ['account', 'other', 'user'].map((kind) => limiterKeyOf(kind, key)) as [
    LimiterKey,
    LimiterKey,
    LimiterKey,
  ];
  const few = { capacity: 2, perSecond: 0.001 };
  expect((await takeFromShared(one, [account, user], few)).tokens).toBeCloseTo(1, 1);
  expect((await takeFromShared(two, [second, user], few)).tokens).toBeCloseTo(0, 1);
  expect((await takeFromShared(one, [account, user], few)).granted).toBe(false);
  expect((await takeFromShared(one, [account], few)).granted).toBe(true);
  expect((await takeFromShared(one, [account], few)).granted).toBe(false);
});
