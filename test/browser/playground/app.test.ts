import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import type { Browser, Page, Request, Response } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { playgroundRouter } from '../../../server/http/site/playground.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { eventually } from '../../support/resources/conversation.ts';
import { chooseAction, goTo, openBrowser, openPage, sendMessage, setSessionCookie, signIn } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp();
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(app.url + path, { headers: { accept: '*/*', ...headers } });
const navigation = { accept: 'text/html,application/xhtml+xml' };
const scriptsOf = (html: string) => [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path!);

test('the page is revalidated at each visit, its files are immutable, and the page may run no other scripts', async () => {
  const page = await get('/');
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
  expect(policy).not.toContain('unsafe');
  expect(page.headers.get('x-dns-prefetch-control')).toBe('off');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);

  // Documents of a model are shown in a frame without an origin, which may load nothing.
  const frame = (await get('/frame')).headers.get('content-security-policy');
  expect(frame).toMatch(
    /^sandbox allow-scripts; default-src 'none'; .*frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types default$/,
  );
  expect(frame).not.toMatch(/https?:|\*|allow-same-origin|unsafe-eval/);

  const [script] = scriptsOf(html);
  const packed = await get(script!, { 'accept-encoding': 'gzip' });
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect((await get(script!, { 'accept-encoding': 'gzip, br' })).headers.get('content-encoding')).toBe('br');
  expect(packed.headers.get('vary')).toContain('Accept-Encoding');
  expect(packed.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  const plain = await get(script!, { 'accept-encoding': 'identity' });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await plain.text()).toBe(await packed.text());
  const head = await fetch(app.url + script!, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('a browser navigation gets the page; other clients, missing files and API paths do not', async () => {
  for (const path of ['/chat/1', '/settings/profile', '/setup', '/sign-up?next=x']) {
    const answer = await get(path, navigation);
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, 'text/html; charset=utf-8']);
    expect((await get(path)).status).toBe(404);
  }
  for (const path of ['/v1', '/v1/nothing', '/docs/nothing', '/assets/nothing.js', '/favicon.ico', '/assets/..%2f..%2fpackage.json'])
    expect([path, (await get(path, navigation)).status]).toEqual([path, 404]);
  const posted = await fetch(`${app.url}/`, { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(await (await get('/healthz', navigation)).json()).toEqual({ status: 'ok' });
});

test('without a build, a plain page links to the reference', async () => {
  const server = express().use(playgroundRouter('/nowhere')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await fetch(url);
  expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  expect(await page.text()).toContain('<a href="/docs">');
  expect((await fetch(`${url}/settings`, { headers: navigation })).status).toBe(404);
});

test('the setup link creates the administrator once', async () => {
  const { page, wrong } = await openPage(browser);
  const { token } = (await app.call('POST', '/v1/bootstrap/init')).body;
  await page.goto(`${app.url}/setup#${token}`);
  await page.getByLabel('Login').fill('chief');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByLabel('Password').and(page.locator('[aria-invalid=true]:focus')).waitFor();
  await page.getByText('Details', { exact: true }).click();
  await page.getByText(/password_policy · trace [0-9a-f]{32}/).waitFor();
  await page.getByLabel('Password').fill('Passw0rd-1');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  expect(await app.sql('select is_platform_admin from users where username = $1', ['chief'])).toEqual([{ is_platform_admin: true }]);
  // The only error is the short password.
  expect(wrong).toEqual([`400 ${app.url}/v1/bootstrap/setup`]);

  const later = await openPage(browser);
  await later.page.goto(`${app.url}/setup#${token}`);
  await later.page.getByText('This token is invalid or expired.').waitFor();
});

test('a user signs up, is still signed in after a reload, and signs out', async () => {
  const { page, context, wrong } = await openPage(browser);
  await page.goto(`${app.url}/settings/appearance`);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Login').fill('newcomer');
  await page.getByLabel('Email').fill('newcomer@example.test');
  await page.getByLabel('Password').fill('Passw0rd-1');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  // Scripts can read neither the access token nor the refresh token.
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).not.toMatch(
    /eyJ|refresh/,
  );
  const cookies = await context.cookies(`${app.url}/v1/auth/refresh`);
  expect(cookies).toMatchObject([{ name: 'arkloop_refresh_token', httpOnly: true, path: '/v1/auth' }]);
  await sendMessage(page, 'Hello!');
  await page.getByText('stub delta 1').waitFor();
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  await page.reload();
  await page.getByText('stub delta 1').waitFor();
  // A list that is requested while the user signs out gets 401.
  await page.getByRole('navigation', { name: 'Threads' }).getByRole('link').first().waitFor();
  await page.getByRole('button', { name: /newcomer/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(wrong).toEqual([]);

  await page.getByLabel('Login or email').fill('newcomer');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Show what is typed' }).click();
  expect(await page.getByLabel('Password').getAttribute('type')).toBe('text');
  await page.getByRole('button', { name: 'Hide what is typed' }).click();
  expect(await page.getByLabel('Password').getAttribute('type')).toBe('password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('The login or the password is wrong.').waitFor();
  await page.getByText('Details', { exact: true }).click();
  await page.getByText(/invalid_credentials · trace [0-9a-f]{32}/).waitFor();
});

/** Reads the code from the mail that a development server writes to a file. */
const mailedCode = () =>
  eventually(async () => {
    const folder = join(app.config.dataDir, 'mail');
    const name = (await readdir(folder).catch(() => [])).find((file) => file.includes('-otp-'));
    return name !== undefined && /^\d{8}$/m.exec(await readFile(join(folder, name), 'utf8'))?.[0];
  }, 'a mail with a code');

test('a user who forgot their password signs in with a mailed code, and an invalid verification link shows an error', async () => {
  const person = await app.signUp();
  await app.sql('update users set email_verified_at = now(), email_proven_at = now() where id = $1', [person.id]);
  const { page, wrong } = await openPage(browser);
  await page.goto(`${app.url}/settings/profile`);
  await page.getByRole('button', { name: /Forgot your password/ }).click();
  await page.getByLabel('Email').fill(person.email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel(/Eight-digit code/).fill(await mailedCode());
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Profile', exact: true }).waitFor();
  await page.getByText(person.email).waitFor();
  await page.goto(`${app.url}/verify?token=nothing`);
  await page.getByRole('button', { name: 'Verify', exact: true }).click();
  await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
  expect(wrong).toEqual([`400 ${app.url}/v1/auth/email/verify/confirm`]);
});

test('threads are listed page by page, searched, renamed and deleted', async () => {
  const person = await app.signUp();
  for (let at = 0; at < 45; at++) await app.call('POST', '/v1/threads', { token: person.token, body: { title: `Chat ${at}.` } });
  const { page, context, wrong } = await openPage(browser);
  await setSessionCookie(context, app.url, person);
  await page.goto(app.url);
  const threads = page.getByRole('navigation', { name: 'Threads' });
  await threads.getByRole('link', { name: 'Chat 44.' }).waitFor();
  const first = await threads.getByRole('link').count();
  expect(first).toBeLessThan(45);
  await threads.hover();
  await page.mouse.wheel(0, 10_000);
  await threads.getByRole('link', { name: 'Chat 0.' }).waitFor();

  await page.keyboard.press('Control+Shift+f');
  const nextPage = page.waitForRequest((request) => /\/v1\/threads\/search\?.*limit=/.test(request.url()));
  await page.keyboard.type('Chat');
  await page.mouse.wheel(0, 10_000);
  await nextPage;
  await page.keyboard.type(' 17.');
  await threads.getByRole('link', { name: 'Chat 17.' }).waitFor();
  await expect.poll(() => threads.getByRole('link').count()).toBe(1);
  await threads.getByRole('link', { name: 'Chat 17.' }).hover();
  await chooseAction(page, 'Chat 17.', 'Rename');
  await page.getByLabel('Title of the chat').fill('The answer');
  await page.keyboard.press('Enter');
  await threads.getByText('Nothing found').waitFor();
  await page.getByRole('searchbox').press('Escape');
  await threads.getByRole('link', { name: 'The answer' }).click();
  await page.getByRole('heading', { name: 'The answer' }).waitFor();
  await page.getByRole('heading', { name: 'No messages yet' }).waitFor();

  await page.getByRole('main').getByRole('button', { name: 'More actions for The answer' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Star' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('End');
  await page.getByRole('menuitem', { name: 'Delete' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  expect(await app.sql('select 1 from threads where title = $1 and deleted_at is null', ['The answer'])).toEqual([]);

  for (const path of ['/nowhere', '/settings/nowhere']) {
    await goTo(page, path);
    await page.getByRole('heading', { name: 'Page not found' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
    await page
      .getByRole('main')
      .getByRole('link', { name: /^(New chat|Open the first page)$/ })
      .click();
    await page.getByRole('heading', { name: 'Page not found' }).waitFor({ state: 'hidden' });
  }
  await goTo(page, '/sign-in');
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  expect(wrong).toEqual([]);
});

/** First contentful paint in milliseconds after the start of the navigation. */
const firstPaint = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list, observer) => {
          const paint = list.getEntriesByName('first-contentful-paint')[0];
          if (!paint) return;
          observer.disconnect();
          resolve(paint.startTime);
        }).observe({ type: 'paint', buffered: true });
      }),
  );

test('the first load transfers less than 200 kB of script and paints within a second', async () => {
  const person = await app.signUp();
  const { page } = await openPage(browser, {}, { records: false, isFresh: true });
  const scripts: Request[] = [];
  const note = (response: Response) => void (response.url().endsWith('.js') && scripts.push(response.request()));
  page.on('response', note);
  await page.goto(app.url);
  await signIn(page, person);
  page.off('response', note);
  const sizes = await Promise.all(scripts.map((script) => script.sizes()));
  const bytes = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  const paints = [await firstPaint(page)];
  for (let again = 0; again < 2; again++) {
    await page.reload();
    paints.push(await firstPaint(page));
  }
  process.stdout.write(
    `playground: ${Math.round(bytes / 1_000)} kB of script, first contentful paint after ${paints.map(Math.round).join(', ')} ms\n`,
  );
  expect(scripts.length).toBeGreaterThan(1);
  expect(bytes).toBeLessThan(200_000);
  expect(Math.min(...paints)).toTakeLessThan(1_000);
});

test('leaving a page during a session refresh does not lose the session', async () => {
  const person = await app.signUp();
  const { page, context } = await openPage(browser);
  await setSessionCookie(context, app.url, person);
  for (let visit = 0; visit < 5; visit++) {
    await Promise.all([page.waitForRequest(/\/v1\/auth\/refresh$/), page.goto(app.url, { waitUntil: 'commit' })]);
  }
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
});

test('a public share tells other sites its title and first words; one with a password tells nothing', async () => {
  const { token } = await app.signUp();
  const post = async (path: string, body: object) => (await app.call('POST', path, { token, body })).body;
  const htmlOf = async (path: string) => (await fetch(app.url + path, { headers: navigation })).text();
  const { id } = await post('/v1/threads', { title: 'Tides & "moon"' });
  await post(`/v1/threads/${id}/messages`, { content: `When is\nhigh water? ${'x'.repeat(300)}` });
  const page = await htmlOf(`/s/${(await post(`/v1/threads/${id}:share`, {})).token}`);
  expect(page).toContain('<meta property="og:title" content="Tides &amp; &quot;moon&quot;" />');
  expect(page).toMatch(/<meta property="og:description" content="When is high water\? x{100,}…" \/>\n/);
  const plain = await htmlOf('/');
  const locked = await post(`/v1/threads/${id}:share`, { access_type: 'password', password: 'harbour' });
  for (const path of [`/s/${locked.token}`, `/s/${'0'.repeat(22)}`, '/s/short']) expect(await htmlOf(path), path).toBe(plain);
});
