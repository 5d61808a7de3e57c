import { expect, expectTypeOf, test, vi } from 'vitest';
import {
  ApiError,
  type CallResponse,
  createClient,
  type FetchInit,
  type Logger,
  type RequestContext,
  type ResponseContext,
  type Thread,
} from '../../client/index.ts';
import { sendError, sendJson, startLocalServer, tokenResponse } from './localServer.ts';

const id = '0198c0de-0000-7000-8000-000000000000';
const quick = { retryDelayMs: 1 };
const traceId = 'a'.repeat(32);

/** A logger that records its entries. */
function recorder() {
  const entries: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (message: string, fields: object) => void entries.push({ level, message, fields });
  const logger: Logger = { debug: at('debug'), warn: at('warn') };
  return { logger, entries };
}

test('withResponse resolves to the data with status, headers and trace id, for calls and for pages', async () => {
  const { baseUrl, requests } = await startLocalServer(({ method }, res) =>
    method === 'POST' ? sendJson(res, 201, { id }, { 'x-extra': 'yes' }) : sendJson(res, 200, [{ id }], { 'x-next-cursor': 'c' }),
  );
  const client = createClient({ baseUrl });
  const created = await client.threads.create().withResponse();
  expectTypeOf(created).toEqualTypeOf<CallResponse<Thread>>();
  expect(created).toMatchObject({ data: { id }, status: 201, traceId });
  expect(created.headers.get('x-extra')).toBe('yes');
  const page = await client.threads.list().withResponse();
  expect([page.status, page.data.length, page.data.nextCursor]).toEqual([200, 1, 'c']);
  expect(requests).toHaveLength(2);
});

test('withResponse rejects once, without an unhandled rejection', async () => {
  const { baseUrl } = await startLocalServer((_, res) => sendError(res, 404, 'not_found'));
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    const client = createClient({ baseUrl });
    await expect(client.threads.get({ params: { thread_id: id } }).withResponse()).rejects.toMatchObject({ status: 404 });
    await expect(client.threads.list().withResponse()).rejects.toBeInstanceOf(ApiError);
    await expect(client.threads.list().toArray({ limit: 1 })).rejects.toBeInstanceOf(ApiError);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

test('the hooks see every attempt, and onRequest adds headers', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) =>
    count === 0 ? sendError(res, 503, 'unavailable') : sendJson(res, 200, { id }),
  );
  const sent: RequestContext[] = [];
  const received: ResponseContext[] = [];
  const client = createClient({
    baseUrl,
    apiKey: 'al_secret',
    ...quick,
    onRequest: (request) => {
      sent.push(request);
      request.headers.set('traceparent', `00-${traceId}-${'b'.repeat(16)}-01`);
    },
    onResponse: async (response) => void received.push(response),
  });
  await client.threads.get({ params: { thread_id: id } });
  expect(sent).toMatchObject([
    { operation: 'threads.get', method: 'GET', url: `${baseUrl}/v1/threads/${id}`, attempt: 1 },
    { operation: 'threads.get', attempt: 2 },
  ]);
  expect(sent[0]!.headers.get('authorization')).toBeNull();
  expect(requests[1]!.headers).toMatchObject({ authorization: 'Bearer al_secret', traceparent: expect.stringMatching(/^00-a/) });
  expect(received.map(({ status, error }) => [status, (error as ApiError | undefined)?.status])).toEqual([
    [503, 503],
    [200, undefined],
  ]);
  expect(received[1]).toMatchObject({ traceId, durationMs: expect.any(Number) });
  expect(received[1]!.request).toBe(sent[1]);
});

test('a hook that throws rejects the call with its error, without retries', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => sendJson(res, 200, { id }));
  const error = new Error('mine');
  const fail = () => {
    throw error;
  };
  await expect(createClient({ baseUrl, ...quick, onRequest: fail }).me.get()).rejects.toBe(error);
  expect(requests).toHaveLength(0);
  await expect(createClient({ baseUrl, ...quick, onResponse: fail }).me.get()).rejects.toBe(error);
  expect(requests).toHaveLength(1);
  const stream = createClient({ baseUrl, ...quick, onRequest: fail }).runs.stream(id);
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toBe(error);
});

test('a lost connection is reported to onResponse and to the log', async () => {
  const { logger, entries } = recorder();
  const onResponse = vi.fn();
  const client = createClient({ baseUrl: 'http://127.0.0.1:1', maxRetries: 1, ...quick, logger, onResponse });
  await expect(client.me.get()).rejects.toMatchObject({ name: 'ConnectionError' });
  expect(onResponse).toHaveBeenCalledTimes(2);
  expect(onResponse.mock.calls[0]).toMatchObject([{ status: undefined, error: { name: 'ConnectionError' } }]);
  expect(entries.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'debug me.get: request',
    'debug me.get: no response',
    'warn me.get: retry',
    'debug me.get: request',
    'debug me.get: no response',
  ]);
});

