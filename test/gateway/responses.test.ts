import { expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { echo, startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

const app = await startTestApp(behindGatewayEnv, { worker: false });
const listed = 'http://localhost:19080';

test('every response of the API has the headers of the gateway and the same trace id in header and body', async () => {
  const { call } = await startTestGateway(app);
  const ann = await app.signUp();
  for (const answer of [
    await call('GET', '/v1/me', { token: ann.token }),
    await call('GET', '/v1/me'),
    await call('GET', '/v1/nothing'),
    await call('POST', '/v1/threads', { token: ann.token, raw: '{' }),
  ]) {
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; object-src 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      vary: 'Origin',
    });
    expect(answer.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    if (answer.status >= 400) expect(answer.body.trace_id).toBe(answer.headers.get('x-trace-id'));
    for (const name of ['server', 'x-powered-by', 'strict-transport-security']) expect(answer.headers.get(name)).toBeNull();
  }
});

test('keeps the sandbox and Cache-Control of the API, and removes its server and CORS headers', async () => {
  const { url } = await startUpstream((_, res) => {
    res.writeHead(200, {
      'content-security-policy': "default-src *; sandbox allow-scripts; img-src 'self'",
      'cache-control': 'private, max-age=60',
      server: 'x',
      'x-powered-by': 'y',
      'access-control-allow-origin': '*',
      vary: 'Accept, Origin',
    });
    res.end();
  });
  const https = { ARKLOOP_GATEWAY_IP_MODE: 'proxy', ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8' };
  const { address } = await startGatewayTo(url, https);
  const { headers } = await fetch(`${address}/v1/x`, { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '1.1.1.1' } });
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*; object-src 'none'; sandbox allow-scripts$/);
  expect(headers.get('cache-control')).toBe('private, max-age=60');
  expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d+$/);
  expect(headers.get('vary')).toBe('Origin, Accept');
  for (const name of ['server', 'x-powered-by', 'access-control-allow-origin']) expect(headers.get(name)).toBeNull();
});

test('a preflight returns CORS headers for a listed origin, and a bare 204 for another origin or `null`', async () => {
  const { call } = await startTestGateway(app);
  const ask = (origin: string) =>
    call('OPTIONS', '/v1/threads', { headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x' } });
  const known = await ask(listed);
  expect(known.status).toBe(204);
  expect(Object.fromEntries(known.headers)).toMatchObject({
    'access-control-allow-origin': listed,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    'access-control-allow-headers':
      'Authorization, Content-Type, Accept, X-Client-App, X-Trace-Id, X-Account-Id, Idempotency-Key, If-None-Match, Last-Event-ID, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
    'access-control-max-age': '600',
    vary: 'Origin',
  });
  expect(known.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  for (const origin of ['http://localhost:19083', 'null', `${listed}.evil.example`, listed.toUpperCase()]) {
    const unknown = await ask(origin);
    expect([unknown.status, unknown.headers.get('vary')]).toEqual([204, 'Origin']);
    expect([...unknown.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
  const simple = await call('GET', '/v1/me', { headers: { origin: listed } });
  expect(simple.headers.get('access-control-expose-headers')).toContain('Idempotent-Replayed');
  const other = await call('GET', '/v1/me', { headers: { origin: 'https://other.example' } });
  expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([401, null]);
});

test('paths outside /v1 return 404 or are forwarded to the frontend', async () => {
  const { url } = await startUpstream(echo);
  const bare = await startGatewayTo('http://127.0.0.1:1');
  for (const path of ['/', '/docs', '/v10/me', '//v1/me']) {
    const answer = await fetch(bare.address + path);
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([404, 'not_found']);
  }
  const { address } = await startGatewayTo('http://127.0.0.1:1', { ARKLOOP_GATEWAY_FRONTEND_UPSTREAM: url });
  const page = await fetch(`${address}/app/index.html?x=1`);
  expect([page.status, page.headers.get('content-security-policy')]).toEqual([200, null]);
  expect(await page.json()).toMatchObject({ url: '/app/index.html?x=1' });
  expect((await fetch(`${address}/v1/me`)).status).toBe(502);
});

test('a POST request is never sent twice', async () => {
  let seen = 0;
  const { url } = await startUpstream((req, res) => {
    seen += 1;
    req.resume();
    res.destroy();
  });
  const { address } = await startGatewayTo(url);
  expect((await fetch(`${address}/v1/x`, { method: 'POST', body: '{}' })).status).toBe(502);
  expect(seen).toBe(1);
});

test('a client that does not read applies backpressure to the API', async () => {
  let written = 0;
  const { url } = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = () => {
      while (written < 200_000_000 && !res.destroyed) {
        written += 65_536;
        if (!res.write(Buffer.alloc(65_536))) return void res.once('drain', more);
      }
    };
    more();
  });
  const { address } = await startGatewayTo(url);
  const response = await fetch(`${address}/v1/runs/1/events`);
  await new Promise((done) => setTimeout(done, 1_000));
  expect(written).toBeLessThan(50_000_000);
  await response.body?.cancel();
});
