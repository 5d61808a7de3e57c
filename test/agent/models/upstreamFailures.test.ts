import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openModel } from '../../../server/models/openModel.ts';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { chat } from '../../support/agent/vendor.ts';
import { holdTimers } from '../../support/timers/heldTimers.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';
import { apiKey, callModel, failureOf, outbound, request, useScriptedProvider } from './support.ts';

useDatabaseClock();

const { vendor, openAi } = useScriptedProvider();
const model = (extra?: Parameters<typeof openAi>[1]) => openAi('chat_completions', extra);

test.each([408, 425, 429, 500, 502, 503, 504, 529])('status %i is retryable', async (status) => {
  vendor().respondWith(chat.failure(status, { message: 'later' }));
  const { error } = await failureOf(model());
  expect(error).toMatchObject({ errorClass: 'provider.retryable', message: 'later', details: { status_code: status } });
});

test.each([301, 302, 307, 400, 401, 403, 404, 405, 413, 422])(
  'status %i is not retryable, and redirects are not followed',
  async (status) => {
    vendor().respondWith({
      ...chat.failure(status, { message: 'no', type: 't', code: 'c' }),
      headers: { location: `${vendor().origin}/elsewhere` },
    });
    const { error } = await failureOf(model());
    expect(error.errorClass).toBe('provider.non_retryable');
    expect(error.details).toEqual({ status_code: status, openai_error_code: 'c', openai_error_type: 't' });
    expect(vendor().requests).toHaveLength(1);
  },
);

test('reads the message of an error response whose body is an event stream', async () => {
  const error = { message: 'the deployment is cooling down', type: 'internal_server_error', code: '500' };
  vendor().respondWith(
    {
      status: 500,
      headers: { 'content-type': 'text/event-stream' },
      steps: [`data: ${JSON.stringify({ error })}\n\n`, 'data: [DONE]\n\n'],
    },
    { status: 400, steps: [`: ping\r\nevent: error\r\ndata: ${JSON.stringify({ error: { ...error, message: 'no' } })}\r\n\r\n`] },
  );
  expect((await failureOf(model())).error).toMatchObject({
    ...{ errorClass: 'provider.retryable', message: 'the deployment is cooling down' },
    details: { status_code: 500, openai_error_type: 'internal_server_error' },
  });
  expect((await failureOf(model())).error).toMatchObject({ errorClass: 'provider.non_retryable', message: 'no' });
});

test('a 400 with rate_limit_exceeded is retryable', async () => {
  vendor().respondWith(chat.failure(400, { message: 'slow down', code: 'rate_limit_exceeded' }));
  expect((await failureOf(model())).error.errorClass).toBe('provider.retryable');
});

test('parses Retry-After as seconds and as a date', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-30T12:00:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  const date = new Date(Date.now() + 30_000).toUTCString();
  for (const value of ['7', date, 'soon']) vendor().respondWith(chat.failure(429, { message: 'later' }, { 'retry-after': value }));
  expect((await failureOf(model())).error.retryAfterMs).toBe(7_000);
  expect((await failureOf(model())).error.retryAfterMs).toBe(30_000);
  expect((await failureOf(model())).error.retryAfterMs).toBeUndefined();
});

test('an error never contains the API key, even if the provider echoes it', async () => {
  const echo = { message: `Bad key ${apiKey} in "Bearer ${apiKey}"`, type: apiKey, code: apiKey };
  vendor().respondWith(chat.failure(401, echo), { steps: [`data: ${JSON.stringify({ error: echo })}\n\n`] });
  for (let n = 0; n < 2; n++) {
    const { error } = await failureOf(model());
    expect(JSON.stringify([error, error.message, error.details, error.stack, error.cause])).not.toContain(apiKey);
    expect(error.message).toContain('Bad key [redacted]');
  }
});

test('a huge error body is read only up to the limit', async () => {
  const megabyte = 'x'.repeat(2 ** 20);
  vendor().respondWith({ status: 500, steps: Array.from({ length: 50 }, () => megabyte) });
  const { error } = await failureOf(model({ maxErrorBytes: 1_000 }));
  expect(error).toMatchObject({ errorClass: 'provider.retryable', message: 'The model provider answered with status 500.' });
});

