import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docsRouter } from '../../server/http/site/docs.ts';
import { axeViolations } from './axe.ts';
import { launchBrowser } from './launch.ts';

let browser: Browser;
let origin: string;
let stop: () => void;

beforeAll(async () => {
  const server = express()
    .use(docsRouter(async () => origin))
    .listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => server.close();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  stop?.();
});

const phone = 390;

async function open<Result>({ width = 1440 }: { width?: number }, visit: (page: Page) => Promise<Result>): Promise<Result> {
  const context = await browser.newContext({ viewport: { width, height: 844 } });
  try {
    return await visit(await context.newPage());
  } finally {
    await context.close();
  }
}

const pages = ['/docs/guides', '/docs/guides/quickstart', '/docs/guides/operations', '/docs/guides/nothing', '/docs/reference/health'];

/** Opens all disclosures of the text. */
const openDetails = (page: Page) =>
  page.evaluate(() => document.querySelectorAll('main details').forEach((details) => details.setAttribute('open', '')));

/** In a part of the page: the analysis of a whole page of the reference takes seconds. */
const violationsIn = (page: Page, part = 'html') => axeViolations(page, { part });

describe.each([
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: phone },
] as const)('$colorScheme, $width pixels wide', ({ colorScheme, width }) => {
  // One for all pages: a new context starts a process and compiles the scripts anew.
  let page: Page;
  beforeAll(async () => {
    page = await browser.newPage({ colorScheme, viewport: { width, height: 844 } });
  });
  afterAll(() => page.close());

  test.each(pages)('%s is accessible', async (path) => {
    await page.goto(origin + path);
    await openDetails(page);
    expect(await violationsIn(page)).toEqual([]);
  });

  test('the forms and menus of the reference, and the search, are accessible', async () => {
    await page.goto(`${origin}/docs/reference/messages`);
    await page.getByText('Try it').first().waitFor();
    await openDetails(page);
    expect(await violationsIn(page, '.operation:first-of-type .samples-column')).toEqual([]);
    if (width === phone) {
      await page.getByRole('button', { name: 'Menu' }).click();
      expect(await violationsIn(page, '.menu')).toEqual([]);
      await page.getByRole('navigation', { name: 'Reference' }).getByRole('link', { name: 'Add a message' }).click();
      await page.getByRole('navigation', { name: 'Reference' }).waitFor({ state: 'hidden' });
    }
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('combobox', { name: 'Search guides and reference' }).fill('message');
    await page.getByRole('listbox', { name: 'Results' }).getByRole('option').first().waitFor();
    expect(await violationsIn(page, 'dialog')).toEqual([]);
  });
});

test('no page is wider than a phone', async () => {
  await open({ width: phone }, async (page) => {
    for (const path of [
      ...pages,
      '/docs/guides/errors',
      '/docs/guides/configuration',
      '/docs/reference/runs',
      '/docs/reference/feature-flags',
    ]) {
      await page.goto(origin + path);
      await openDetails(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(phone);
    }
  });
});

test('links lead from the reference to a guide, to a section, and to the next guide', async () => {
  await open({}, async (page) => {
    const wrong: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && wrong.push(message.text())));
    page.on('response', (response) => void (response.status() >= 400 && wrong.push(response.url())));
    await page.goto(`${origin}/docs`);
    await page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Guides' }).click();
    await page.getByRole('main').getByRole('link', { name: 'Streaming' }).click();
    await page.getByRole('navigation', { name: 'On this page' }).getByRole('link', { name: 'Losing the connection' }).click();
    expect(page.url()).toBe(`${origin}/docs/guides/streaming#losing-the-connection`);
    const heading = page.getByRole('heading', { name: 'Losing the connection' });
    const header = await page.locator('header.site').boundingBox();
    // The sticky header does not cover the heading.
    expect((await heading.boundingBox())!.y).toBeGreaterThanOrEqual(header!.height);
    await page.locator('a[rel=next]').click();
    await page.waitForURL('**/docs/guides/tools-and-mcp');
    const back = page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Reference' });
    expect(await back.getAttribute('href')).toBe('/docs');
    expect(wrong).toEqual([]);
  });
});

test('the keyboard can skip the navigation', async () => {
  await open({}, async (page) => {
    await page.goto(`${origin}/docs/guides/pagination`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the text');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
  });
});
