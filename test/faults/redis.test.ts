import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { gatewayTo, upstreamOf } from '../gateway/upstream.ts';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis that keeps nothing on the disk, and is ended with the test. */
function startRedis(port: number): ChildProcess {
  const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('Redis is stopped, frozen and started again: no request fails or waits, and once it is back it counts', async ({ skip }) => {
  skip(!hasRedis, 'redis-server is not installed');
  const port = await freePort();
  let redis = startRedis(port);
  const { url } = await upstreamOf((_req, res) => res.end('ok'));
  const env = {
    ARKLOOP_GATEWAY_REDIS_URL: `redis://127.0.0.1:${port}`,
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: '100',
    ARKLOOP_RATELIMIT_CAPACITY: '30',
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01',
  };
  const [one, two] = [await gatewayTo(url, env), await gatewayTo(url, env)];
  /** What a gateway says is left, asked within the time that a request may be delayed. */
  const left = async ({ address }: { address: string }) => {
    const began = performance.now();
    const { status, headers } = await fetch(`${address}/v1/x`);
    expect([status, performance.now() - began < 400]).toEqual([200, true]);
    return Number(headers.get('x-ratelimit-remaining'));
  };
  const areShared = async () => {
    const [first, second] = [await left(one), await left(two)];
    return second === first - 1;
  };
  await expect.poll(areShared, { timeout: 5_000, interval: 300 }).toBe(true);
  redis.kill('SIGTERM');
  await once(redis, 'exit');
  // Each counts for itself, in a bucket of the same size.
  await sleep(100);
  const [first, second, other] = [await left(one), await left(one), await left(two)];
  expect(second).toBe(first - 1);
  expect(other).not.toBe(second - 1);
  redis = startRedis(port);
  await expect.poll(areShared, { timeout: 5_000, interval: 500 }).toBe(true);
  redis.kill('SIGSTOP');
  expect([await left(one), await left(one)]).toEqual([expect.any(Number), expect.any(Number)]);
  redis.kill('SIGCONT');
  await sleep(1_200);
  await expect.poll(areShared, { timeout: 5_000, interval: 500 }).toBe(true);
});
