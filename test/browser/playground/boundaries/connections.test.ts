import type { BrowserContext, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openScriptedThread, textStored } from '../../../support/agent/agent.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { openThread, startRun } from '../../../support/resources/conversation.ts';
import { openBrowser, openPage, setSessionCookie } from '../../playground.ts';

const browser = await openBrowser();
const app = await startTestApp({
  ARKLOOP_WORKER_CONCURRENCY: '8',
  ARKLOOP_WORKER_MIN_CONCURRENCY: '8',
  ARKLOOP_WORKER_MAX_CONCURRENCY: '8',
});

const answerIn = (page: Page) => page.getByRole('article', { name: 'Answer' });

/** An answer that pauses until `finish` is called. */
function pausedAnswer(before: string, after: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { response: { steps: [chat.text(before), { wait: promise }, chat.text(after), chat.stop(), chat.done] }, finish: resolve };
}

// The requests of these pages are recorded by other tests.
const unrecorded = { records: false };

test('after minutes without a network, an answer continues by itself', async () => {
  const { response, finish } = pausedAnswer('The tide ', 'rises.');
  const talk = await openScriptedThread(app, { person: await app.signUp(), script: [response], message: 'And now?' });
  const { page, context } = await openPage(browser, {}, unrecorded);
  await setSessionCookie(context, app.url, talk);
  await page.clock.install();
  await talk.start();
  await page.goto(`${app.url}/chat/${talk.threadId}`);
  await answerIn(page).getByText('The tide').waitFor();
  await context.setOffline(true);
  for (let seconds = 0; seconds < 300; seconds += 10) {
    await page.clock.runFor(10_000);
    // A request that fails does so in real time.
    await page.evaluate(() => fetch('/healthz').catch(() => undefined));
  }
  await page.getByText('Connection lost. Reconnecting…').waitFor();
  finish();
  await textStored(app, talk, 'rises.');
  expect(await answerIn(page).getByText('rises.').count()).toBe(0);
  await context.setOffline(false);
  await answerIn(page).getByText('The tide rises.').waitFor();
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
});

/** Headless pages are always shown. */
const see = (page: Page, visibilityState: 'hidden' | 'visible') =>
  page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visibilityState);

test('eight pages with running answers do not block Stop, and hidden ones catch up when they are seen', async () => {
  const person = await openScriptedThread(app, { person: await app.signUp() });
  const { context, page: first } = await openPage(browser, {}, unrecorded);
  await setSessionCookie(context, app.url, person);
  const open = async (page: Page, at: number) => {
    const { response, finish } = pausedAnswer(`Begin ${at} `, `end ${at}`);
    person.vendor.respondWith(response);
    const threadId = await openThread(app, person, 'Go');
    await startRun(app, person, threadId);
    await page.goto(`${app.url}/chat/${threadId}`);
    await answerIn(page).getByText(`Begin ${at}`).waitFor();
    return { page, finish };
  };
  const pages = [await open(first, 0)];
  for (let at = 1; at < 8; at++) {
    await see(pages.at(-1)!.page, 'hidden');
    pages.push(await open(await newPage(context), at));
  }
  const last = pages.pop()!;
  await last.page.getByRole('button', { name: 'Stop' }).click();
  await answerIn(last.page).getByText('You stopped this answer.').waitFor();
  const hidden = pages[0]!;
  hidden.finish();
  await textStored(app, person, 'end 0');
  expect(await answerIn(hidden.page).getByText('end 0').count()).toBe(0);
  await see(hidden.page, 'visible');
  await answerIn(hidden.page).getByText('Begin 0 end 0').waitFor();
  for (const { finish } of pages) finish();
});

async function newPage(context: BrowserContext) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}
