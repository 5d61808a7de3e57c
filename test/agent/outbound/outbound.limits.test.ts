import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../../../server/platform/config/config.ts';
import { createOutboundFromConfig } from '../../../server/platform/outbound/outboundFromConfig.ts';

let base = '';
let calls: string[] = [];
/** Behavior by path: /busy and /lost fail twice, /down always fails, /late never responds, /pause pauses in the body for 1.5 s. */
const server = createServer((req, res) => {
  calls.push(`${req.method} ${req.url}`);
  req.resume();
  if (req.url === '/busy') return void res.writeHead(calls.length < 3 ? 503 : 200).end(`${calls.length}`);
  if (req.url === '/lost') return void (calls.length < 3 ? req.socket.destroy() : res.end(`${calls.length}`));
  if (req.url === '/down') return void res.writeHead(503).end('down');
  if (req.url === '/late') return undefined;
  res.write('begin ');
  if (req.url === '/pause') setTimeout(() => res.end('end'), 1_500);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  calls = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const outboundOf = (env: Record<string, string>) =>
  createOutboundFromConfig(readConfig({ ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1', ...env }));
const policy = 'web';

test.each(['/busy', '/lost'])('idempotent requests are retried as often as configured: %s', async (path) => {
  const outbound = outboundOf({ ARKLOOP_OUTBOUND_RETRY_COUNT: '2' });
  const answer = await outbound.fetch(base + path, { policy });
  expect([answer.status, await answer.text(), calls.length]).toEqual([200, '3', 3]);
  await outbound.close();
});

test('after the last retry the response of the server is returned', async () => {
  const outbound = outboundOf({ ARKLOOP_OUTBOUND_RETRY_COUNT: '1' });
  const answer = await outbound.fetch(`${base}/down`, { policy });
  expect([answer.status, await answer.text(), calls.length]).toEqual([503, 'down', 2]);
  await outbound.close();
});

test('requests that are not idempotent or that stream are not retried', async () => {
  const outbound = outboundOf({ ARKLOOP_OUTBOUND_RETRY_COUNT: '5' });
  await expect(outbound.fetch(`${base}/lost`, { policy, method: 'POST', body: '{}' })).rejects.toThrow();
  for (const init of [{ method: 'POST', body: '{}' }, { method: 'PATCH', body: '{}' }, { streams: true as const }])
    expect((await outbound.fetch(`${base}/down`, { policy, ...init })).status).toBe(503);
  expect(calls).toEqual(['POST /lost', 'POST /down', 'PATCH /down', 'GET /down']);
  await outbound.close();
});

test('nothing is retried by default', async () => {
  const outbound = outboundOf({});
  expect((await outbound.fetch(`${base}/busy`, { policy })).status).toBe(503);
  expect(calls).toHaveLength(1);
  await outbound.close();
});

test('the timeout applies before the headers and within the body, except within the body of a stream', async () => {
  const outbound = outboundOf({ ARKLOOP_OUTBOUND_TIMEOUT_MS: '900' });
  const cause = async (asked: Promise<unknown>) => {
    const error = await asked.catch((failed: Error & { cause?: { code?: string } }) => failed);
    return error instanceof Error ? (error.cause as { code?: string } | undefined)?.code : 'answered';
  };
  expect(await cause(outbound.fetch(`${base}/late`, { policy }))).toBe('UND_ERR_HEADERS_TIMEOUT');
  expect(await cause(outbound.fetch(`${base}/late`, { policy, streams: true }))).toBe('UND_ERR_HEADERS_TIMEOUT');
  const cut = await outbound.fetch(`${base}/silent`, { policy });
  expect(await cause(cut.text())).toBe('UND_ERR_BODY_TIMEOUT');
  const stream = await outbound.fetch(`${base}/pause`, { policy, streams: true });
  expect(await stream.text()).toBe('begin end');
  await outbound.close();
});
