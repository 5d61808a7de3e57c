import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build, type Rolldown } from 'vite';
import { expect, test, vi } from 'vitest';
import { runtimes } from '../system/runtimes/list.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const id = '0198c0de-0000-7000-8000-000000000000';

test('the table of runtimes in the README lists those that are tested', () => {
  const readme = readFileSync(`${root}client/README.md`, 'utf8');
  const [, table = ''] = /\| Runtime .*\n\|[- |]+\n((?:\|.*\n)+)/.exec(readme) ?? [];
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name, versions]) => `${name}: ${versions}`);
  expect(rows).toEqual(runtimes.map(({ name, versions }) => `${name}: ${versions.join(', ')}`));
  for (const { name, versions, packages, test } of runtimes) {
    if (test) expect(readFileSync(root + test.file, 'utf8'), name).toContain(`test('${test.title}'`);
    else
      expect(
        packages?.map(({ version }) => version),
        name,
      ).toEqual(versions);
  }
});

/** The client as one script, as bundlers for React Native make it. */
async function bundle(): Promise<string> {
  const input = `${root}client/index.ts`;
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: false, modulePreload: false, lib: { entry: input, name: 'sdk', formats: ['iife'], fileName: 'sdk' } },
  });
  return (built as Rolldown.RolldownOutput[])[0]!.output[0].code;
}

/** `AbortController` of React Native: no reasons, no `throwIfAborted`. */
class OldAbortController {
  signal = Object.assign(new EventTarget(), { aborted: false });
  abort() {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    this.signal.dispatchEvent(new Event('abort'));
  }
}
/** `URL` of React Native parses nothing. */
class OldUrl {
  get protocol(): never {
    throw new Error('URL.protocol is not implemented');
  }
  get origin(): never {
    throw new Error('URL.origin is not implemented');
  }
}

const code = await bundle();

type Sdk = typeof import('../../client/index.ts');

/** Evaluates the client with the globals of React Native only: without `crypto` and `TextDecoder`, among others. */
function inReactNative(globals: object): Sdk {
  const context = createContext({
    console,
    setTimeout,
    clearTimeout,
    FormData,
    Headers,
    AbortController: OldAbortController,
    URL: OldUrl,
    ...globals,
  });
  runInContext(`${code};globalThis.sdk = sdk;`, context);
  return (context as { sdk: Sdk }).sdk;
}

/** A response of React Native: without `body` and without `getSetCookie`. */
const oldResponse = (status: number, body: unknown) => ({
  ok: status < 400,
  status,
  headers: { get: (name: string) => (name === 'content-type' ? 'application/json' : null) },
  json: async () => body,
  text: async () => JSON.stringify(body),
});

test('React Native: calls work without the globals that it lacks', async () => {
  const fetch = vi.fn(async (_url: string, _init: { headers: Headers }) => oldResponse(200, { id }));
  const { createClient } = inReactNative({ fetch });
  const client = createClient({ baseUrl: 'http://api.example/base/', apiKey: 'al_key' });
  expect(await client.threads.create({ body: { title: 'x' } })).toEqual({ id });
  await client.threads.search({ query: { q: 'a b&c', limit: 5 } });
  const [created, searched] = fetch.mock.calls;
  expect(created![0]).toBe('http://api.example/base/v1/threads');
  expect(created![1].headers.get('idempotency-key')).toMatch(/^[0-9a-f]{32}$/);
  expect(searched![0]).toBe('http://api.example/base/v1/threads/search?q=a%20b%26c&limit=5');
  expect(() => createClient({ baseUrl: 'ftp://x' })).toThrow('http');
});

test('React Native: timeouts, aborted calls and errors are those of other runtimes', async () => {
  const hang = (_: string, { signal }: { signal: EventTarget }) =>
    new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('Aborted'))));
  const { createClient } = inReactNative({ fetch: hang });
  const client = createClient({ baseUrl: 'http://api.example', timeoutMs: 20, maxRetries: 0 });
  await expect(client.me.get()).rejects.toMatchObject({ name: 'TimeoutError' });
  const leaving = new OldAbortController();
  setTimeout(() => leaving.abort(), 5);
  const signal = leaving.signal as unknown as AbortSignal;
  await expect(client.me.get({}, { signal })).rejects.toMatchObject({ name: 'AbortError' });
  await expect(client.me.get({}, { signal })).rejects.toMatchObject({ name: 'AbortError' });
  const refusing = inReactNative({ fetch: async () => oldResponse(404, { error: 'not_found', message: 'No.', details: {} }) });
  const refused = refusing.createClient({ baseUrl: 'http://api.example' });
  await expect(refused.threads.get({ params: { thread_id: id } })).rejects.toMatchObject({
    name: 'ApiError',
    status: 404,
    code: 'not_found',
  });
});

test('React Native: a stream without response.body is an error that names expo/fetch, and works with it', async () => {
  const { createClient } = inReactNative({ fetch: async () => oldResponse(200, '') });
  const baseUrl = 'http://api.example';
  const failing = createClient({ baseUrl }).runs.stream(id)[Symbol.asyncIterator]();
  await expect(failing.next()).rejects.toThrow(/response\.body.*expo\/fetch/);

  const event = (seq: number, type: string) => `id: ${seq}\ndata: ${JSON.stringify({ seq, type, data: {} })}\n\n`;
  const expoFetch = vi.fn(async () => new Response(event(1, 'run.started') + event(2, 'run.completed')));
  const withExpo = inReactNative({ fetch: async () => oldResponse(200, ''), TextDecoder });
  const types: string[] = [];
  for await (const { type } of withExpo.createClient({ baseUrl, fetch: expoFetch }).runs.stream(id)) types.push(type);
  expect(types).toEqual(['run.started', 'run.completed']);
  const withoutDecoder = createClient({ baseUrl, fetch: expoFetch }).runs.stream(id)[Symbol.asyncIterator]();
  await expect(withoutDecoder.next()).rejects.toThrow('TextDecoder');
});
