import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { callTo, startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway, trustedProxyEnv } from '../../support/gateway/testGateway.ts';
import { startGatewayTo, startUpstream } from '../../support/gateway/upstream.ts';
import { request } from '../../support/http/raw.ts';
import { eventually, openThread } from '../../support/resources/conversation.ts';

const unlimited = { ARKLOOP_RATELIMIT_CAPACITY: '1000000', ...trustedProxyEnv };
const app = await startTestApp(behindGatewayEnv, { worker: false });
const { gateway } = await startTestGateway(app, unlimited);
const few = { ARKLOOP_MAX_UNFINISHED_REQUESTS: '60' };
const small = await startTestApp({ ...behindGatewayEnv, ...few, ARKLOOP_API_MAX_IN_FLIGHT: '10' }, { worker: false });
const inFront = await startTestGateway(small, { ...unlimited, ...few });
const ann = await app.signUp();
const bob = await small.signUp();

/** A request on a separate socket, sent slowly. */
type Sender = { socket: Socket; answer(): string };
const senders: Sender[] = [];
afterEach(() => {
  for (const { socket } of senders.splice(0)) socket.destroy();
});
async function begin(url: string, message: string): Promise<Sender> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const sender = { socket, answer: () => text };
  senders.push(sender);
  await once(socket, 'connect');
  socket.write(message);
  return sender;
}
const beginMany = (url: string, count: number, messageOf: (n: number) => string) =>
  Promise.all(Array.from({ length: count }, (_, n) => begin(url, messageOf(n))));
