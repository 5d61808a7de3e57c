import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import type { ApiError } from '../../../client/index.ts';
import { launchBrowser } from '../../browser/launch.ts';
import { startLocalServer } from '../localServer.ts';
import type * as bundled from './mocksPage.ts';

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
/** Bundles the client, the mocks and MSW into one module for a page. */
async function bundle(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    root: at(''),
    build: { write: false, minify: false, lib: { entry: at('test/client/mocks/mocksPage.ts'), formats: ['es'] } },
  });
  const [chunk] = (output as unknown as [{ output: [{ code: string }] }])[0].output;
  return chunk.code;
}

test('a service worker serves sign-in, the cookie, an interrupted stream, a question, a file and a reload to a page', async () => {
  const [code, worker] = await Promise.all([bundle(), readFile(at('node_modules/msw/lib/mockServiceWorker.js'), 'utf8')]);
  const files: Record<string, [type: string, text: string]> = {
    '/': [
      'text/html',
      `<!doctype html><title>mocks</title><script type="module">globalThis.bundled = await import('/bundle.js');</script>`,
    ],
    '/bundle.js': ['text/javascript', code],
    '/mockServiceWorker.js': ['text/javascript', worker],
  };
  const { baseUrl, requests } = await startLocalServer(({ url }, res) => {
    const [type, text] = files[url] ?? ['text/plain', 'nothing here'];
    res.writeHead(files[url] ? 200 : 404, { 'content-type': type }).end(text);
  });
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(baseUrl);
  await page.waitForFunction(() => 'bundled' in globalThis);
  const seen = await page.evaluate(async (address) => {
    const { sdk, mocking, setupWorker } = (globalThis as unknown as { bundled: typeof bundled }).bundled;
    const mocks = mocking.createMocks({ baseUrl: address, stepMs: 1, persist: localStorage });
    await setupWorker(...mocks.handlers).start({ quiet: true });
    const client = sdk.createClient({ baseUrl: address, retryDelayMs: 1 });
    await client.auth.register({ body: { login: 'ada', password: 'Passw0rd-1', email: 'ada@example.test' } });
    // Another client has only the cookie.
    const again = sdk.createClient({ baseUrl: address });
    await again.auth.refresh();
    const { login } = await again.me.get();

    const thread = await client.threads.create({ body: { title: 'Talk' } });
    const start = async (content: string) => {
      await client.messages.create({ params: { thread_id: thread.id }, body: { content } });
      return (await client.runs.create({ params: { thread_id: thread.id } })).run_id;
    };
    const follow = async (runId: string) => {
      let text = '';
      for await (const event of client.runs.stream(runId)) {
        if (event.type === 'message.delta') text += event.data.content;
        if (event.type === 'run.waiting_for_input') await client.runs.input({ params: { run_id: runId }, body: { content: 'blue' } });
      }
      return text;
    };
    mocks.faults.cutStream(4);
    const texts = [await follow(await start('Hello')), await follow(await start('/ask Which colour?'))];
    const { key } = await client.attachments.stage({ body: { file: new File(['text'], 'a.txt', { type: 'text/plain' }) } });
    const file = await (await client.attachments.get({ params: { key } })).text();
    const refusal = await client.threads.get({ params: { thread_id: 'x' } }).catch((error: ApiError) => error.status);
    const roles = (await client.messages.list({ params: { thread_id: thread.id } })).map(({ role }) => role);
    return { login, texts, file, refusal, roles };
  }, baseUrl);
  expect(seen).toEqual({
    login: 'ada',
    texts: ['You said: Hello', 'You said: blue'],
    file: 'text',
    refusal: 400,
    roles: ['user', 'assistant', 'user', 'assistant'],
  });
  await page.reload();
  await page.waitForFunction(() => 'bundled' in globalThis);
  const kept = await page.evaluate(async (address) => {
    const { sdk, mocking, setupWorker } = (globalThis as unknown as { bundled: typeof bundled }).bundled;
    const mocks = mocking.createMocks({ baseUrl: address, stepMs: 1, persist: localStorage });
    await setupWorker(...mocks.handlers).start({ quiet: true });
    const client = sdk.createClient({ baseUrl: address });
    await client.auth.refresh();
    const [thread] = await client.threads.list();
    const messages = await client.messages.list({ params: { thread_id: thread!.id } });
    return { login: (await client.me.get()).login, title: thread!.title, messages: messages.length };
  }, baseUrl);
  expect(kept).toEqual({ login: 'ada', title: 'Talk', messages: 4 });
  expect(requests.filter(({ url }) => url.startsWith('/v1/'))).toEqual([]);
});
