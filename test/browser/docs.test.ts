import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../client/conformance/operations.ts';
import { createClient } from '../../client/index.ts';
import { referenceSamples } from '../guides/referenceSamples.ts';
import { machinePath, missingPrograms } from '../support/app/programs.ts';
import { type Person, startTestApp, type TestApp } from '../support/app/testApp.ts';
import { launchBrowser } from './launch.ts';
import { openPage, setSessionCookie } from './playground.ts';

let browser: Browser;
let app: TestApp;

const publicUrl = 'https://arkloop.example.test';

beforeAll(async () => {
  [browser, app] = await Promise.all([launchBrowser(), startTestApp({ ARKLOOP_APP_BASE_URL: publicUrl })]);
});
afterAll(() => browser?.close());

const openDocs = async (path: string) => {
  const visitor = await openPage(browser, { viewport: { width: 1280, height: 900 } }, { records: false });
  await visitor.page.goto(app.url + path);
  return visitor;
};

test('the reference shows an operation and loads resources only from this server', async () => {
  const { page, wrong } = await openPage(browser, {}, { records: false });
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(request.url()));
  await page.goto(`${app.url}/docs`);
  await page.getByRole('heading', { name: 'Arkloop API' }).waitFor();
  expect(await page.getByRole('navigation', { name: 'Site' }).getByRole('link').allTextContents()).toEqual([
    'Guides',
    'Reference',
    'Playground',
  ]);
  // The address of an area in older versions of the reference.
  await page.goto(`${app.url}/docs#tag/runs`);
  await page.getByRole('main').getByRole('link', { name: 'Start a run', exact: true }).click();
  const operation = page.getByRole('region', { name: 'Start a run', exact: true });
  await operation.getByText('data.runs.write').first().waitFor();
  expect(await operation.getByRole('listitem').first().textContent()).toContain('thread_id string (uuid) path required');
  // One choice of a language is the choice for all operations, also on the next page.
  await operation.getByRole('radio', { name: 'Python' }).check();
  await operation.getByText('httpx.post').waitFor();
  await page.locator('a[rel=next]').click();
  await page.waitForURL('**/docs/reference/auth');
  expect(await page.getByRole('region', { name: 'Sign in with a password' }).getByRole('radio', { name: 'Python' }).isChecked()).toBe(true);
  await page.screenshot({ path: join(tmpdir(), 'arkloop-docs.png') });

  expect(asked.filter((url) => !url.startsWith(app.url) && !url.startsWith('blob:'))).toEqual([]);
  expect(wrong).toEqual([]);
});

