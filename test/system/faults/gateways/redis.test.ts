import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../support/app/ports.ts';
import { machinePath, missingPrograms } from '../../../support/app/programs.ts';
import { startGatewayTo, startUpstream } from '../../../support/gateway/upstream.ts';

const missing = missingPrograms('redis-server');

/** Starts a Redis without persistence, which is killed when the test ends. */
function startRedis(port: number): ChildProcess {
  const child = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
    env: { PATH: machinePath() },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('no request fails or waits while Redis is stopped or frozen, and limits are shared again once it is back', async ({ skip }) => {
  skip(missing !== undefined, missing);
  const port = await freePort();
  let redis = startRedis(port);
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const env = {
    ARKLOOP_GATEWAY_REDIS_URL: `redis://127.0.0.1:${port}`,
    ARKLOOP_GATEWAY_REDIS_TIMEOUT_MS: '100',
    ARKLOOP_RATELIMIT_CAPACITY: '30',
    ARKLOOP_RATELIMIT_RATE_PER_MINUTE: '0.01',
  };
  const [one, two] = [await startGatewayTo(url, env), await startGatewayTo(url, env)];
  /** Returns the remaining requests that a gateway reports, and expects a response within 400 ms. */
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
  await expect.poll(areShared, { interval: 300 }).toBe(true);
  redis.kill('SIGTERM');
  await once(redis, 'exit');
  // Each gateway counts for itself, in a bucket of the same size.
  await sleep(100);
  const [first, second, other] = [await left(one), await left(one), await left(two)];
  expect(second).toBe(first - 1);
  expect(other).not.toBe(second - 1);
  redis = startRedis(port);
  await expect.poll(areShared, { interval: 500 }).toBe(true);
  redis.kill('SIGSTOP');
  expect([await left(one), await left(one)]).toEqual([expect.any(Number), expect.any(Number)]);
  redis.kill('SIGCONT');
  await sleep(1_200);
  await expect.poll(areShared, { interval: 500 }).toBe(true);
});
