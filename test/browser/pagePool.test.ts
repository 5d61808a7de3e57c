import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { launchBrowser } from './launch.ts';
import { openPage } from './playground.ts';

const server = createServer(
  (_, response) => void response.setHeader('content-type', 'text/html').end('<!doctype html><p style="height: 300px">Here'),
);
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const browser = await launchBrowser();
afterAll(async () => {
  await browser.close();
  server.close();
});

const open = async () => {
  const visitor = await openPage(browser, {}, { records: false });
  await visitor.page.goto(origin);
  return visitor;
};

/** What a document finds of those before it. */
const traces = (page: Page) =>
  page.evaluate(async () => ({
    cookie: document.cookie,
    stored: { ...localStorage, ...sessionStorage },
    databases: (await indexedDB.databases()).length,
    caches: await caches.keys(),
    name: window.name,
    visits: history.length,
    size: [innerWidth, innerHeight],
    isDark: matchMedia('(prefers-color-scheme: dark)').matches,
    isStill: matchMedia('(prefers-reduced-motion: reduce)').matches,
    isHovered: document.querySelector('p:hover') !== null,
    added: 'added' in globalThis,
  }));

let first: Awaited<ReturnType<typeof traces>>;
let used: Page;

test('a test leaves traces in a page', async () => {
  const { page, context } = await open();
  first = await traces(page);
  await context.addCookies([{ name: 'a', value: 'b', url: origin }]);
  await page.evaluate(async () => {
    localStorage.setItem('local', 'a');
    sessionStorage.setItem('session', 'a');
    await new Promise((resolve) => (indexedDB.open('base').onsuccess = resolve));
    await caches.open('kept');
    window.name = 'named';
    history.pushState(null, '', '/elsewhere');
  });
  await page.setViewportSize({ width: 400, height: 300 });
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'no-preference' });
  await page.reload();
  await page.mouse.move(50, 50);
  const left = await traces(page);
  for (const [name, value] of Object.entries(left))
    if (name !== 'added') expect(value, name).not.toEqual(first[name as keyof typeof first]);
  used = page;
});

test('the next test gets the same page without them', async () => {
  const { page } = await open();
  expect(page).toBe(used);
  expect(await traces(page)).toEqual(first);
  await page.addInitScript('globalThis.added = true');
});

test('a page with an added script is not used again', async () => {
  const { page } = await open();
  expect(page).not.toBe(used);
  expect(await traces(page)).toEqual(first);
});