function statusesOf(list: readonly Sender[]) {
  const counts: Record<string, number> = {};
  for (const { answer, socket } of list) {
    const status = /^HTTP\/1\.1 (?!100)(\d+)/m.exec(answer())?.[1] ?? (socket.closed ? 'closed' : 'none');
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

const json = { 'content-type': 'application/json' };
const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` });
const incompleteRequests: [name: string, message: (token: string, headers?: Record<string, string>) => string][] = [
  ['sign-in', (_, headers) => request('POST /v1/auth/login', { ...json, ...headers, 'content-length': 1_000 }, '{"login":"x')],
  ['chunked', (_, headers) => request('POST /v1/auth/login', { ...json, ...headers, 'transfer-encoding': 'chunked' }, '5\r\n{"log\r\n')],
  [
    'after 100 Continue',
    (_, headers) => request('POST /v1/auth/login', { ...json, ...headers, 'content-length': 1_000, expect: '100-continue' }),
  ],
  [
    'authenticated',
    (token, headers) =>
      request('POST /v1/threads', { ...json, ...headers, authorization: `Bearer ${token}`, 'content-length': 1_000 }, '{"title":"'),
  ],
  [
    'multipart form',
    (token, headers) =>
      request(
        'POST /v1/attachments/stage',
        { ...headers, authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=x', 'content-length': 9_000 },
        '--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc',
      ),
  ],
];

test.each(incompleteRequests)(
  '300 incomplete request bodies (%s) do not block other clients at the gateway or the API',
  async (_, messageOf) => {
    for (const url of [gateway.address, app.url]) {
      const held = await beginMany(url, 300, () => messageOf(ann.token));
      // One address may have 64 unfinished requests. The others are rejected and their connections closed.
      await eventually(async () => (statusesOf(held).none ?? 0) <= 64, 'the refusal of what is too much');
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) => {
          const headers = from(n);
          return n % 2
            ? callTo(url)('GET', '/v1/me', { token: ann.token, headers })
            : callTo(url)('POST', '/v1/threads', { token: ann.token, headers, body: { title: 'Served' } });
        }),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n % 2 ? 200 : 201)));
      const [status, reason] = url === app.url ? [503, 'overloaded'] : [429, 'unfinished_requests'];
      expect(statusesOf(held)).toEqual({ none: 64, [status]: 236 });
      const refused = held.find(({ answer }) => answer().includes(`${status} `))!;
      expect(refused.answer()).toContain(`"reason":"${reason}"`);
      expect(refused.answer()).toMatch(/retry-after: \d/i);
      expect(refused.answer()).toMatch(/x-trace-id: [0-9a-f]{32}/i);
      await eventually(async () => refused.socket.closed || refused.socket.readableEnded, 'the end of the connection');
      // The same address is still served, because the slowest unfinished request is evicted.
      expect((await callTo(url)('POST', '/v1/threads', { token: ann.token, body: {} })).status).toBe(201);
      for (const { socket } of held) socket.destroy();
    }
  },
);

test('incomplete request bodies do not count as requests in progress', async () => {
  const [login] = incompleteRequests[0]!.slice(1) as [(token: string, headers?: Record<string, string>) => string];
  const [, user] = incompleteRequests[3]!;
  await beginMany(small.url, 30, (n) => (n % 2 ? login : user)(bob.token, from(n)));
  await sleep(300);
  for (let n = 0; n < 20; n++) expect((await small.call('GET', '/v1/me', { token: bob.token })).status).toBe(200);
});

test.each([
  ['the gateway', () => inFront.gateway.address],
  ['the API', () => small.url],
])('at %s the slowest requests of many addresses are evicted, and requests that make progress complete', async (_, urlOf) => {
  const url = urlOf();
  const body = JSON.stringify({ title: 'Slow' });
  const head = (n: number, length: number) =>
    request('POST /v1/threads', {
      ...json,
      ...from(n),
      authorization: `Bearer ${bob.token}`,
      'content-length': length,
      connection: 'close',
    });
  const stalled = await beginMany(url, 55, (n) => incompleteRequests[0]![1](bob.token, from(n)));
  await sleep(300);
  // Slow but steady: 200 KB in two seconds.
  const padded = `${body.slice(0, -1)}${' '.repeat(200_000)}}`;
  const uploads = await beginMany(url, 5, (n) => head(100 + n, padded.length));
  const sending = Promise.all(
    uploads.map(async ({ socket }) => {
      for (let at = 0; at < padded.length; at += 10_000) {
        socket.write(padded.slice(at, at + 10_000));
        await sleep(100);
      }
    }),
  );
  await sleep(200);
  const later = await beginMany(url, 150, (n) => incompleteRequests[0]![1](bob.token, from(110 + (n % 100))));
  await sleep(300);
  expect((await callTo(url)('POST', '/v1/threads', { token: bob.token, headers: from(250), body: {} })).status).toBe(201);
  await sending;
  await eventually(async () => statusesOf(uploads)[201] === 5, 'the end of the uploads');
  await expect.poll(() => statusesOf(stalled)).toEqual({ 503: 55 });
  expect(stalled[0]!.answer()).toContain('"reason":"overloaded"');
  expect(statusesOf(later).none).toBeGreaterThanOrEqual(50);
});

test('clients that do not read their responses do not count as requests in progress', async () => {
  const threadId = await openThread(small, bob);
  await small.sql(
    `insert into messages (account_id, thread_id, number, id, created_by_user_id, role, content)
     select account_id, thread_id, number + n, gen_random_uuid(), created_by_user_id, role, repeat('x', 100000)
     from messages, generate_series(1000, 1060) n where thread_id = $1 and number = 1`,
    [threadId],
  );
  await small.sql('update threads set last_message_number = 2000 where id = $1', [threadId]);
  const silent = await beginMany(small.url, 15, () =>
    request(`GET /v1/threads/${threadId}/messages?limit=100`, { authorization: `Bearer ${bob.token}` }),
  );
  for (const { socket } of silent) socket.pause();
  await sleep(1_000);
  await eventually(async () => (await small.call('GET', '/v1/me', { token: bob.token })).status === 200, 'an answer');
});

test('the gateway forwards an upload as it arrives, and 100 Continue before its body', async () => {
  const seen: string[] = [];
  const { url } = await startUpstream((req, res) => {
    req.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    req.on('end', () => res.end('whole'));
  });
  const { address } = await startGatewayTo(url);
  const { socket, answer } = await begin(address, request('POST /v1/x', { 'transfer-encoding': 'chunked', expect: '100-continue' }));
  await once(socket, 'data');
  expect(answer()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  for (const part of ['one', 'two', 'three']) {
    const arrived = seen.length;
    socket.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    for (let n = 0; seen.length === arrived && n < 100; n++) await sleep(10);
    expect(seen.at(-1)).toBe(part);
  }
  socket.write('0\r\n\r\n');
  await once(socket, 'data');
  expect(answer()).toMatch(/HTTP\/1\.1 200/);
});
