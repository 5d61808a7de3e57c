import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { echo, sendRaw, startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

async function listenTcp(server: TcpServer) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('forwards a request and its response unchanged', async () => {
  const gateway = await startGatewayTo((await startUpstream(echo)).url);
  const response = await fetch(`${gateway.address}/v1/runs/a%3Ab:cancel?x=1&y=%20`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    body: '{"a":"é"}',
  });
  expect(response.status).toBe(200);
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  const host = new URL(gateway.address).host;
  expect(await response.json()).toMatchObject({
    method: 'PATCH',
    url: '/v1/runs/a%3Ab:cancel?x=1&y=%20',
    body: '{"a":"é"}',
    headers: { authorization: 'Bearer t', host, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host },
  });
});

test('a client cannot forge the headers that the gateway sets', async () => {
  const gateway = await startGatewayTo((await startUpstream(echo)).url);
  const forged = {
    'x-forwarded-for': '6.6.6.6',
    forwarded: 'for=6.6.6.6',
    'x-real-ip': '6.6.6.6',
    'x-risk-score': '0',
    'x-trace-id': 'f'.repeat(32),
  };
  const { headers } = (await (await fetch(`${gateway.address}/v1/x`, { headers: forged })).json()) as { headers: Record<string, string> };
  expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' });
  expect(headers).not.toHaveProperty('forwarded');
  expect(headers['x-risk-score']).toBe('0.10');
  expect(headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
  expect(headers['x-trace-id']).not.toBe('f'.repeat(32));
});

test('returns the trace id of the API, which a client can choose only where it is trusted', async () => {
  const { url } = await startUpstream((req, res) => res.setHeader('x-trace-id', `${req.headers['x-trace-id']}`.replaceAll('f', 'e')).end());
  const gateway = await startGatewayTo(url, { ARKLOOP_GATEWAY_TRUST_INCOMING_TRACE_ID: '1' });
  const response = await fetch(`${gateway.address}/v1/x`, { headers: { 'x-trace-id': 'F'.repeat(32) } });
  expect(response.headers.get('x-trace-id')).toBe('e'.repeat(32));
});

test('hop-by-hop headers are not forwarded, and Connection: content-length cannot smuggle a request', async () => {
  const gateway = await startGatewayTo((await startUpstream(echo)).url);
  const body = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
  const head = `GET /v1/a HTTP/1.1\r\nhost: x\r\nconnection: close, content-length, x-private\r\nx-private: 1\r\nte: trailers\r\ncontent-length: ${body.length}`;
  const answer = await sendRaw(gateway.address, `${head}\r\n\r\n${body}`);
  const seen = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as { headers: object; body: string };
  expect(seen.body).toBe(body);
  expect(seen.headers).not.toHaveProperty('x-private');
  expect(seen.headers).not.toHaveProperty('te');
});

test('events arrive one by one, and a client disconnect ends the upstream request', async () => {
  let left: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  let send: (line: string) => void = () => undefined;
  const { url } = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    send = (line) => res.write(line);
    res.on('close', left);
  });
  const gateway = await startGatewayTo(url);
  const hangUp = new AbortController();
  const response = await fetch(`${gateway.address}/v1/runs/1/events`, { signal: hangUp.signal });
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (const line of ['data: 1\n\n', 'data: 2\n\n']) {
    const sent = performance.now();
    send(line);
    expect((await reader?.read())?.value).toBe(line);
    expect(performance.now() - sent).toTakeLessThan(100);
  }
  const leftAt = performance.now();
  hangUp.abort();
  await gone;
  expect(performance.now() - leftAt).toTakeLessThan(1_000);
});