test('without scripts the pages have all operations, samples and guides', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${app.url}/docs`);
  expect(await page.textContent('body')).toContain('POST /v1/threads/{thread_id}/runs');
  await page.goto(`${app.url}/docs/reference/runs`);
  await page.getByRole('button', { name: 'Menu' }).click();
  const menu = page.getByRole('navigation', { name: 'Reference' });
  await menu.getByRole('link', { name: 'API keys' }).click();
  const operation = page.getByRole('region', { name: 'Create an API key' });
  await operation.getByRole('radio', { name: 'curl' }).check();
  await operation.getByRole('group', { name: 'Sample: curl' }).waitFor();
  expect(await operation.getByText('Try it').isVisible()).toBe(false);
  await context.close();
});

/** What somebody types, and the title of the first result. */
const searches: readonly [query: string, title: string][] = [
  ['stream run', 'Stream the events of a run'],
  ['streaming events', 'Stream the events of a run'],
  ['create api key', 'Create an API key'],
  ['POST /v1/threads', 'Create a thread'],
  ['runs.cancel', 'Cancel a run'],
  ['login', 'Sign in with a password'],
  ['upload file', 'Upload a file for a message'],
  ['thread_busy', 'Start a run'],
  ['pagination', 'Pagination'],
  ['backup', 'Backup'],
  ['react hooks', 'Hooks'],
  ['strem run', 'Stream the events of a run'],
];

test('the search finds operations and sections of guides, by keyboard', async () => {
  const { page, wrong } = await openDocs('/docs/guides/webhooks');
  const loaded: string[] = [];
  page.on('request', (request) => void loaded.push(new URL(request.url()).pathname));
  await page.keyboard.press('/');
  const field = page.getByRole('combobox', { name: 'Search guides and reference' });
  await page.getByText('Type what you look for').waitFor();
  expect(loaded.sort()).toEqual(['/docs/assets/minisearch.js', '/docs/assets/search.js', '/docs/search.json']);
  const results = page.getByRole('option');
  for (const [query, title] of searches) {
    await field.fill(query);
    await results.first().waitFor();
    await expect.poll(() => results.first().locator('strong').textContent(), { message: query }).toBe(title);
  }
  await field.fill('nothing has this wxyz word');
  await page.getByText('Nothing was found').or(results.first()).waitFor();
  await field.fill('wxyzq');
  await page.getByText('Nothing was found for “wxyzq”.').waitFor();

  await field.fill('losing connection');
  await results.first().waitFor();
  expect(await results.first().locator('mark').allTextContents()).toContain('connection');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const selected = page.getByRole('option', { selected: true });
  expect(await selected.getAttribute('id')).toBe(await field.getAttribute('aria-activedescendant'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/docs/guides/streaming#losing-the-connection');
  await page.keyboard.press('Control+K');
  await field.waitFor();
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'hidden' });
  expect(wrong).toEqual([]);
});

/** Opens the form of an operation. */
async function openForm(page: Page, name: string) {
  const operation = page.getByRole('region', { name, exact: true });
  await operation.getByText('Try it').click();
  return operation;
}

test('requests are sent with the session of the playground, and a deletion asks first', async () => {
  const person: Person = await app.signUp();
  const { context, page, wrong } = await openDocs('/docs/reference/threads');
  const create = await openForm(page, 'Create a thread');
  await create.getByRole('button', { name: 'Send request' }).click();
  await create.getByText('You are not signed in').waitFor();
  await setSessionCookie(context, app.url, person);
  await create.getByLabel('Body').fill('{ "title": ');
  await create.getByRole('button', { name: 'Send request' }).click();
  await create.getByText('The body is not JSON:').waitFor();
  await create.getByLabel('Body').fill('{ "title": "From the reference" }');
  await create.getByRole('button', { name: 'Send request' }).click();
  await create.getByRole('status').getByText('201 Created').waitFor();
  const client = createClient({ baseUrl: app.url, apiKey: person.token });
  const [thread] = await client.threads.list();
  expect(thread).toMatchObject({ title: 'From the reference' });

  const remove = await openForm(page, 'Delete a thread and stop its run');
  await remove.getByLabel('thread_id').fill(thread!.id);
  await remove.getByRole('button', { name: 'Send request' }).click();
  await remove.getByRole('button', { name: 'Confirm: delete' }).waitFor();
  expect(await client.threads.list()).toHaveLength(1);
  await remove.getByRole('button', { name: 'Confirm: delete' }).click();
  await remove.getByRole('status').getByText('204 No Content').waitFor();
  expect(await client.threads.list()).toHaveLength(0);
  // The session is still good for the playground.
  expect(await page.evaluate(async () => (await fetch('/v1/auth/refresh', { method: 'POST' })).status)).toBe(200);
  expect(wrong).toEqual([]);
});

test('a key that is entered is used, and a stream is shown as it arrives', async () => {
  const person = await app.signUp();
  const client = createClient({ baseUrl: app.url, apiKey: person.token });
  const { key } = await client.apiKeys.create({ body: { name: 'reference' } });
  const { id: thread_id } = await client.threads.create({ body: {} });
  await client.messages.create({ params: { thread_id }, body: { content: 'Hello' } });
  const { run_id } = await client.runs.create({ params: { thread_id } });
  const { page, wrong } = await openDocs('/docs/reference/runs#runsEvents');
  const form = await openForm(page, 'Stream the events of a run');
  await form.getByLabel('Credential').fill(key);
  await form.getByLabel('run_id').fill(run_id);
  await form.getByRole('button', { name: 'Send request' }).click();
  await form.getByLabel('Response', { exact: true }).getByText('event: run.completed').waitFor();
  expect(wrong).toEqual([]);
});

test('the samples in curl work against this server', async ({ skip }) => {
  const missing = missingPrograms('bash', 'curl');
  skip(missing !== undefined, missing);
  const { token } = await app.signUp();
  const env = { PATH: machinePath(), ARKLOOP_API_KEY: token };
  const samples = new Map(referenceSamples().map(({ id, sh }) => [id, sh.replaceAll('http://localhost:19000', app.url)]));
  const run = async (id: string) =>
    JSON.parse((await promisify(execFile)('bash', ['-c', `${samples.get(id)!.replace('curl', 'curl -sS')}`], { env })).stdout) as unknown;
  const created = await run('threadsCreate');
  expect(created).toMatchObject({ title: expect.any(String) });
  expect(await run('threadsList')).toEqual([created]);
  expect(await run('threadsGet')).toMatchObject({ error: 'not_found' });
});

test('the code of a sample is copied', async () => {
  const { context, page } = await openDocs('/docs/reference/runs');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const operation = page.getByRole('region', { name: 'Start a run' });
  await operation.getByRole('button', { name: 'Copy code' }).first().click();
  await operation.getByText('Copied').first().waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`baseUrl: '${publicUrl}'`);
});

test('the files are served with their security, caching and encoding headers', async () => {
  const docs = await fetch(`${app.url}/docs`);
  expect(docs.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(docs.headers.get('content-security-policy')).not.toContain('unsafe');
  const description = await fetch(`${app.url}/openapi.json`, { headers: { 'accept-encoding': 'gzip, deflate, br' } });
  expect(description.headers.get('content-type')).toMatch(/^application\/json/);
  expect(description.headers.get('content-encoding')).toBe('br');
  expect(Number(description.headers.get('content-length'))).toBeLessThan(365 * operations.length);
  const text = await description.text();
  const zipped = await fetch(`${app.url}/openapi.json`, { headers: { 'accept-encoding': 'gzip' } });
  expect([zipped.headers.get('content-encoding'), await zipped.text()]).toEqual(['gzip', text]);
  expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0', info: { title: 'Arkloop API' } });
  const unpacked = await fetch(`${app.url}/openapi.json`, { headers: { 'accept-encoding': 'identity' } });
  expect([unpacked.headers.get('content-encoding'), await unpacked.text()]).toEqual([null, text]);
  const [path] = /\/docs\/assets\/site\.js\?v=[\w-]+/.exec(await docs.text())!;
  const script = await fetch(app.url + path, { method: 'HEAD' });
  expect(script.headers.get('cache-control')).toContain('immutable');
  const plain = await fetch(app.url + path, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toContain('addCopyButtons');
  for (const name of ['nothing.js', '..%2fsite.css', '%2e%2e%2fdocs.ts'])
    expect((await fetch(`${app.url}/docs/assets/${name}`)).status, name).toBe(404);
});
