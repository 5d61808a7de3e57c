import { expect, expectTypeOf, test, vi } from 'vitest';
import { ApiError, type CallOptions, ConnectionError, createClient, isApiError, TimeoutError } from '../../client/index.ts';
import { holdTimers } from '../support/timers/heldTimers.ts';
import { sendError, sendJson, startLocalServer } from './localServer.ts';

const id = '0198c0de-0000-7000-8000-000000000000';
const quick = { retryDelayMs: 1 };

test('a call sends params, headers and body per the contract and resolves to the response body', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendJson(res, 201, { run_id: id, trace_id: 'a'.repeat(32) }));
  const client = createClient({ baseUrl: `${baseUrl}/`, apiKey: 'al_key', accountId: id, headers: { 'x-client-app': 'test' } });
  const run = await client.runs.create({ params: { thread_id: 'a b/ü' }, body: { model: 'm' } });
  expect(run.run_id).toBe(id);
  expect(requests[0]).toMatchObject({ method: 'POST', url: '/v1/threads/a%20b%2F%C3%BC/runs', body: '{"model":"m"}' });
  expect(requests[0]!.headers).toMatchObject({ authorization: 'Bearer al_key', 'x-account-id': id, 'x-client-app': 'test' });
  expect(requests[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
});

test('a call whose path names the account sends no other one, neither that of the client nor that of the call', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendJson(res, 200, []));
  const client = createClient({ baseUrl, apiKey: 'al_key', accountId: id });
  const params = { account_id: '0198c0de-0000-7000-8000-000000000001' };
  await client.usage.ofAccountDaily({ params, query: { start: '2026-01-01', end: '2026-01-02' } });
  const options: CallOptions = { accountId: id };
  await client.accounts.get({ params }, options);
  await client.runs.list();
  expect(requests.map(({ headers }) => headers['x-account-id'])).toEqual([undefined, undefined, id]);
});

test('undefined query values and a missing body are not sent, and 204 resolves to undefined', async () => {
  const { baseUrl, requests } = await startLocalServer((seen, res) =>
    seen.method === 'DELETE' ? sendJson(res, 204) : sendJson(res, 200, []),
  );
  const client = createClient({ baseUrl, accessToken: 'token' });
  await client.runs.list({ query: { limit: 5, status: undefined, model: 'a&b' } });
  expect(await client.threads.delete({ params: { thread_id: id } })).toBeUndefined();
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/runs?limit=5&model=a%26b', `DELETE /v1/threads/${id}`]);
  expect(requests[1]!.headers['content-type']).toBeUndefined();
});

test.each(['', '.', '..'])('the id "%s" is rejected before a request is sent', async (thread_id) => {
  const fetch = vi.fn<typeof globalThis.fetch>();
  const client = createClient({ baseUrl: 'http://localhost', fetch });
  await expect(client.threads.delete({ params: { thread_id } })).rejects.toThrow(TypeError);
  expect(fetch).not.toHaveBeenCalled();
});

test('a header of a call replaces the one of the client and the generated one, whatever the case of its name', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendJson(res, 201, {}));
  const client = createClient({ baseUrl, apiKey: 'al_x', accountId: 'a', headers: { 'X-Team': 'one', 'X-Account-Id': 'b' } });
  await client.threads.create({}, { headers: { 'x-team': 'two', 'Idempotency-Key': 'mine' } });
  expect(requests[0]!.headers).toMatchObject({ 'x-team': 'two', 'x-account-id': 'b', 'idempotency-key': 'mine' });
});

test('an error response becomes an ApiError with status, code, reason, issues and trace id', async () => {
  const issues = [{ location: 'body', path: '/title', message: 'too long' }];
  const problem = { error: 'validation.error', message: 'Not valid.', trace_id: 'b'.repeat(32), details: { reason: 'no_fields', issues } };
  const { baseUrl } = await startLocalServer((_, res) => sendJson(res, 400, problem));
  const client = createClient({ baseUrl });
  const error = await client.threads.update({ params: { thread_id: id }, body: {} }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    status: 400,
    code: 'validation.error',
    reason: 'no_fields',
    issues,
    traceId: 'a'.repeat(32),
    retryable: false,
  });
  expect((error as ApiError).message).toBe('threads.update failed with 400 no_fields: Not valid.');
  expect((error as ApiError).serverMessage).toBe('Not valid.');
  expect(isApiError(client.threads.update, error)).toBe(true);
  expect(isApiError(client.health.live, error)).toBe(false);
});

test('an HTML error page of a proxy is still an ApiError', async () => {
  const { baseUrl } = await startLocalServer(
    (_, res) => void res.writeHead(413, { 'content-type': 'text/html' }).end('<h1>Too large</h1>'),
  );
  const client = createClient({ baseUrl });
  await expect(client.me.get()).rejects.toMatchObject({ status: 413, code: 'payload_too_large', traceId: undefined, details: {} });
});

