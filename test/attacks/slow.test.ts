import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { behindGateway, gatewayOf } from '../gateway/world.ts';
import { request } from '../setup/raw.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld(behindGateway, { worker: false });
const { gateway, call } = await gatewayOf(world, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
const { token } = await world.signUp();

/** Sends a beginning, then a byte every half second, until it is answered; tells with what and after how many seconds. */
function trickle(url: string, beginning: string) {
  const { hostname, port } = new URL(url);
  const began = performance.now();
  const socket = connect(Number(port), hostname, () => socket.write(beginning));
  const drops = setInterval(() => socket.write('a'), 500);
  return new Promise<{ status: number; seconds: number }>((resolve) => {
    const over = (text: string) => {
      clearInterval(drops);
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), seconds: (performance.now() - began) / 1_000 });
      socket.destroy();
    };
    socket
      .setEncoding('latin1')
      .on('data', over)
      .on('error', () => undefined)
      .on('close', () => over(''));
  });
}

test('headers that trickle in are given up after ten seconds, bodies after thirty, and others are served meanwhile', async () => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': 10_000 };
  const upload = request('POST /v1/threads', headers, '{"title":"');
  const both = Promise.all([
    Promise.all(Array.from({ length: 20 }, () => trickle(world.url, 'GET /v1/me HTTP/1.1\r\nhost: '))),
    Promise.all(Array.from({ length: 20 }, (_, at) => trickle(at % 2 ? world.url : gateway.address, upload))),
  ]);
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    const start = performance.now();
    expect((await call('GET', '/v1/me', { token })).status).toBe(200);
    times.push(performance.now() - start);
    await sleep(250);
  }
  expect(times.sort((a, b) => a - b)[10]).toBeLessThan(500);
  const [heads, bodies] = await both;
  for (const [slow, limit] of [
    [heads, 10],
    [bodies, 30],
  ] as const)
    for (const { status, seconds } of slow) {
      expect(status).toBe(408);
      expect(seconds).toBeGreaterThan(limit - 1);
      expect(seconds).toBeLessThan(limit + 4);
    }
}, 60_000);
