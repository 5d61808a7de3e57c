import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import type * as sdk from '../../client/index.ts';
import { launchBrowser } from '../browser/launch.ts';
import { type RequestHandler, sendError, sendJson, startLocalServer, tokenResponse } from './localServer.ts';

const root = new URL('../../', import.meta.url);

/** Serves the TypeScript sources of the client with their types stripped. */
const serveModule: RequestHandler = async ({ url }, res) => {
  const source = await readFile(new URL(`.${url}`, root), 'utf8');
  res.writeHead(200, { 'content-type': 'text/javascript' }).end(stripTypeScriptTypes(source));
};

const html = `<!doctype html><title>client</title>
<script type="module">
import * as sdk from '/client/index.ts';
globalThis.sdk = sdk;
</script>`;

const cookie = (value: string) => ({ 'set-cookie': `arkloop_refresh_token=${value}; Path=/v1/auth; HttpOnly; SameSite=Lax; Max-Age=60` });
const event = (seq: number, type: string) => `id: ${seq}\ndata: ${JSON.stringify({ seq, type, data: {} })}\n\n`;

const answer: RequestHandler = (seen, res, count) => {
  const { url, headers } = seen;
  if (url === '/') return void res.writeHead(200, { 'content-type': 'text/html' }).end(html);
  if (/^\/(client|contract)\//.test(url)) return serveModule(seen, res, count);
  if (url === '/v1/auth/login') return sendJson(res, 200, tokenResponse('t1'), cookie('c1'));
  if (url === '/v1/auth/refresh') {
    if (headers.cookie !== 'arkloop_refresh_token=c1') return sendError(res, 401, 'auth.unauthorized', 'missing_token');
    return sendJson(res, 200, tokenResponse('t2'), cookie('c2'));
  }
  if (headers.authorization !== 'Bearer t2') return sendError(res, 401, 'auth.unauthorized', 'token_expired');
  if (!url.endsWith('/events')) return sendJson(res, 200, { cookie: headers.cookie ?? null });
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  if (headers['last-event-id'] === undefined) res.end(event(1, 'run.started'));
  else res.end(event(2, 'message.delta') + event(3, 'run.completed'));
};

/** Runs the same page in a new browser. `script` runs before those of the page. */
async function visit(script = '') {
  const { baseUrl } = await startLocalServer(answer);
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.addInitScript(script);
  await page.goto(baseUrl);
  return page.evaluate(async (address) => {
    const { createClient } = (globalThis as unknown as { sdk: typeof sdk }).sdk;
    const client = createClient({ baseUrl: address, retryDelayMs: 1 });
    await client.auth.login({ body: { login: 'ada', password: 'secret123' } });
    const answers = await Promise.all([client.me.get(), client.me.get()]);
    const seqs: number[] = [];
    for await (const { seq } of client.runs.stream('x')) seqs.push(seq);
    const iterable = Symbol.asyncIterator in ReadableStream.prototype;
    return { answers, seqs, token: client.session.accessToken, readable: document.cookie, iterable };
  }, baseUrl);
}

const seen = { answers: [{ cookie: null }, { cookie: null }], seqs: [1, 2, 3], token: 't2', readable: '' };

test('a browser signs in, refreshes by its HttpOnly cookie, and follows a stream over two connections', async () => {
  expect(await visit()).toEqual({ ...seen, iterable: true });
});

test('a browser whose streams are not async iterable follows a stream', async () => {
  expect(await visit('delete ReadableStream.prototype[Symbol.asyncIterator];')).toEqual({ ...seen, iterable: false });
});
