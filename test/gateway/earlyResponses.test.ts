import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { serveMetrics } from '../support/checks/metrics.ts';
import { responseText, type Script, scriptedUpstream } from '../support/gateway/scriptedUpstream.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const framings = ['content-length', 'chunked'] as const;
type Framing = (typeof framings)[number];

/** Sends a body and reads the response at the same time. */
function send(url: string, framing: Framing, body: Buffer, { method = 'POST', headers = {} } = {}) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const framed = framing === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
    const asking = request(url, { method, headers: { ...framed, ...headers } }, (answer) => {
      text(answer).then((read) => resolve({ status: answer.statusCode, text: read }), reject);
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

const large = Buffer.alloc(8 * 2 ** 20);
const scripts = (['the head', 'a part of the body', 'the whole body'] as const).flatMap((after) =>
  (['whole', 'in chunks'] as const).flatMap((answer) =>
    (['keeps the connection', 'FIN', 'close', 'RST'] as const).flatMap((end) =>
      (['keep-alive', 'close'] as const).flatMap((header) => framings.map((framing) => ({ after, answer, end, header, framing }))),
    ),
  ),
);

const named = ({ after, answer, end, header, framing }: Script & { framing: Framing }) =>
  `after ${after}, ${answer}, then ${end}, Connection: ${header}, body by ${framing}`;

test.each(scripts.map((script) => [named(script), script] as const))('the client receives a response sent %s', async (_, script) => {
  const upstream = await scriptedUpstream(script);
  const { address } = await startGatewayTo(upstream.url);
  const counted = await serveMetrics(app.database);
  expect(await send(`${address}/v1/x`, script.framing, large)).toEqual({ status: 413, text: responseText });
  expect((await counted.scrape()).sum('arkloop_gateway_upstream_failures_total')).toBe(0);
  expect(upstream.connections()).toBe(1);
});

const overLimit = Buffer.alloc(2 ** 20 + 1, 32);
const json = { 'content-type': 'application/json' };

test.each([
  ['POST', '/v1/threads', 'content-length', 413],
  ['POST', '/v1/threads', 'chunked', 413],
  ['PATCH', '/v1/me', 'content-length', 413],
  ['PATCH', '/v1/me', 'chunked', 413],
  ['DELETE', '/v1/threads/00000000-0000-7000-8000-000000000000', 'content-length', 413],
  ['GET', '/v1/me', 'content-length', 413],
  // A body of unknown length is not read if the route takes none.
  ['GET', '/v1/me', 'chunked', 200],
] as const)(
  '%s %s with 1 MiB + 1 byte by %s returns %i four times in a row, without an upstream failure',
  async (method, path, framing, status) => {
    const { gateway } = await startTestGateway(app);
    const { token } = await app.signUp();
    const counted = await serveMetrics(app.database);
    const options = { method, headers: { ...json, authorization: `Bearer ${token}` } };
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) statuses.push((await send(gateway.address + path, framing, overLimit, options)).status);
    expect(statuses).toEqual([status, status, status, status]);
    expect((await counted.scrape()).sum('arkloop_gateway_upstream_failures_total')).toBe(0);
  },
);

/** A client that reads nothing until it has sent everything. */
async function sendThenRead(url: string, head: string, body: Buffer): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const sent = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.write(head);
    socket.write(body, () => resolve());
  });
  await sent;
  let read = '';
  for await (const chunk of socket) read += chunk;
  return read;
}

test.each([
  ['API', '/v1/threads', 2 ** 20 + 1],
  ['gateway', '/v1/threads', 32 * 2 ** 20 + 1],
] as const)('a client that sends everything before reading receives the 413 of the %s', async (place, path, length) => {
  const url = place === 'API' ? app.url : (await startTestGateway(app)).gateway.address;
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  const announced = await sendThenRead(url, `${head}content-length: ${length}\r\n\r\n`, Buffer.alloc(length));
  expect(announced).toMatch(/^HTTP\/1\.1 413 .*"error":"payload_too_large"/s);
});

test.each([
  ['FIN in the middle of the body', 'content-length', false, 400, (socket: Socket) => socket.end()],
  ['FIN in the middle of the body', 'chunked', false, 400, (socket: Socket) => socket.end()],
  ['RST in the middle of the body', 'content-length', false, 499, (socket: Socket) => socket.resetAndDestroy()],
  ['RST in the middle of the body', 'chunked', false, 499, (socket: Socket) => socket.resetAndDestroy()],
  ['RST after the body', 'content-length', true, 499, (socket: Socket) => socket.resetAndDestroy()],
  ['RST after the body', 'chunked', true, 499, (socket: Socket) => socket.resetAndDestroy()],
] as const)(
  'a client that disconnects by %s (%s) ends the upstream request, without an upstream failure',
  async (_, framing, whole, status, leave) => {
    const ended = Promise.withResolvers<boolean>();
    const began = Promise.withResolvers<void>();
    const { url } = await startUpstream((req, res) => {
      if (req.method === 'GET') return void res.end('ok');
      req.on('error', () => undefined).once('data', () => began.resolve());
      res.on('close', () => ended.resolve(req.complete));
    });
    const { address } = await startGatewayTo(url);
    const counted = await serveMetrics(app.database);
    const socket = connect(Number(new URL(address).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const head = 'POST /v1/x HTTP/1.1\r\nhost: x\r\n';
    const part = framing === 'chunked' ? 'a\r\n0123456789\r\n' : '0123456789';
    const rest = framing === 'chunked' ? '0\r\n\r\n' : '';
    const length = framing === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${whole ? 10 : 100}`;
    socket.write(`${head}${length}\r\n\r\n${part}${whole ? rest : ''}`);
    await began.promise;
    leave(socket);
    expect(await ended.promise).toBe(whole);
    expect(await (await fetch(`${address}/v1/x`)).text()).toBe('ok');
    const { sum } = await counted.scrape();
    expect([
      sum('arkloop_gateway_upstream_failures_total'),
      sum('arkloop_gateway_requests_total', { method: 'POST', status: `${status}` }),
    ]).toEqual([0, 1]);
  },
);

test('a response delimited by the end of the connection is cut off if the connection breaks', async () => {
  const { url } = await startUpstream((req, res) => {
    res.useChunkedEncodingByDefault = false;
    res.writeHead(200, { connection: 'close' });
    res.write('half');
    req.once('data', () => req.socket.resetAndDestroy());
  });
  const { address } = await startGatewayTo(url);
  await expect(send(`${address}/v1/x`, 'chunked', large)).rejects.toThrow();
});
