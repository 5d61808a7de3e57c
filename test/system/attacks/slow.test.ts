import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { request } from '../../support/http/raw.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const { gateway, call } = await startTestGateway(app, { ARKLOOP_RATELIMIT_CAPACITY: '1000000' });
const { token } = await app.signUp();

/** Sends the start of a request, then one byte every 500 ms until a response arrives. Returns its status and the elapsed seconds. */
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

test('slow headers time out after ten seconds, slow bodies after thirty, and other requests are served meanwhile', async () => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': 10_000 };
  const upload = request('POST /v1/threads', headers, '{"title":"');
  const both = Promise.all([
    Promise.all(Array.from({ length: 20 }, () => trickle(app.url, 'GET /v1/me HTTP/1.1\r\nhost: '))),
    Promise.all(Array.from({ length: 20 }, (_, at) => trickle(at % 2 ? app.url : gateway.address, upload))),
  ]);
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    const start = performance.now();
    expect((await call('GET', '/v1/me', { token })).status).toBe(200);
    times.push(performance.now() - start);
    await sleep(250);
  }
  expect(times.sort((a, b) => a - b)[10]).toTakeLessThan(500);
  const [heads, bodies] = await both;
  for (const [slow, limit] of [
    [heads, 10],
    [bodies, 30],
  ] as const)
    for (const { status, seconds } of slow) {
      expect(status).toBe(408);
      expect(seconds).toBeGreaterThan(limit - 1);
      expect(seconds * 1_000).toTakeLessThan((limit + 4) * 1_000);
    }
});
