import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { asks, completes, says, scriptRun, usesTool } from '../../../client/testing/index.ts';
import { longestBusyFrame, recordFrames } from '../../browser/frames.ts';
import { launchBrowser } from '../../browser/launch.ts';
import { listener } from '../../support/app/listener.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { packClient, schemaPeers } from '../../support/checks/packed.ts';
import { type Answerer, fakeRunStream, proxyRequest } from '../../support/resources/liveRun.ts';

const app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.01', ARKLOOP_STUB_AGENT_DELTA_COUNT: '20' });
const packed = await packClient();
const built = await buildApp(await packed.install(['react', 'react-dom', 'scheduler', '@tanstack/react-query', '@tanstack/query-core']));
const browser = await launchBrowser();
afterAll(() => browser.close());

/** Runs a program to its end and parses its output as JSON. */
async function runIn(project: string, file: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(project, file), ...args]);
  return JSON.parse(stdout);
}

test('a new Node.js project installs the package without a network and uses a server', async () => {
  const { login, password } = await app.signUp();
  const project = await packed.install();
  const said = (await runIn(project, 'node.ts', app.url, login, password)) as {
    types: string[];
    text: string;
    messages: { role: string; content: string }[];
    refusal: string;
  };
  expect(said.types.at(0)).toBe('run.started');
  expect(said.types.at(-1)).toBe('run.completed');
  expect(said.text.length).toBeGreaterThan(0);
  expect(said.messages).toEqual([
    { role: 'assistant', content: said.text },
    { role: 'user', content: 'Hello' },
  ]);
  expect(said.refusal).toBe('not_found');
});

test('a program runs against the mocks', async () => {
  const project = await packed.install(schemaPeers);
  expect(await runIn(project, 'mocked.ts')).toEqual({
    title: 'Plans',
    first: 'run.started',
    last: 'run.completed',
    known: ['/v1/threads', 'POST'],
  });
});

test('the mock server runs from the package and reports missing peer dependencies', async () => {
  const help = (project: string) =>
    promisify(execFile)(join(project, 'node_modules/.bin/arkloop-mock'), ['--help']).catch(
      (error) => error as { code: number; stderr: string },
    );
  expect(await help(await packed.install(schemaPeers))).toMatchObject({ stdout: expect.stringContaining('/__mock/plan'), stderr: '' });
  expect(await help(await packed.install())).toMatchObject({ code: 2, stderr: expect.stringMatching(/^arkloop-mock needs .* msw zod /) });
});

/** Builds the page as users do, but in React's development mode, in which StrictMode mounts every component twice. */
async function buildApp(project: string) {
  await writeFile(join(project, 'index.html'), '<!doctype html><div id="root"></div><script type="module" src="/app.tsx"></script>');
  const outDir = join(project, 'built');
  const define = { 'process.env.NODE_ENV': '"development"' };
  await build({ root: project, configFile: false, logLevel: 'silent', mode: 'development', define, build: { outDir, minify: false } });
  return outDir;
}

