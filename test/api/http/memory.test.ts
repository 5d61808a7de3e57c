import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf, useScriptedProvider } from '../../agent/models/support.ts';
import { startSite, useWebTools } from '../../agent/tools/webSupport.ts';
import { addModel, addProvider } from '../../support/agent/providers.ts';
import { chat, gemini, messages, responses, type ResponseStep } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { hello } from '../../support/credits/chatCompletions.ts';
import { setBalance } from '../../support/credits/credits.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { endpointWithMessages } from '../../support/resources/receiver.ts';

const mebibyte = 2 ** 20;

/** How far the memory of this process grows, in MiB. What others allocate meanwhile would count too, so the file has a process of its own. */
async function growthOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  await work();
  return (process.memoryUsage.rss() - before) / mebibyte;
}

const app = await startTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.02', ARKLOOP_WEBHOOK_MAX_ATTEMPTS: '3' }, { worker: false });
const { token } = await app.signUp();
const { vendor, openAi, anthropic, gemini: geminiModel } = useScriptedProvider();
const slow = { idleTimeoutMs: 10_000 };

test('a compressed body is rejected before decompression', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * mebibyte, ' '));
  const send = (raw: Buffer | string, encoding: string) =>
    app.call('POST', '/v1/threads', { token, raw, headers: { 'content-encoding': encoding } });
  const growth = await growthOf(async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'x-gzip', 'gzip, gzip', 'nonsense'])
      expect(statusAndReason(await send(bomb, encoding))).toEqual([422, 'invalid_encoding']);
  });
  expect(growth).toBeLessThan(40);
  expect((await send('{}', 'identity')).status).toBe(201);
});

test('a compressed response of 64 MiB to a webhook is not decompressed completely', async () => {
  const packed = gzipSync(Buffer.alloc(64 * mebibyte, 'z'));
  const { receiver, ended } = await endpointWithMessages(app);
  receiver.always((res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
  const growth = await growthOf(async () => expect(await ended()).toMatchObject({ status: 'delivered', response_body: 'z'.repeat(4_096) }));
  expect(growth).toBeLessThan(48);
});

test('of a fetched page at most 5 MiB are decompressed', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * mebibyte, 'a'));
  const site = await startSite({
    '/bomb': (res) => res.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(bomb),
  });
  const { call } = useWebTools(app);
  const growth = await growthOf(async () =>
    expect(await call('web_fetch', { url: `${site.origin}/bomb`, max_length: 10 })).toMatchObject({
      content: 'a'.repeat(10),
      truncated: true,
    }),
  );
  expect(growth).toBeLessThan(100);
});

test.each([
  { name: 'chat completions', open: () => openAi('chat_completions', slow), half: chat.text('half') },
  { name: 'responses', open: () => openAi('responses', slow), half: responses.created + responses.text('half') },
  {
    name: 'messages',
    open: () => anthropic(slow),
    half: messages.start + messages.block(0, { type: 'text', text: '' }) + messages.delta(0, { type: 'text_delta', text: 'half' }),
  },
  { name: 'generate content', open: () => geminiModel(slow), half: gemini.text('half') },
])('$name: a line of 50 MB from a model does not exhaust memory', async ({ open, half }) => {
  const megabyte = 'x'.repeat(mebibyte);
  vendor().respondWith({ steps: [half, 'data: ', ...Array.from({ length: 50 }, (): ResponseStep => megabyte)] });
  expect(await growthOf(() => failureOf(open()))).toBeLessThan(250);
});

/** A provider that never ends its answer: it sends the same piece again as fast as it is read, after `first`. */
async function endlessProvider(piece: string, first = '') {
  const server = createServer((req, res) => {
    req.resume();
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    pipeline(Readable.from(endless(piece, first)), res, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function* endless(piece: string, first: string) {
  const bytes = Buffer.from(piece);
  yield Buffer.from(first);
  for (;;) yield bytes;
}

test.each([
  ['text', chat.text('é'.repeat(8_000))],
  ['arguments of one call', chat.call(0, { id: 'a', name: 'f', arguments: 'x'.repeat(8_000) })],
  ['a line', 'x'.repeat(16_000), 'data: '],
])('six endless chat completions at once do not exhaust memory: %s', async (_what, piece, first = '') => {
  const user = await app.signUp();
  const provider = await addProvider(app, user, { base_url: await endlessProvider(piece, first), openai_api_mode: 'chat_completions' });
  await addModel(app, user, provider);
  // No limit of credits ends the calls.
  await setBalance(app, user, 1e9);
  const complete = () => app.call('POST', '/v1/chat/completions', { token: user.token, body: hello });
  // What is loaded and compiled by the first call is not counted.
  await complete();
  let most = 0;
  const before = process.memoryUsage.rss();
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  }, 20);
  const answers = await Promise.all(Array.from({ length: 6 }, complete));
  clearInterval(timer);
  expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual(Array.from({ length: 6 }, () => [400, 'answer_too_long']));
  // Together with the provider, which is in this process too. Without a limit, they take more until the process ends.
  expect(most / mebibyte).toBeLessThan(150);
});
