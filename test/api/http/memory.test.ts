import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { failureOf, useScriptedProvider } from '../../agent/models/support.ts';
import { startSite, useWebTools } from '../../agent/tools/webSupport.ts';
import { chat, gemini, messages, responses, type ResponseStep } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
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