/** Serves the page. API requests that are not in `answers` are forwarded to the real server. */
async function openPage(path: string, answers: Record<string, Answerer> = {}): Promise<Page> {
  const server = createServer((req, res) => {
    const url = req.url!.split('?')[0]!;
    const answer = answers[`${req.method} ${url}`];
    if (answer) return answer(req, res);
    if (url.startsWith('/v1/')) return proxyRequest(app.url, req, res);
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    res.writeHead(200, { 'content-type': type }).end(readFileSync(join(built, url === '/' ? 'index.html' : url)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page = await browser.newPage();
  page.on('close', () => {
    server.closeAllConnections();
    server.close();
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return page;
}

const text = (page: Page, id: string) => page.textContent(`#${id}`);
const shows = (page: Page, id: string, what: string | RegExp) => expect.poll(() => text(page, id)).toMatch(what);

test('a page signs in, sends a message, streams the answer and shows the stored message', async () => {
  const { login, password } = await app.signUp();
  const page = await openPage(`/?${new URLSearchParams({ login, password })}`);
  await shows(page, 'run-status', /^idle idle$/);
  await page.click('#login');
  await shows(page, 'threads', '0');
  await page.click('#say');
  await shows(page, 'run-status', /^completed closed$/);
  const answer = await text(page, 'run-text');
  expect(answer).not.toBe('');
  await expect.poll(async () => JSON.parse((await text(page, 'messages'))!)).toEqual(['user: Hello 0', `assistant: ${answer}`]);
  await shows(page, 'thread', '{"active":null}');
  await shows(page, 'threads', '1');
  await page.click('#say');
  await expect.poll(async () => (JSON.parse((await text(page, 'messages'))!) as string[]).length).toBe(4);
  await page.close();
});

const id = '0198c0de-0000-7000-8000-000000000001';

test('components that show the same run share its stream, and no event is lost or repeated when they remount or the connection breaks', async () => {
  const run = fakeRunStream(id);
  const page = await openPage(`/?runs=${id},${id}`, run.answers);
  const events = scriptRun([says('One two three'), usesTool('web_search', { q: 'a' }, {}), says(' four'), completes()]);
  run.add(events.slice(0, 3));
  for (const name of ['run0', 'run1']) {
    await shows(page, `${name}-status`, /^running open$/);
    await shows(page, `${name}-text`, /^One two$/);
  }
  // React mounts twice. The stream of the first mount is closed, and one remains.
  expect(run.connections).toBeLessThanOrEqual(2);
  await expect.poll(() => run.open.size).toBe(1);
  run.cut();
  await shows(page, 'run0-status', /^running open$/);
  run.add(events.slice(0, 5));
  await shows(page, 'run1-parts', 'text: One two three\nweb_search preparing');
  await page.click('#toggle');
  await expect.poll(() => run.open.size).toBe(0);
  run.add(events.slice(0, 6));
  await page.click('#toggle');
  await shows(page, 'run0-parts', 'text: One two three\nweb_search running');
  run.add(events);
  await shows(page, 'run0-status', /^completed closed$/);
  expect(await text(page, 'run0-text')).toBe('One two three four');
  expect(await text(page, 'run1-parts')).toBe('text: One two three\nweb_search done\ntext:  four');
  await page.close();
});

test('a page shows a lost connection and the error of an unknown run, shows a question, replies, and stops', async () => {
  const run = fakeRunStream(id);
  const posted: string[] = [];
  const take: Answerer = listener(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    posted.push(`${req.url} ${Buffer.concat(chunks)}`);
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
  const other = id.replace('1', '2');
  const refuse: Answerer = (_, res) =>
    void res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not_found","message":"There is no such run."}');
  const answers = {
    ...run.answers,
    [`POST ${run.path}/input`]: take,
    [`POST ${run.path}:cancel`]: take,
    [`GET /v1/runs/${other}/events`]: refuse,
  };
  const page = await openPage(`/?runs=${id},${other}`, answers);
  await shows(page, 'run1-error', 'There is no such run.');
  expect(await text(page, 'run1-status')).toBe('running closed');
  const events = scriptRun([asks('Which?', 'The blue one'), completes()]);
  run.add(events.slice(0, 3));
  await shows(page, 'run0-question', /^Which\?$/);
  expect(await text(page, 'run0-status')).toBe('waiting_for_input open');
  await page.click('#run0-reply');
  await expect.poll(() => posted.length).toBe(1);
  await page.click('#run0-stop');
  const request_id = events.flatMap(({ type, data }) => (type === 'run.waiting_for_input' ? [data.request_id] : []))[0];
  const reply = JSON.stringify({ content: 'The blue one', request_id });
  await expect.poll(() => posted).toEqual([`${run.path}/input ${reply}`, `${run.path}:cancel {"last_seen_seq":3}`]);
  run.add(events.slice(0, 5));
  await shows(page, 'run0-question', /^$/);
  // The state shows that the server is unreachable.
  answers[`GET ${run.path}/events`] = (_, res) => res.destroy();
  run.cut();
  await shows(page, 'run0-status', /^running reconnecting$/);
  answers[`GET ${run.path}/events`] = run.answers[`GET ${run.path}/events`]!;
  run.add(events);
  await shows(page, 'run0-status', /^completed closed$/);
  await page.close();
});

test('5 000 deltas cause no frame longer than 50 ms', async () => {
  const events = scriptRun([says('lorem ipsum dolor sit amet '.repeat(1_000)), completes()]);
  expect(events.length).toBeGreaterThan(5_000);
  const run = fakeRunStream(id);
  const page = await openPage(`/?runs=${id}`, run.answers);
  await shows(page, 'run0-status', /open$/);
  const frames = await recordFrames(page.context(), page);
  for (let sent = 0; sent < events.length; sent += 50) {
    run.add(events.slice(0, sent + 50));
    await sleep(5);
  }
  await shows(page, 'run0-status', /^completed closed$/);
  const drawn = await frames();
  expect((await text(page, 'run0-text'))!.length).toBe(27_000);
  expect(longestBusyFrame(drawn)).toTakeLessThan(51);
  expect(drawn.length).toBeGreaterThan(20);
  await page.close();
});