test('the log names operations, statuses, retries and trace ids, and no secret: neither credentials, cookies, tokens in paths nor bodies', async () => {
  const secrets = ['hunter2hunter2', 'c00kie', 't0ken', 'al_s3cret', 'sh4re', 'pr0mpt', 'an5wer', 's3rver'];
  const cookie = { 'set-cookie': 'arkloop_refresh_token=c00kie; Path=/v1/auth; HttpOnly; Max-Age=60' };
  const { baseUrl } = await startLocalServer(({ url }, res, count) => {
    if (url.startsWith('/v1/auth/')) return sendJson(res, 200, tokenResponse('t0ken'), cookie);
    if (url.startsWith('/v1/s/')) return sendJson(res, 404, { error: 'not_found', message: 's3rver', details: {} });
    if (url.includes('/events')) return sendJson(res, 403, { error: 'forbidden', message: 's3rver', details: {} });
    if (count === 1) return sendJson(res, 503, { error: 'unavailable', message: 's3rver', details: {} });
    sendJson(res, 200, { id: 'an5wer' });
  });
  const { logger, entries } = recorder();
  const client = createClient({ baseUrl, ...quick, logger, headers: { 'x-secret': 'al_s3cret' } });
  await client.auth.login({ body: { login: 'ada', password: 'hunter2hunter2' } });
  await client.me.get();
  await client.auth.refresh();
  await client.messages.create({ params: { thread_id: id }, body: { content: 'pr0mpt' } });
  await client.shares.view({ params: { token: 'sh4re' } }).catch(() => undefined);
  await client.runs
    .stream(id)
    .finalView()
    .catch(() => undefined);
  const unusable = createClient({ baseUrl, ...quick, logger, apiKey: '\u2028al_s3cret' });
  const error = await unusable.me.get().catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('authorization') });

  const text = JSON.stringify(entries) + String(error);
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  expect(entries.slice(2, 7)).toEqual([
    { level: 'debug', message: 'me.get: request', fields: { operation: 'me.get', method: 'GET', path: '/v1/me', attempt: 1 } },
    {
      level: 'debug',
      message: 'me.get: 503',
      fields: expect.objectContaining({ status: 503, traceId, error: 'unavailable', durationMs: expect.any(Number) }),
    },
    { level: 'warn', message: 'me.get: retry', fields: expect.objectContaining({ attempt: 1, retryInMs: expect.any(Number) }) },
    { level: 'debug', message: 'me.get: request', fields: expect.objectContaining({ attempt: 2 }) },
    { level: 'debug', message: 'me.get: 200', fields: expect.objectContaining({ status: 200 }) },
  ]);
  expect(entries.map(({ message }) => message)).toEqual(expect.arrayContaining(['shares.view: 404', 'runs.events: 403']));
  const asConsole: Logger = console;
  expect(asConsole).toBeDefined();
});

test('fetchOptions of the client and of a call reach fetch and cannot replace what the client sets', async () => {
  const seen: FetchInit[] = [];
  const fetch = async (_: string, init: FetchInit) => {
    seen.push(init);
    return Response.json({ id });
  };
  const dispatcher = {};
  const client = createClient({ baseUrl: 'http://localhost', fetch, fetchOptions: { cache: 'no-store', dispatcher } });
  await client.threads.create({ body: { title: 'x' } }, { fetchOptions: { redirect: 'error', cache: 'reload' } });
  expect(seen[0]).toMatchObject({ method: 'POST', cache: 'reload', redirect: 'error', dispatcher, body: '{"title":"x"}' });
  // @ts-expect-error the client sets the method
  await client.me.get({}, { fetchOptions: { method: 'DELETE' } });
  expect(seen[1]).toMatchObject({ method: 'GET', cache: 'no-store' });
});

test('an API key from a function is read before each request, and again if the server rejects a rotated key', async () => {
  const { baseUrl, requests } = await startLocalServer(({ headers }, res) =>
    headers.authorization === 'Bearer new' ? sendJson(res, 200, { id }) : sendError(res, 401, 'auth.unauthorized', 'invalid_token'),
  );
  const keys = ['old', 'new', 'new'];
  const apiKey = vi.fn(async () => keys.shift() ?? 'wrong');
  const client = createClient({ baseUrl, apiKey });
  expect(await client.me.get()).toEqual({ id });
  expect(await client.me.get()).toEqual({ id });
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new', 'Bearer new']);
  await expect(client.me.get()).rejects.toMatchObject({ status: 401 });
  expect(apiKey).toHaveBeenCalledTimes(5);
  const failing = createClient({ baseUrl, apiKey: () => Promise.reject(new Error('vault')), ...quick });
  await expect(failing.me.get()).rejects.toThrow('vault');
});
