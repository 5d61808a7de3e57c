import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { onFileFinished } from '../support/app/fileCleanup.ts';
import { axeViolations } from './axe.ts';
import { launchBrowser } from './launch.ts';
import { takeTab } from './pagePool.ts';

let isBuilt = false;

/** Builds the playground if its sources changed, and launches a browser that is closed after the last test of the file. */
export async function openBrowser(): Promise<Browser> {
  if (!isBuilt)
    execFileSync(process.execPath, [fileURLToPath(new URL('../../docs/playground/prepare.js', import.meta.url))], { stdio: 'inherit' });
  isBuilt = true;
  const browser = await launchBrowser();
  onFileFinished(() => browser.close());
  return browser;
}

/** For tests of texts with numbers and times: the page writes these as is usual in the locale of the browser. */
export const english = { locale: 'en-US' };

/** Expected errors: the page tries the refresh cookie before the user signs in. */
const expected = [/401 .*\/v1\/auth\/refresh$/, /^Failed to load resource/];

/**
 * Opens a page without a session. `wrong` collects script errors, error responses, and violations of the content security policy. What the page
 * uses of the API is compared with the manifest of the playground, unless `records` is false: for other pages, for those that other tests record, and where a test measures time.
 * By default the page shows no animations: painting their frames takes a third of the processor time of a dialog. It may be one that an earlier test of the file has left, see `takeTab`.
 */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
  { records = true, isFresh = false }: { records?: boolean; isFresh?: boolean } = {},
) {
  const { context, page, recording, release } = await takeTab(browser, options, { records, isFresh });
  onTestFinished(async ({ task }) => {
    const missing = await recording?.finish();
    await release(task.result?.state === 'pass');
    expect(missing ?? [], 'docs/consumers/playground.json is stale: run npm run record:consumers').toEqual([]);
  });
  page.setDefaultTimeout(60_000);
  const wrong: string[] = [];
  const note = (what: string) => void (expected.some((pattern) => pattern.test(what)) || wrong.push(what));
  page.on('console', (message) => message.type() === 'error' && note(message.text()));
  page.on('pageerror', (error) => note(String(error)));
  page.on('response', (response) => response.status() >= 400 && note(`${response.status()} ${response.url()}`));
  return { context, page, wrong };
}

/** Signs in with the form of the page. */
export async function signIn(page: Page, { login, password }: { login: string; password: string }) {
  await page.getByLabel('Login or email').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
}

/** Sets the refresh cookie of the sign-up, so that the page starts with a session. */
export async function setSessionCookie(context: BrowserContext, url: string, { cookie }: { cookie: string }) {
  const [name = '', value = ''] = cookie.split('=');
  await context.addCookies([{ name, value, domain: new URL(url).hostname, path: '/v1/auth', httpOnly: true, sameSite: 'Lax' }]);
}

/** Chooses an action from the ⋯ menu of a row. */
export async function chooseAction(page: Page, of: string, action: string, within: Page | Locator = page) {
  await within.getByRole('button', { name: `More actions for ${of}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

/** Shows another page of the playground without loading it again. */
export const goTo = (page: Page, path: string) =>
  page.evaluate((address) => {
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);

export async function sendMessage(page: Page, text: string) {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** Returns the accessibility violations of the page, each with its element. */
export async function accessibilityViolations(page: Page, look?: Parameters<typeof axeViolations>[1]): Promise<string[]> {
  const violations = await axeViolations(page, look);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, message }) => `${id}: ${html} ${message}`));
}

/** Whether the page overflows the window horizontally, or on a phone a table that should be cards overflows its frame. */
export const isTooWide = (page: Page) =>
  page.evaluate(() => {
    const frames = innerWidth > 640 ? [] : [...document.querySelectorAll('.table-frame:has(> .table.stacked)')];
    return document.documentElement.scrollWidth > innerWidth || frames.some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  });

/** The controls that are lower than 44 px, too small for a finger. For pages that are opened with `hasTouch`. */
export const smallTargets = (page: Page) =>
  page.evaluate(() => {
    const minHeight = 44;
    const controls = [...document.querySelectorAll('button, a[href], summary, select, textarea, input:not([type="file"])')];
    return (
      controls
        .filter((control) => control.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !control.matches(':disabled'))
        // A link within a sentence is as high as its line.
        .filter((control) => getComputedStyle(control).display !== 'inline')
        .map((control) => ({ control, box: (control.closest('label, .nav-row, .check') ?? control).getBoundingClientRect() }))
        .filter(({ box }) => box.width > 1 && Math.ceil(box.height) < minHeight)
        .map(({ control, box }) => `${Math.round(box.height)} px: ${control.outerHTML.slice(0, 120)}`)
    );
  });

/** The tables in which a cell is not below the heading of its column. On a phone, rows are cards without headings. */
export const misalignedTables = (page: Page) =>
  page.evaluate(() => {
    const lefts = (row: HTMLTableRowElement | undefined) =>
      [...(row?.cells ?? [])].map((cell) => Math.round(cell.getBoundingClientRect().left)).join();
    const tables = innerWidth > 640 ? [...document.querySelectorAll<HTMLTableElement>('.table')] : [];
    return tables
      .filter(({ tHead, tBodies }) => [...(tBodies[0]?.rows ?? [])].some((row) => lefts(row) !== lefts(tHead?.rows[0])))
      .map(({ caption }) => caption?.textContent);
  });
