import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ConnectionError, createClient, type RunEvent } from '../../client/index.ts';
import { holdTimers } from '../support/timers/heldTimers.ts';
import { type RequestHandler, sendError, sendJson, startLocalServer, tokenResponse } from './localServer.ts';

const runId = '0198c0de-0000-7000-8000-000000000000';
const quick = { retryDelayMs: 1 };

/** Starts a stream and leaves it open. */
function open(res: ServerResponse, text = '') {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  res.write(`: ping\n\n${text}`);
}

/** Starts a stream and ends it cleanly. */
function whole(res: ServerResponse, text = '') {
  open(res, text);
  res.end();
}

/** Starts a stream and drops the connection. */
function cut(res: ServerResponse, text: string) {
  open(res, text);
  setTimeout(() => res.destroy(), 20);
}

const event = (seq: number, type = 'message.delta') => `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ seq, type, data: {} })}\n\n`;
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i)).join('');
const lastSeen = (headers: Record<string, unknown>) => headers['last-event-id'];

async function collect(stream: AsyncIterable<RunEvent>) {
  const seqs: number[] = [];
  for await (const { seq } of stream) seqs.push(seq);
  return seqs;
}

test('events arrive in order and once, over connections that end, break, repeat and skip', async () => {
  const answers: RequestHandler[] = [
    (_, res) => whole(res, events(1, 2)),
    (_, res) => cut(res, `${events(3, 3)}id: 4\ndata: {"seq":4,"ty`),
    (_, res) => whole(res, events(2, 5)),
    (_, res) => whole(res, events(6, 6) + events(8, 9)),
    (_, res) => sendError(res, 503, 'unavailable'),
    (_, res) => void res.destroy(),
    (_, res) => whole(res, events(7, 8) + event(9, 'run.completed') + event(10)),
  ];
  const { baseUrl, requests } = await startLocalServer((seen, res, count) => answers[count]!(seen, res, count));
  const client = createClient({ baseUrl, ...quick });
  expect(await collect(client.runs.stream(runId))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(requests.map(({ headers }) => lastSeen(headers))).toEqual([undefined, '2', '3', '5', '6', '6', '6']);
  expect(requests[0]).toMatchObject({ url: `/v1/runs/${runId}/events`, headers: { accept: 'text/event-stream' } });
});

test('a rate limited stream reconnects after Retry-After without losing events', async () => {
  const later = { 'retry-after': '1' };
  const times: number[] = [];
  const answers: RequestHandler[] = [
    (_, res) => sendError(res, 429, 'rate_limit', 'open_streams_exceeded', later),
    (_, res) => cut(res, events(1, 2)),
    (_, res) => sendError(res, 429, 'rate_limit', 'open_streams_exceeded', later),
    (_, res) => sendError(res, 429, 'rate_limit', 'request_rate', later),
    (_, res) => whole(res, events(3, 3) + event(4, 'run.completed')),
  ];
  const { baseUrl, requests } = await startLocalServer((seen, res, count) => {
    times.push(performance.now());
    return answers[count]!(seen, res, count);
  });
  const states: string[] = [];
  const client = createClient({ baseUrl, ...quick });
  const stream = client.runs.stream(runId, { onConnection: (state) => states.push(state) });
  expect(await collect(stream)).toEqual([1, 2, 3, 4]);
  expect(requests.map(({ headers }) => lastSeen(headers))).toEqual([undefined, undefined, '2', '2', '2']);
  const waits = times.slice(1).map((time, at) => time - times[at]!);
  for (const at of [0, 2, 3]) expect(waits[at]).toBeGreaterThanOrEqual(990);
  expect(waits[1]).toTakeLessThan(900);
  expect(states).toEqual(['reconnecting', 'open', 'reconnecting', 'reconnecting', 'reconnecting', 'open']);
});

test('a stream with a Retry-After above 60 s fails with the error', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) =>
    count === 0 ? cut(res, events(1, 2)) : sendError(res, 429, 'rate_limit', 'request_rate', { 'retry-after': '61' }),
  );
  const stream = createClient({ baseUrl, ...quick }).runs.stream(runId);
  await expect(collect(stream)).rejects.toMatchObject({ status: 429, reason: 'request_rate', retryAfterMs: 61_000 });
  expect(requests).toHaveLength(2);
});