test('an idempotent POST is retried with the same idempotency key', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => {
    if (count === 0) return void res.destroy();
    if (count === 1) return sendError(res, 409, 'conflict', 'idempotency_in_progress', { 'retry-after': '0' });
    sendJson(res, 201, { id });
  });
  const client = createClient({ baseUrl, ...quick });
  expect(await client.threads.create()).toEqual({ id });
  expect(requests).toHaveLength(3);
  expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  await client.threads.create({}, { idempotencyKey: 'mine' });
  expect(requests[3]!.headers['idempotency-key']).toBe('mine');
});

test.each([429, 500, 502, 503, 504])('%i is retried for a GET, up to the maximum number of retries', async (status) => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendError(res, status, 'x'));
  const client = createClient({ baseUrl, ...quick });
  await expect(client.me.get()).rejects.toMatchObject({ status, retryable: true });
  expect(requests).toHaveLength(3);
  await expect(client.me.get(undefined, { maxRetries: 0 })).rejects.toMatchObject({ status });
  expect(requests).toHaveLength(4);
});

test.each([400, 402, 409])('%i is not retried', async (status) => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendError(res, status, 'x'));
  await expect(createClient({ baseUrl, ...quick }).threads.create()).rejects.toMatchObject({ status, retryable: false });
  expect(requests).toHaveLength(1);
});

test('a failed authorization is not retried, because its code is used up', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendError(res, 502, 'provider.upstream_error', 'authorization_failed'));
  const complete = createClient({ baseUrl, ...quick }).mcpConfigs.completeAuthorization;
  await expect(complete({ params: { config_id: id }, body: { state: 'a', code: 'b' } })).rejects.toMatchObject({ retryable: false });
  expect(requests).toHaveLength(1);
});

test('500 is retried for a POST with an idempotency key, and not for a PATCH', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendError(res, 500, 'internal_error'));
  const client = createClient({ baseUrl, maxRetries: 1, ...quick });
  await expect(client.threads.create()).rejects.toMatchObject({ status: 500 });
  await expect(client.me.update({ body: { username: 'x' } })).rejects.toMatchObject({ status: 500 });
  expect(requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH']);
});

test('requests that are not idempotent are not retried: sign-in and PATCH', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => void res.destroy());
  const client = createClient({ baseUrl, ...quick });
  await expect(client.auth.login({ body: { login: 'a', password: 'b' } })).rejects.toBeInstanceOf(ConnectionError);
  await expect(client.me.update({ body: { username: 'x' } })).rejects.toBeInstanceOf(ConnectionError);
  expect(requests).toHaveLength(2);
});

test('Retry-After is respected, and a value above 60 s is not retried', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => {
    if (count === 0) return sendError(res, 429, 'rate_limit', undefined, { 'retry-after': '1' });
    if (count === 1) return sendJson(res, 200, { id });
    sendError(res, 429, 'rate_limit', undefined, { 'retry-after': '61' });
  });
  const client = createClient({ baseUrl, ...quick });
  const began = performance.now();
  await client.me.get();
  expect(performance.now() - began).toBeGreaterThan(990);
  await expect(client.me.get()).rejects.toMatchObject({ retryAfterMs: 61_000 });
  expect(requests).toHaveLength(3);
});

test('an attempt that exceeds the timeout is a TimeoutError, even if only the body hangs', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => {
    if (count > 0) res.writeHead(200, { 'content-type': 'application/json' }).write('{"id":');
  });
  const timeout = holdTimers(50);
  const client = createClient({ baseUrl, timeoutMs: 50, maxRetries: 1, ...quick });
  const failed = expect(client.me.get()).rejects.toBeInstanceOf(TimeoutError);
  for (const sent of [1, 2]) {
    await expect.poll(() => requests.length).toBe(sent);
    timeout.pass();
  }
  await failed;
  expect(requests).toHaveLength(2);
  await expect(client.me.get(undefined, { timeoutMs: 20, maxRetries: 0 })).rejects.toThrow('20 ms');
});

test('a response may take longer than the timeout while parts of it arrive', async () => {
  const { baseUrl, requests } = await startLocalServer((seen, res) => {
    const parts = seen.url.endsWith('/export') ? ['PK', '1', '2', '3'] : ['{"id":', ' ', ' ', '"x"}'];
    res.writeHead(200, { 'content-type': seen.url.endsWith('/export') ? 'application/zip' : 'application/json' });
    const sending = setInterval(() => {
      const part = parts.shift();
      if (part !== undefined) return void res.write(part);
      clearInterval(sending);
      res.end();
    }, 400);
  });
  const client = createClient({ baseUrl, timeoutMs: 1_200, ...quick });
  const [me, zip] = await Promise.all([client.me.get(), client.accounts.export({ params: { account_id: id } })]);
  expect([me, await zip.text(), zip.type]).toEqual([{ id: 'x' }, 'PK123', 'application/zip']);
  expect(requests).toHaveLength(2);
});

