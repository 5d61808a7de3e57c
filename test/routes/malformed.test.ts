import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../contract/shared/errors.ts';
import { apiLimits } from '../../server/processes/api.ts';
import { listener } from '../support/app/listener.ts';
import { sharedTestApp, startTestApp } from '../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';
import { type RawAnswer, rawSend, request } from '../support/http/raw.ts';

const app = await sharedTestApp(behindGatewayEnv);
const { gateway } = await startTestGateway(app);
const { token } = await app.signUp();
const authorization = `Bearer ${token}`;
const chunked = { authorization, 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
const post = 'POST /v1/threads';

/** Malformed requests with the expected status and error code. */
const malformedRequests: [string, string | string[], number, string][] = [
  ['noise', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400, 'validation.error'],
  ['noise in pieces', ['nonsense', ' and ', 'more\r\n\r\n', 'x'.repeat(100_000)], 400, 'validation.error'],
  ['HTTP/0.9', 'GET /v1/me\r\n\r\n', 400, 'validation.error'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'validation.error'],
  ['an unknown method', request('BREW /v1/me'), 400, 'validation.error'],
  ['no host', 'GET /v1/me HTTP/1.1\r\n\r\n', 400, 'validation.error'],
  ['two hosts', 'GET /v1/me HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n', 400, 'validation.error'],
  ['a host with a space', 'GET /v1/me HTTP/1.1\r\nhost: x y\r\n\r\n', 400, 'validation.error'],
  ['a probe without a host', 'GET /readyz HTTP/1.1\r\n\r\n', 400, 'validation.error'],
  ['a probe with two hosts', 'GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n', 400, 'validation.error'],
  ['a space before the colon', 'GET /v1/me HTTP/1.1\r\nhost: x\r\nx-a : 1\r\n\r\n', 400, 'validation.error'],
  ['a NUL in a header', 'GET /v1/me HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n', 400, 'validation.error'],
  ['two lengths', 'POST /v1/threads HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400, 'validation.error'],
  ['an unknown expectation', request('GET /v1/me', { expect: 'the spanish inquisition' }), 400, 'validation.error'],
  ['CONNECT', request('CONNECT evil.example:443'), 405, 'method_not_allowed'],
  ['a chunk without a size', request(post, chunked, 'zz\r\n{}\r\n0\r\n\r\n'), 400, 'validation.error'],
  ['an endless chunk extension', request(post, chunked, `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`), 400, 'validation.error'],
  ['20 KiB of headers', request('GET /v1/me', { 'x-big': 'x'.repeat(20_000) }), 431, 'headers_too_large'],
  ['20 KiB of path', request(`GET /v1/${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
  ['1 MiB of headers', request('GET /v1/me', { 'x-big': 'x'.repeat(2 ** 20) }), 431, 'headers_too_large'],
];

function expectError(answer: RawAnswer, status: number, code: string) {
  expect([answer.status, answer.all.match(/HTTP\/1\.1 /g)?.length, answer.closed]).toEqual([status, 1, true]);
  const problem = Problem.parse(answer.body);
  expect([problem.error, problem.trace_id]).toEqual([code, answer.headers.get('x-trace-id')]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('connection')).toBe('close');
  expect(Number(answer.headers.get('content-length'))).toBe(answer.text.length);
  if (status === 400) expect(problem.details.issues).toBeInstanceOf(Array);
}

const places = [
  ['API', () => app.url],
  ['gateway', () => gateway.address],
] as const;

describe.each(places)('the %s', (_, url) => {
  test.each(malformedRequests)('answers %s with an error response that has a trace id', async (_what, text, status, code) => {
    expectError(await rawSend(url(), text, { quietMs: 5_000 }), status, code);
  });

  test('answers malformed bytes after a valid request only after that request', async () => {
    const first = request('GET /v1/me', { authorization });
    const { all } = await rawSend(url(), `${first}nonsense\r\n\r\n`, { quietMs: 5_000 });
    expect([...all.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)).toEqual(['200', '400']);
  });
});

test('the API rejects a body with too many values, or nested too deeply, before it is parsed', async () => {
  const ask = (content: string) =>
    fetch(`${app.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: `{"model":"x","messages":[{"role":"user","content":${content}}]}`,
    });
  const answers = await Promise.all(
    [`[${'0,'.repeat(4_000_000)}0]`, `${'['.repeat(80)}${']'.repeat(80)}`, `["${','.repeat(200_000)}"]`].map(ask),
  );
  const messageOf = async (answer: Response) => ((await answer.json()) as { error: { message: string } }).error.message;
  const messages = await Promise.all(answers.map(async (answer) => [answer.status, await messageOf(answer)]));
  expect(messages).toEqual([
    [400, expect.stringContaining('has more than 100,000 values')],
    [400, expect.stringContaining('is nested deeper than 64 levels')],
    [400, expect.not.stringContaining('values')],
  ]);
});

const patient = { quietMs: 45_000, firstMs: 45_000 };
const unfinishedHeaders = 'GET /v1/me HTTP/1.1\r\nhost: x\r\n';

test('the API answers an incomplete request with 408 after the timeout', async () => {
  const hasty = await startTestApp(behindGatewayEnv, {
    worker: false,
    limits: { headersTimeout: 500, requestTimeout: 1_000, connectionsCheckingInterval: 100 },
  });
  const person = await hasty.signUp();
  const unfinishedBody = request(post, { ...chunked, authorization: `Bearer ${person.token}` }, '2\r\n{}\r\n');
  const slow = await Promise.all([unfinishedHeaders, unfinishedBody].map((text) => rawSend(hasty.url, text, patient)));
  for (const answer of slow) expectError(answer, 408, 'request_timeout');
  expect(apiLimits).toMatchObject({ headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 });
});

test('the gateway answers an incomplete request with 408 after the timeout', async () => {
  const { address } = await startGatewayTo(app.url, {}, { limits: { headersTimeout: 500, connectionsCheckingInterval: 100 } });
  expectError(await rawSend(address, unfinishedHeaders, patient), 408, 'request_timeout');
});

/** Sends a body of `kib` KiB in parts of 1 KiB, one each `pauseMs`. */
function sendSlowly(url: string, kib: number, pauseMs: number, token: string) {
  const part = ' '.repeat(1_024);
  const text = request(
    post,
    { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': kib * 1_024 + 2 },
    '{}',
  );
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(text));
  let sent = 0;
  const sending = setInterval(() => (sent++ < kib ? socket.write(part) : clearInterval(sending)), pauseMs);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on('error', () => undefined).once('data', (answer) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(`${answer}`)?.[1])));
  return promise.finally(() => {
    clearInterval(sending);
    socket.destroy();
  });
}