test('returns 502 while the API is down, and recovers when it is back', async () => {
  const { url, server } = await startUpstream(echo);
  const gateway = await startGatewayTo(url);
  server.close();
  const down = await fetch(`${gateway.address}/v1/me`);
  expect(down.status).toBe(502);
  const trace_id = down.headers.get('x-trace-id');
  expect(await down.json()).toEqual({ error: 'bad_gateway', message: 'The API cannot be reached.', trace_id, details: {} });
  expect((await fetch(`${gateway.address}/v1/me`, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(502);
  expect((await fetch(`${gateway.address}/healthz`)).status).toBe(200);
  const ready = await fetch(`${gateway.address}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'unavailable', reason: 'upstream unreachable' }]);

  await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), '127.0.0.1', resolve));
  expect((await fetch(`${gateway.address}/v1/me`)).status).toBe(200);
});

test('a request without a body is repeated on a new connection if the API closes a kept one instead of answering, others are not', async () => {
  const seen: string[] = [];
  const held: ServerResponse[] = [];
  const used = new WeakSet<object>();
  const { url } = await startUpstream((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    if (used.has(req.socket)) return void req.socket.destroy();
    used.add(req.socket);
    if (req.url !== '/v1/a') return void res.end('ok');
    held.push(res);
    if (held.length === 3) for (const each of held) each.end('ok');
  });
  const gateway = await startGatewayTo(url);
  const status = async (path: string, method = 'GET') => (await fetch(gateway.address + path, { method })).status;
  // Leaves three kept connections.
  expect(await Promise.all(['/v1/a', '/v1/a', '/v1/a'].map((path) => status(path)))).toEqual([200, 200, 200]);
  expect([await status('/v1/b'), await status('/v1/c', 'POST')]).toEqual([200, 502]);
  expect(seen.slice(3)).toEqual(['GET /v1/b', 'GET /v1/b', 'POST /v1/c']);
});

test.for([
  ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['status 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['status 99', 'HTTP/1.1 099 None\r\ncontent-length: 0\r\n\r\n'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
] as const)('%s of the API cannot be passed on, and is a 502', async ([, message]) => {
  const upstream = createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => socket.write(message)));
  const url = await listenTcp(upstream);
  const answer = await fetch(`${(await startGatewayTo(url)).address}/v1/x`);
  expect([answer.status, await answer.json()]).toMatchObject([502, { error: 'bad_gateway' }]);
});

test('a connection to the API is closed after four seconds without a request, and not while a response is open', async () => {
  const closed: string[] = [];
  const { url } = await startUpstream((req, res) => {
    req.socket.on('close', () => closed.push(req.url!));
    if (req.url === '/v1/idle') return void res.end('ok');
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => res.end('data: late\n\n'), 5_500);
  });
  const gateway = await startGatewayTo(url);
  const stream = fetch(`${gateway.address}/v1/stream`).then((response) => response.text());
  await (await fetch(`${gateway.address}/v1/idle`)).text();
  const answered = performance.now();
  await expect.poll(() => closed).toEqual(['/v1/idle']);
  expect(performance.now() - answered).toTakeLessThan(7_000);
  expect(await stream).toBe('data: late\n\n');
});

test('requests and the readiness probe time out if the API hangs', async () => {
  const gateway = await startGatewayTo((await startUpstream(() => undefined)).url, { ARKLOOP_GATEWAY_UPSTREAM_TIMEOUT_MS: '100' });
  const started = performance.now();
  const ready = fetch(`${gateway.address}/readyz`);
  const hanging = await fetch(`${gateway.address}/v1/me`);
  expect([hanging.status, ((await hanging.json()) as { error: string }).error]).toEqual([504, 'gateway_timeout']);
  expect((await ready).status).toBe(503);
  expect(performance.now() - started).toTakeLessThan(2_500);
});

test('readiness probes are answered from one request to the API, and one with a malformed body is rejected once', async () => {
  const held: ServerResponse[] = [];
  const { url } = await startUpstream((_req, res) => void held.push(res));
  const { address } = await startGatewayTo(url);
  const probes = Array.from({ length: 20 }, () => fetch(`${address}/readyz`));
  const malformed = sendRaw(address, 'GET /readyz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n');
  expect(await malformed).toMatch(/^HTTP\/1.1 400 /);
  await expect.poll(() => held.length).toBe(1);
  // The connections of the probes were opened before.
  await fetch(`${address}/healthz`);
  held[0]!.end('{"status":"ok"}');
  await Promise.all(probes);
  expect(held).toHaveLength(1);
  await expect.poll(async () => (await fetch(`${address}/readyz`)).status).toBe(200);
});

test('the readiness probe returns the readiness of the API', async () => {
  let ready = true;
  const { url } = await startUpstream((_, res) =>
    res.writeHead(ready ? 200 : 503).end(JSON.stringify({ status: ready ? 'ok' : 'unavailable' })),
  );
  const gateway = await startGatewayTo(url);
  const status = async () => (await fetch(`${gateway.address}/readyz`)).status;
  await expect.poll(status).toBe(200);
  ready = false;
  await expect.poll(status).toBe(503);
  const refused = await fetch(`${gateway.address}/healthz`, { method: 'POST' });
  expect([refused.status, refused.headers.get('allow'), await refused.json()]).toEqual([
    405,
    'GET, HEAD',
    { error: 'method_not_allowed', message: expect.any(String), trace_id: refused.headers.get('x-trace-id'), details: {} },
  ]);
});

test('a response that breaks off is cut off, not ended cleanly', async () => {
  const { url } = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-type': 'text/plain' });
    res.write('half');
    setTimeout(() => res.destroy(), 20);
  });
  const response = await fetch(`${(await startGatewayTo(url)).address}/v1/x`);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test('a client that does not read its response is disconnected, and so is the API', async () => {
  const closed = Promise.withResolvers<boolean>();
  const { url } = await startUpstream((_req, res) => {
    const more = () => {
      while (!res.destroyed && res.write(Buffer.alloc(2 ** 20)));
    };
    res.on('drain', more).on('close', () => closed.resolve(res.writableFinished));
    more();
  });
  const { address } = await startGatewayTo(url, {}, { stalledMs: 300 });
  const socket = connect(Number(new URL(address).port), '127.0.0.1').pause();
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined).write('GET /v1/x HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await closed.promise).toBe(false);
});

test('connections to the API are reused', async () => {
  const ports = new Set<number | undefined>();
  const { url } = await startUpstream((req, res) => {
    ports.add(req.socket.remotePort);
    res.end('ok');
  });
  const { address } = await startGatewayTo(url);
  for (let count = 0; count < 5; count++) await (await fetch(`${address}/v1/x`)).text();
  expect(ports.size).toBe(1);
});

test('an early response to an upload leaves the connection usable', async () => {
  const { url } = await startUpstream((req, res) => {
    if (req.method === 'POST') return void res.writeHead(401).end('no');
    res.end('ok');
  });
  const { address } = await startGatewayTo(url);
  const early = await fetch(`${address}/v1/x`, { method: 'POST', body: Buffer.alloc(5_000_000) });
  expect(early.status).toBe(401);
  await early.text();
  expect(await (await fetch(`${address}/v1/x`)).text()).toBe('ok');
});

test('a shutdown waits for running requests and accepts no new ones', async () => {
  const held: ServerResponse[] = [];
  const { url } = await startUpstream((_, res) => void held.push(res));
  const gateway = await startGatewayTo(url);
  const running = fetch(`${gateway.address}/v1/x`);
  await expect.poll(() => held.length).toBe(1);
  const started = performance.now();
  const ended = gateway.shutDown();
  await expect(fetch(`${gateway.address}/v1/x`)).rejects.toThrow();
  held[0]!.end('done');
  expect(await (await running).text()).toBe('done');
  await ended;
  expect(performance.now() - started).toTakeLessThan(2_000);
});