test('a call that costs credits is not repeated unless the server has not taken it, and waits as long as the model may', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => {
    if (count === 0) return sendError(res, 503, 'unavailable');
    if (count === 1) return sendError(res, 429, 'rate_limit', undefined, { 'retry-after': '0' });
    if (count === 2) return void res.socket!.destroy();
    if (count === 3) sendError(res, 502, 'upstream');
  });
  const client = createClient({ baseUrl, ...quick });
  const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
  await expect(client.chatCompletions.create({ body })).rejects.toBeInstanceOf(ConnectionError);
  expect(requests).toHaveLength(3);
  await expect(client.chatCompletions.create({ body })).rejects.toMatchObject({ status: 502 });
  expect(requests).toHaveLength(4);
  const timeout = holdTimers(900_000);
  const late = expect(client.chatCompletions.create({ body })).rejects.toThrow('900000 ms');
  await expect.poll(() => requests.length).toBe(5);
  timeout.pass();
  await late;
  expect(requests).toHaveLength(5);
  // @ts-expect-error The chunks of a stream are for the SDKs of OpenAI.
  expectTypeOf(client.chatCompletions.create).toBeCallableWith({ body: { ...body, stream: true } });
});

test('an upload may take as long as its size needs', async () => {
  const { baseUrl, requests } = await startLocalServer(() => {});
  const client = createClient({ baseUrl, timeoutMs: 50, maxRetries: 0, ...quick });
  const timeout = holdTimers(64_050);
  const sent = expect(client.attachments.stage({ body: { file: new File([new Uint8Array(2 ** 20)], 'a.bin') } })).rejects.toThrow(
    '64050 ms',
  );
  await expect.poll(() => requests.length).toBe(1);
  timeout.pass();
  await sent;
});

test('an unreachable server is a ConnectionError with its cause', async () => {
  const client = createClient({ baseUrl: 'http://127.0.0.1:1', ...quick });
  const error = await client.me.get().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toHaveProperty('cause', expect.any(TypeError));
  expect(error).toHaveProperty('message', 'me.get failed: the server cannot be reached, or the connection broke.');
});

test('a response that is not JSON is a ConnectionError that asks for the address', async () => {
  const { baseUrl } = await startLocalServer((_, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  const error = await createClient({ baseUrl, maxRetries: 0 })
    .me.get()
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toHaveProperty('cause', expect.any(SyntaxError));
  expect(error).toHaveProperty('message', 'me.get failed: the response (200, text/html) is not JSON. Does `baseUrl` lead to the API?');
});

test('the signal aborts immediately: before, during and between attempts', async () => {
  const { baseUrl } = await startLocalServer((seen, res) => {
    if (seen.url.startsWith('/v1/me')) sendError(res, 503, 'unavailable', undefined, { 'retry-after': '30' });
  });
  const client = createClient({ baseUrl });
  const reason = new Error('enough');
  await expect(client.me.get(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const during = new AbortController();
  setTimeout(() => during.abort(reason), 30);
  await expect(client.threads.list(undefined, { signal: during.signal })).rejects.toBe(reason);
  const waiting = new AbortController();
  setTimeout(() => waiting.abort(reason), 100);
  const began = performance.now();
  await expect(client.me.get(undefined, { signal: waiting.signal })).rejects.toBe(reason);
  expect(performance.now() - began).toTakeLessThan(2_000);
});

test('an invalid base URL is a TypeError', () => {
  expect(() => createClient({ baseUrl: 'nonsense' })).toThrow(TypeError);
  expect(() => createClient({ baseUrl: 'ftp://x' })).toThrow('http');
});

test('a list is one page if awaited and all rows if iterated', async () => {
  const pages: Record<string, [string[], string?]> = { '': [['a', 'b'], 'c1'], c1: [['c', 'd'], 'c2'], c2: [['e']] };
  const { baseUrl, requests } = await startLocalServer(({ url }, res) => {
    const [rows, next] = pages[new URL(url, 'http://x').searchParams.get('before') ?? '']!;
    sendJson(res, 200, rows, next ? { 'x-next-cursor': next } : {});
  });
  const client = createClient({ baseUrl });
  const page = await client.threads.list({ query: { limit: 2 } });
  expect(page).toEqual(['a', 'b']);
  expect(page.nextCursor).toBe('c1');
  expect(JSON.stringify(page)).toBe('["a","b"]');
  const rows: unknown[] = [];
  for await (const row of client.threads.list({ query: { limit: 2 } })) rows.push(row);
  expect(rows).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(requests.slice(1).map(({ url }) => url)).toEqual(['', '&before=c1', '&before=c2'].map((rest) => `/v1/threads?limit=2${rest}`));
  for await (const _ of client.threads.list()) break;
  expect(requests).toHaveLength(5);
  expect(await client.threads.list().toArray({ limit: 4 })).toEqual(['a', 'b', 'c', 'd']);
  expect(requests).toHaveLength(7);
  expect(await client.threads.list().toArray({ limit: 100 })).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(await client.threads.list().toArray({ limit: 0 })).toEqual([]);
});