test('a body may take longer than the timeout while it keeps arriving', async () => {
  const limits = { headersTimeout: 500, requestTimeout: 1_000, connectionsCheckingInterval: 100 };
  const patient = await startTestApp(behindGatewayEnv, { worker: false, limits });
  const person = await patient.signUp();
  const { address } = await startGatewayTo(patient.url, {}, { limits });
  const statuses = (kib: number, pauseMs: number) =>
    Promise.all([patient.url, address].map((url) => sendSlowly(url, kib, pauseMs, person.token)));
  expect(await statuses(50, 80)).toEqual([201, 201]);
  expect(await statuses(50, 3_000)).toEqual([408, 408]);
});

test.each([
  ['GET', '/readyz', 200],
  ['POST', '/readyz', 405],
  ['GET', '/healthz', 200],
  ['POST', '/healthz', 405],
] as const)('%s %s has one trace id, on API and gateway', async (method, path, status) => {
  for (const [, url] of places) {
    // A server is not ready while it connects to the database anew.
    const answer = async () => {
      const { status: got, headers } = await fetch(url() + path, { method });
      return [got, headers.get('x-trace-id')];
    };
    await expect.poll(answer).toEqual([status, expect.stringMatching(/^[0-9a-f]{32}$/)]);
  }
});

test('the probe of a gateway has a trace id even if the API is down', async () => {
  const { url, server } = await startUpstream(listener(async (_, res) => res.end()));
  server.close();
  const answer = await fetch(`${(await startGatewayTo(url)).address}/readyz`);
  expect([answer.status, answer.headers.get('x-trace-id')]).toEqual([503, expect.stringMatching(/^[0-9a-f]{32}$/)]);
});
