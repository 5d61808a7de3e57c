import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat, type ResponseStep } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { longestBusyFrame, recordFrames, watchShifts } from '../frames.ts';
import { openBrowser, openPage, sendMessage, setSessionCookie } from '../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

/** Markdown with every kind of block that an answer may contain. */
const chapter = (at: number) => `## Chapter ${at}

The tide of chapter ${at} rises **twice** a day, and falls as often; see [the tables](https://example.test/${at}) for *when*.

1. At dawn, by about ${at} metres
2. At dusk, by a little less
   - less again in winter
   - and more in spring

\`\`\`ts
const height = (hour: number) => ${at} * Math.sin(hour / 12);
console.log(height(6));
\`\`\`

| Port | High water |
| --- | ---: |
| Brest | ${at}:12 |

`;

const pieces = 5_000;
const text = Array.from({ length: 60 }, (_, at) => chapter(at)).join('');
const until = (at: number) => Math.floor((at * text.length) / pieces);
const steps: ResponseStep[] = Array.from({ length: pieces }, (_, at) => chat.text(text.slice(until(at), until(at + 1)))).flatMap(
  (piece, at) => (at % 25 === 24 ? [piece, { wait: 10 }] : [piece]),
);

test(`${pieces} deltas of an answer cause no frame over 50 ms and no layout shift`, async () => {
  const talk = await openScriptedThread(app, { person: await app.signUp(), script: [{ steps: [...steps, chat.stop(), chat.done] }] });
  const { page, context, wrong } = await openPage(browser, { reducedMotion: 'no-preference' }, { records: false });
  await setSessionCookie(context, app.url, talk);
  await page.goto(`${app.url}/chat/${talk.threadId}`);
  await page.getByRole('article', { name: 'Your message' }).waitFor();
  const shifts = await watchShifts(page);
  const frames = await recordFrames(context, page);
  await sendMessage(page, 'Tell me everything');
  await page.getByRole('heading', { name: 'Chapter 59' }).waitFor();
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  const drawn = await frames();
  const moved = await shifts();

  const inThread = 'select count(*)::int as deltas from run_events e join runs r on r.id = e.run_id where e.type = $1 and r.thread_id = $2';
  const [{ deltas }] = await app.sql(inThread, ['message.delta', talk.threadId]);
  const longest = (of: 'lasted' | 'worked') => Math.max(...drawn.map((frame) => frame[of])).toFixed(0);
  process.stdout.write(
    `playground: ${deltas} deltas in ${drawn.length} frames; the longest took ${longest('lasted')} ms, the most work ${longest('worked')} ms; shift ${moved.toFixed(3)}\n`,
  );
  expect(deltas).toBe(pieces);
  expect(drawn.length).toBeGreaterThan(20);
  expect(longestBusyFrame(drawn)).toTakeLessThan(51);
  expect(moved).toBeLessThan(0.1);
  expect(await page.locator('.answer pre').count()).toBe(60);
  expect(wrong).toEqual([]);
});

test('the end of an answer stays in view until the user scrolls up, and again once they return to the end', async () => {
  const lines = Array.from({ length: 80 }, (_, at) => `Line ${at}.\n\n`);
  const read = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const gated = [...lines.slice(0, 40).map(chat.text), { wait: read[0].promise }, ...lines.slice(40, 60).map(chat.text)];
  const rest = [{ wait: read[1].promise }, ...lines.slice(60).map(chat.text), chat.stop(), chat.done];
  const talk = await openScriptedThread(app, { person: await app.signUp(), script: [{ steps: [...gated, ...rest] }] });
  const { page, context } = await openPage(browser, { reducedMotion: 'no-preference' }, { records: false });
  await setSessionCookie(context, app.url, talk);
  await page.goto(`${app.url}/chat/${talk.threadId}`);
  await sendMessage(page, 'Go');
  const line = (at: number) => page.getByText(`Line ${at}.`, { exact: true });
  await line(39).waitFor();
  await expect.poll(() => isInView(page, 'Line 39.')).toBe(true);
  await page.getByRole('article', { name: 'Answer' }).hover();
  await page.mouse.wheel(0, -300);
  await expect.poll(() => isInView(page, 'Line 39.')).toBe(false);
  const before = await line(30).boundingBox();
  read[0].resolve();
  await line(59).waitFor();
  expect((await line(30).boundingBox())!.y).toBe(before!.y);
  await page.getByRole('button', { name: 'Jump to latest' }).click();
  read[1].resolve();
  await line(79).waitFor();
  await expect.poll(() => isInView(page, 'Line 79.')).toBe(true);
  expect(await page.getByRole('button', { name: 'Jump to latest' }).count()).toBe(0);
});

const isInView = (page: Page, text: string) =>
  page.evaluate((wanted) => {
    const found = [...document.querySelectorAll('.markdown p')].find(({ textContent }) => textContent === wanted);
    const foot = document.querySelector('.foot')!.getBoundingClientRect();
    return found !== undefined && found.getBoundingClientRect().bottom <= foot.top + 1 && found.getBoundingClientRect().bottom > 0;
  }, text);
