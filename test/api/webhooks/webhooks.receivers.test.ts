import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../../server/platform/config/config.ts';
import { dispatcherTimes } from '../../../server/resources/webhooks/sending/dispatcher.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { dispatcherOfTest, endpointWithMessages, receiverOfTest, type WaitingOptions } from '../../support/resources/receiver.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const fastRetries = { ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02', ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '3' };
const app = await startTestApp(fastRetries, { worker: false });

/** The same app with other configuration values. */
const withConfig = (env: Record<string, string>) => ({
  ...app,
  config: readConfig({ ...fastRetries, ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1', ARKLOOP_WORKER_POLL_SECONDS: '0.1', ...env }),
});

const createDelivery = (options?: WaitingOptions) => endpointWithMessages(app, options);

/** A raw TCP server, for responses that no HTTP library would send. */
async function rawReceiver(answer: (socket: Socket) => void) {
  const open = new Set<Socket>();
  let requests = 0;
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    socket.once('data', () => {
      requests++;
      answer(socket);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, open, requests: () => requests };
}

test('two failures and a success are one delivery with three attempts, one ID and growing delays', async () => {
  const { receiver, ended } = await createDelivery({ dispatches: false });
  receiver.answers(500, 503);
  dispatcherOfTest(withConfig({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.6' }));
  expect(await ended()).toMatchObject({ status: 'delivered', attempts: 3, response_status: 200, error: null, next_attempt_at: null });
  const [first, second, third] = receiver.received.map(({ at }) => at);
  // The base is 0.6 s instead of 15 s: waits of 1.2 s and 2.4 s, with 10% jitter.
  expect(second! - first!).toBeGreaterThanOrEqual(0.6 * 1_000 * 2 * 0.9);
  expect(third! - second!).toBeGreaterThanOrEqual(0.6 * 1_000 * 4 * 0.9);
  const values = (name: string) => receiver.received.map(({ headers }) => String(headers[name]));
  expect(new Set(values('webhook-id')).size).toBe(1);
  expect(new Set(values('x-arkloop-delivery')).size).toBe(1);
  const stamps = values('webhook-timestamp').map(Number);
  expect(stamps).toEqual([...new Set(stamps)].sort((a, b) => a - b));
  expect(new Set(values('webhook-signature')).size).toBe(3);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
});

test('a receiver that was down gets all deliveries after it is back', async () => {
  const { receiver, list, until } = await createDelivery({ count: 10, dispatches: false });
  const port = Number(new URL(receiver.url).port);
  await receiver.close();
  dispatcherOfTest(withConfig({ ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '100', ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.0001' }));
  await until(({ attempts, error }) => attempts >= 2 && error === 'connection_failed');
  const up = await receiverOfTest(port);
  await eventually(async () => (await list()).every(({ status }) => status === 'delivered'), 'all deliveries');
  expect(new Set(up.received.map(({ headers }) => headers['webhook-id'])).size).toBe(10);
});

test('a redirect counts as a failure and is not followed', async () => {
  const inside = await receiverOfTest();
  const { receiver, ended } = await createDelivery();
  receiver.always((res) => void res.writeHead(302, { location: inside.url }).end('elsewhere'));
  expect(await ended()).toMatchObject({
    status: 'failed',
    attempts: 3,
    error: 'redirect',
    response_status: 302,
    response_body: 'elsewhere',
  });
  expect([receiver.received.length, inside.received.length]).toEqual([3, 0]);
});

test('every 2xx status is a success, any other one is not', async () => {
  dispatcherOfTest(app);
  const become = (statuses: number[], expected: object) =>
    Promise.all(
      statuses.map(async (status) => {
        const { receiver, ended } = await createDelivery({ dispatches: false });
        receiver.always(status);
        expect(await ended()).toMatchObject({ response_status: status, ...expected });
      }),
    );
  await become([200, 201, 202, 204, 299], { status: 'delivered', attempts: 1, error: null });
  await become([300, 304], { status: 'failed', attempts: 3, error: 'redirect' });
  await become([400, 401, 404, 500, 599], { status: 'failed', attempts: 3, error: 'http_status' });
});

test('an endless response is cut after 4,096 bytes', async () => {
  const closed: Promise<number>[] = [];
  const { receiver, ended } = await createDelivery();
  receiver.always((res) => {
    let sent = 0;
    const write = () => {
      while (res.writable && res.write('x'.repeat(65_536))) sent += 65_536;
    };
    closed.push(new Promise((done) => res.on('close', () => done(sent))));
    res.on('drain', write).writeHead(200);
    write();
  });
  const began = Date.now();
  expect(await ended()).toMatchObject({ status: 'delivered', attempts: 1, response_body: 'x'.repeat(4_096) });
  expect(Date.now() - began).toTakeLessThan(5_000);
  // The connection is closed instead of being read to its end.
  expect(await closed[0]).toBeLessThan(64 * 1_024 * 1_024);
});

test('a response body is stored as UTF-8 text of at most 4,096 bytes', async () => {
  const { receiver, ended } = await createDelivery();
  const parts = [Buffer.from([0xff, 0xfe, 0x00, 0xc3]), Buffer.from('é<b>😀'), Buffer.alloc(4_082, 'y'), Buffer.from('😀')];
  receiver.always((res) => void res.writeHead(200).end(Buffer.concat(parts)));
  const { response_body: body } = await ended();
  // Only one byte of the last character is within the limit.
  expect(body === `é<b>😀${'y'.repeat(4_082)}`).toBe(true);
});

const dateHeader = 'date: Thu, 01 Jan 2026 00:00:00 GMT';
test.each<[name: string, answer: (socket: Socket) => void, expected: object]>([
  ['resets the connection', (socket) => socket.resetAndDestroy(), { status: 'failed', error: 'connection_failed', response_status: null }],
  ['closes it without a word', (socket) => socket.end(), { status: 'failed', error: 'connection_failed', response_body: null }],
  [
    'speaks something else',
    (socket) => socket.end('220 mail.example.com ESMTP\r\n'),
    { status: 'failed', error: 'connection_failed', response_body: null },
  ],
  [
    'promises more than it sends',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nshort'),
    { status: 'delivered', response_body: 'short' },
  ],
  [
    'sends more than it promises',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\n${dateHeader}\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n`),
    { status: 'delivered', response_body: 'ok' },
  ],
  [
    'has headers without end',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_048_576)}\r\n\r\n`),
    { status: 'failed', error: 'connection_failed' },
  ],
  [
    'says it is packed and is not',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain'),
    { status: 'delivered', response_body: '' },
  ],
])('a receiver that %s does not affect the worker', async (_, answer, expected) => {
  const { url } = await rawReceiver(answer);
  const { ended } = await createDelivery({ url });
  expect(await ended()).toMatchObject(expected);
});

test('a silent receiver times out, after ten seconds by default, and a slow body after a 2xx status is a success', async () => {
  const silent = await createDelivery({ dispatches: false });
  silent.receiver.always(() => {});
  const slow = await createDelivery({ dispatches: false });
  let sent = 0;
  slow.receiver.always((res) => {
    res.writeHead(200);
    const drip = setInterval(() => {
      res.write('.');
      sent++;
    }, 50);
    res.on('close', () => clearInterval(drip));
  });
  expect(dispatcherTimes.requestMs).toBe(10_000);
  dispatcherOfTest(app, { times: { ...dispatcherTimes, requestMs: 2_500 } });
  const began = Date.now();
  const [timedOut, taken] = await Promise.all([silent.until(({ attempts }) => attempts === 1), slow.ended()]);
  expect(Date.now() - began).toBeGreaterThanOrEqual(2_400);
  expect(timedOut).toMatchObject({ error: 'timeout', response_status: null, response_body: null });
  expect(taken).toMatchObject({
    status: 'delivered',
    attempts: 1,
    response_status: 200,
    response_body: expect.stringMatching(/^\.+$/),
  });
  // All that was sent until the timeout, except what was on its way.
  expect(taken.response_body.length).toBeLessThanOrEqual(sent);
  expect(taken.response_body.length).toBeGreaterThan(sent / 2);
  silent.receiver.always(200);
  await silent.ended();
});

test('Retry-After is respected on 429 and 503 only, up to one hour', async () => {
  const began = Date.now();
  const inHalfAnHour = new Date(began + 1_800_000).toUTCString();
  const cases: [status: number, header: string, least: number, most: number][] = [
    [429, '120', 118, 121],
    [503, '120', 118, 121],
    [503, inHalfAnHour, 1_799, 1_801],
    [429, '86400', 3_590, 3_601],
    [429, '9'.repeat(400), 3_590, 3_601],
    [500, '120', 0, 1],
    [429, '-5', 0, 1],
    [503, 'soon', 0, 1],
    [503, 'Thu, 01 Jan 1970 00:00:00 GMT', 0, 1],
  ];
  await Promise.all(
    cases.map(async ([status, header, least, most]) => {
      const { receiver, until } = await createDelivery();
      receiver.always((res) => void res.writeHead(status, { 'retry-after': header }).end());
      const { last_attempt_at: last, next_attempt_at: next } = await until(({ attempts, status }) => attempts >= 1 && status === 'pending');
      const wait = (Date.parse(next) - Date.parse(last)) / 1_000;
      const passed = header === inHalfAnHour ? (Date.now() - began) / 1_000 : 0;
      expect([status, header, wait >= least - passed && wait <= most, wait]).toEqual([status, header, true, wait]);
    }),
  );
});