test('a stream starts after afterSeq, and 204 ends it', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => (count === 0 ? whole(res) : sendJson(res, 204)));
  const client = createClient({ baseUrl, ...quick });
  expect(await collect(client.runs.stream(runId, { afterSeq: 7 }))).toEqual([]);
  expect(requests.map(({ url, headers }) => [url.split('?')[1], lastSeen(headers)])).toEqual([
    ['after_seq=7', undefined],
    ['after_seq=7', '7'],
  ]);
});

test('without follow the stream ends with its connection, but a broken connection is resumed', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res, count) => {
    if (count > 0) return whole(res, events(3, 4));
    cut(res, events(1, 2));
  });
  const client = createClient({ baseUrl, ...quick });
  expect(await collect(client.runs.stream(runId, { follow: false }))).toEqual([1, 2, 3, 4]);
  expect(requests).toHaveLength(2);
  expect(requests[0]!.url).toContain('follow=false');
});

test('an error response ends the stream, and an expired token is refreshed', async () => {
  const { baseUrl, requests } = await startLocalServer(({ url, headers }, res) => {
    if (url === '/v1/auth/refresh') return sendJson(res, 200, tokenResponse('new'));
    if (headers.authorization === 'Bearer old') return sendError(res, 401, 'auth.unauthorized', 'token_expired');
    if (lastSeen(headers) === undefined) return whole(res, events(1, 1));
    sendError(res, 404, 'not_found');
  });
  const client = createClient({ baseUrl, accessToken: 'old', ...quick });
  const seqs: number[] = [];
  const reading = (async () => {
    for await (const { seq } of client.runs.stream(runId)) seqs.push(seq);
  })();
  await expect(reading).rejects.toMatchObject({ status: 404 });
  expect(seqs).toEqual([1]);
  expect(requests.map(({ url }) => url.split('/').at(-1))).toEqual(['events', 'refresh', 'events', 'events']);
});

test('leaving the loop closes the connection', async () => {
  const closed = Promise.withResolvers<void>();
  const { baseUrl } = await startLocalServer((_, res) => {
    res.on('close', () => closed.resolve());
    open(res, events(1, 3));
  });
  for await (const { seq } of createClient({ baseUrl }).runs.stream(runId)) if (seq === 2) break;
  await closed.promise;
});

test('a waiting stream is closed by iterator.return() and by its signal', async () => {
  let streams = 0;
  const { baseUrl } = await startLocalServer((_, res) => {
    streams += 1;
    res.on('close', () => {
      streams -= 1;
    });
    open(res);
  });
  const client = createClient({ baseUrl });
  const iterator = client.runs.stream(runId)[Symbol.asyncIterator]();
  const pending = iterator.next();
  setTimeout(() => void iterator.return?.(), 50);
  expect(await pending).toEqual({ done: true, value: undefined });
  const reason = new Error('enough');
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), 50);
  await expect(collect(client.runs.stream(runId, { signal: stop.signal }))).rejects.toBe(reason);
  await expect.poll(() => streams).toBe(0);
});

test('silence causes a reconnect, and a slow reader does not', async () => {
  const { baseUrl, requests } = await startLocalServer(({ headers }, res) => {
    if (lastSeen(headers) === undefined) open(res, events(1, 2));
    else whole(res, events(3, 3) + event(4, 'run.failed'));
  });
  const silence = holdTimers(300);
  const client = createClient({ baseUrl, silenceMs: 300, ...quick });
  const seqs: number[] = [];
  const reading = (async () => {
    for await (const { seq } of client.runs.stream(runId)) {
      seqs.push(seq);
      // While the reader works, no silence is measured.
      silence.pass();
      expect(silence.running()).toBe(0);
    }
  })();
  await expect.poll(() => [seqs.length, silence.running()]).toEqual([2, 1]);
  silence.pass();
  await reading;
  expect(seqs).toEqual([1, 2, 3, 4]);
  expect(requests).toHaveLength(2);
});

test('fails after nine connections without events, or if the server is unreachable', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => whole(res));
  await expect(collect(createClient({ baseUrl, ...quick }).runs.stream(runId))).rejects.toBeInstanceOf(ConnectionError);
  expect(requests).toHaveLength(9);
  const nobody = createClient({ baseUrl: 'http://127.0.0.1:1', ...quick });
  await expect(collect(nobody.runs.stream(runId))).rejects.toBeInstanceOf(ConnectionError);
});

test('a final event type ends the stream without another request', async () => {
  const { baseUrl, requests } = await startLocalServer((_, res) => open(res, event(1, 'run.cancelled')));
  expect(await collect(createClient({ baseUrl }).runs.events({ params: { run_id: runId } }))).toEqual([1]);
  expect(requests).toHaveLength(1);
});