test('silence before the answer or between chunks causes an idle timeout and closes the connection', async () => {
  vendor().respondWith({ steps: ['stall'] }, { steps: [chat.text('half'), 'stall'] }, { status: 500, steps: ['{"err', 'stall'] });
  const idle = { errorClass: 'provider.retryable', details: { reason: 'idle_timeout', idle_timeout_ms: 400 } };
  const idleTimeout = holdTimers(400);
  /** The head of the response is awaited, then each chunk. */
  const silentAfter = async (awaited: number) => {
    const before = idleTimeout.started();
    const failed = failureOf(model({ idleTimeoutMs: 400 }));
    await expect.poll(() => idleTimeout.started() - before).toBe(awaited);
    expect(vendor().requests.at(-1)!.closed).toBe(false);
    idleTimeout.pass();
    return failed;
  };
  expect((await silentAfter(2)).error).toMatchObject(idle);
  const { error, events } = await silentAfter(3);
  expect(error).toMatchObject(idle);
  expect(events).toHaveLength(1);
  expect((await silentAfter(2)).error.errorClass).toBe('provider.retryable');
  await expect.poll(() => vendor().requests.every(({ closed }) => closed)).toBe(true);
});

test('keep-alive comments and a slow reader do not cause an idle timeout', async () => {
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const slow = gates.flatMap(({ promise }) => [{ wait: promise }, ': still here\n\n']);
  vendor().respondWith({ steps: [chat.text('a'), ...slow, chat.text('b'), chat.stop(), chat.done] });
  const idleTimeout = holdTimers(400);
  const read = (async () => {
    let said = '';
    for await (const event of model({ idleTimeoutMs: 400 }).stream(request(), new AbortController().signal)) {
      if (event.type === 'text') said += event.text;
      // While the reader works, no silence is measured.
      idleTimeout.pass();
    }
    return said;
  })();
  for (const [at, gate] of gates.entries()) {
    // Each comment starts the timeout anew, after the head and the first text.
    await expect.poll(idleTimeout.started).toBe(3 + at);
    gate.resolve();
  }
  expect(await read).toBe('ab');
});

test('cancelling aborts the stream immediately with the reason and closes the connection', async () => {
  vendor().respondWith({ steps: [chat.text('half'), 'stall'] });
  const cancel = new AbortController();
  const reason = new Error('cancelled by the user');
  const called = expect(callModel(model(), request(), cancel.signal)).rejects.toBe(reason);
  await expect.poll(() => vendor().requests.length).toBe(1);
  const started = Date.now();
  cancel.abort(reason);
  await called;
  expect(Date.now() - started).toTakeLessThan(500);
  await expect.poll(() => vendor().requests[0]?.closed).toBe(true);
});

test('a closed port and a server that is not HTTP give the same error message', async () => {
  const gone = createServer((socket) => socket.resume().end('NOT HTTP AT ALL\r\n\r\n')).listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const address = gone.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const at = (base_url: string) =>
    failureOf(openModel({ provider_kind: 'openai', model: 'm', api_key: apiKey, base_url, openai_api_mode: 'responses' }, { outbound }));
  const spoken = await at(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => gone.close(resolve));
  const refused = await at(`http://127.0.0.1:${port}`);
  expect(refused.error).toMatchObject({ errorClass: 'provider.retryable', details: {} });
  expect(spoken.error.message).toBe(refused.error.message);
});

test('a loopback or private base URL is rejected by default without a request', async () => {
  const strict = createOutboundClient({ allowLoopbackHttp: false, trustFakeIp: false });
  const { origin } = vendor();
  for (const base_url of [origin, origin.replace('http:', 'https:'), 'https://localhost./v1', 'https://10.0.0.7']) {
    const { error } = await failureOf(
      openModel({ provider_kind: 'anthropic', model: 'm', api_key: apiKey, base_url }, { outbound: strict }),
    );
    expect(error).toMatchObject({ errorClass: 'provider.non_retryable', details: { reason: 'base_url_denied' } });
  }
  expect(vendor().requests).toHaveLength(0);
});

test('a model name with path segments does not change the request path', async () => {
  vendor().respondWith(chat.answer('ok'));
  await callModel(model({ model: '../../x?y=1#z' }));
  expect(vendor().requests[0]).toMatchObject({ path: '/v1/chat/completions', body: { model: '../../x?y=1#z' } });
});
