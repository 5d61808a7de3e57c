import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openTalk } from '../setup/agent.ts';
import { asks, question } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';
import { barriers, bringSession, isTooWide, openBrowser, openPage, say } from './playground.ts';

const browser = await openBrowser();
const world = await startWorld();

const phone = { viewport: { width: 390, height: 844 } };
const wide = { viewport: { width: 1280, height: 860 } };

const looks = [
  { ...wide, colorScheme: 'light' },
  { ...wide, colorScheme: 'dark' },
  { ...phone, colorScheme: 'dark' },
] as const;

/** A simple page is looked at in one theme on a desk and in the other on a phone. */
const extremes = [looks[0], looks[2]];

/** Looks at a page; what is found is named by where. */
async function lookAt(page: Page, name: string, seen: readonly (typeof looks)[number][] = looks): Promise<string[]> {
  const found: string[] = [];
  for (const { viewport, colorScheme } of seen) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const problems = [...(await barriers(page)), ...((await isTooWide(page)) ? ['wider than the window'] : [])];
    found.push(...problems.map((problem) => `${name}, ${viewport.width}, ${colorScheme}: ${problem}`));
  }
  return found;
}

test('the pages before the sign-in can be used by everybody', async () => {
  const { page } = await openPage(browser);
  const found: string[] = [];
  for (const [path, heading] of [
    ['/', 'Sign in'],
    ['/sign-up', 'Create an account'],
    ['/setup', 'Set up Arkloop'],
  ] as const) {
    await page.goto(world.url + path);
    await page.getByRole('heading', { name: heading }).waitFor();
    found.push(...(await lookAt(page, heading, extremes)));
  }
  expect(found).toEqual([]);
}, 60_000);

const everything = `A **word** about [tides](https://example.test) and \`code\`.

1. One
2. Two

> Quoted

| Port | High water |
| --- | ---: |
| Brest | 04:12 |

\`\`\`ts
const aVeryLongLineOfCodeThatIsWiderThanAPhone = 'so it has to scroll by itself and not the page around it';
\`\`\`
`;

test('a conversation can be used by everybody: with thoughts, tools, a question, its events', async () => {
  const thought = chat.delta({ reasoning_content: 'Let me see.' });
  const asked = asks(['ask_user', question()]);
  const script = [
    { steps: [thought, ...chat.answer(everything).steps!] },
    { steps: [thought, ...asks(['todo_write', { todos: [] }]).steps!] },
    asked,
  ];
  const talk = await openTalk(world, { person: await world.signUp(), script });
  const { page, context } = await openPage(browser);
  await bringSession(context, world.url, talk);
  await page.goto(world.url);
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  const found = await lookAt(page, 'beginning', extremes);
  await page.goto(`${world.url}/chat/${talk.threadId}`);
  await say(page, 'Tell me');
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  found.push(...(await lookAt(page, 'answer')));
  await say(page, 'Ask me');
  await page.getByRole('region', { name: 'A question of the agent' }).waitFor();
  await page.getByText('todo_write').click();
  found.push(...(await lookAt(page, 'question', extremes)));
  await page.getByRole('button', { name: 'Show the events of the last run' }).click();
  await page.getByRole('dialog').getByText('run.started').click();
  found.push(...(await lookAt(page, 'events', extremes)));
  await page.keyboard.press('Escape');
  for (const path of ['profile', 'appearance']) {
    await page.goto(`${world.url}/settings/${path}`);
    await page
      .getByRole('heading', { level: 2, name: new RegExp(path, 'i') })
      .first()
      .waitFor();
    found.push(...(await lookAt(page, path, extremes)));
  }
  expect(found).toEqual([]);
}, 90_000);

test('everything on a phone is reached through the drawer, which the keyboard closes', async () => {
  const person = await world.signUp();
  const { page, context } = await openPage(browser, phone);
  await bringSession(context, world.url, person);
  await page.goto(world.url);
  const drawer = page.getByRole('complementary', { name: 'Navigation' });
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await drawer.waitFor();
  expect(await barriers(page)).toEqual([]);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Close the navigation');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Open the navigation');
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await drawer.getByRole('button', { name: new RegExp(person.login) }).click();
  expect(await barriers(page)).toEqual([]);
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('heading', { name: 'Profile' }).waitFor();
  await drawer.waitFor({ state: 'hidden' });
});

test('the theme is chosen by keyboard, kept, and there before the first paint', async () => {
  const person = await world.signUp();
  const { page, context } = await openPage(browser, { colorScheme: 'light' });
  await bringSession(context, world.url, person);
  await page.goto(world.url);
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: new RegExp(person.login) }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  expect(await ground()).toBe(dark);
  await page.getByRole('textbox', { name: 'Message' }).blur();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).getByText('Search the threads').waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.getByRole('dialog').count()).toBe(0);
});
