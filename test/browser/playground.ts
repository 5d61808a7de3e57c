import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, onTestFinished } from 'vitest';
import { launchBrowser } from './launch.ts';

/** Builds the playground if its sources changed since it was built, and opens a browser for it, which is closed after the file's last test. */
export async function openBrowser(): Promise<Browser> {
  execFileSync(process.execPath, [new URL('../../docs/playground/prepare.js', import.meta.url).pathname], { stdio: 'inherit' });
  const browser = await launchBrowser();
  afterAll(() => browser.close());
  return browser;
}

/** Refusals that belong to a test: the cookie is tried before anybody has signed in. */
const expected = [/401 .*\/v1\/auth\/refresh$/, /^Failed to load resource/];

/** A page of a new visitor, and what went wrong in it so far: scripts, refusals, whatever the policy of the page forbids. */
export async function openPage(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const wrong: string[] = [];
  const note = (what: string) => void (expected.some((pattern) => pattern.test(what)) || wrong.push(what));
  page.on('console', (message) => message.type() === 'error' && note(message.text()));
  page.on('pageerror', (error) => note(String(error)));
  page.on('response', (response) => response.status() >= 400 && note(`${response.status()} ${response.url()}`));
  return { context, page, wrong };
}

/** Signs in by the page itself. */
export async function signIn(page: Page, { login, password }: { login: string; password: string }) {
  await page.getByLabel('Login or email').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
}

/** A session without its page: the cookie that signing up brought. */
export async function bringSession(context: BrowserContext, url: string, { cookie }: { cookie: string }) {
  const [name = '', value = ''] = cookie.split('=');
  await context.addCookies([{ name, value, domain: new URL(url).hostname, path: '/v1/auth', httpOnly: true, sameSite: 'Lax' }]);
}

/** Writes and sends. */
export async function say(page: Page, text: string) {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** What a person would be kept from (WCAG 2.2 AA), each with where it is. */
export async function barriers(page: Page): Promise<string[]> {
  // A colour on its way to another is no colour of ours.
  await page.waitForTimeout(200);
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
}

/** Whether anything is wider than the window. */
export const isTooWide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

/** A port that was free a moment ago, for a server that comes back to it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
