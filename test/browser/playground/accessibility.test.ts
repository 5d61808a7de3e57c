import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessibilityViolations, goTo, isTooWide, openBrowser, openPage, sendMessage, setSessionCookie } from '../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

const phone = { viewport: { width: 390, height: 844 } };
const wide = { viewport: { width: 1280, height: 860 } };

type Look = typeof phone & { colorScheme: 'light' | 'dark'; onlyColors?: boolean };

const looks: readonly Look[] = [
  { ...wide, colorScheme: 'light' },
  // Differs from the one before by its colors only.
  { ...wide, colorScheme: 'dark', onlyColors: true },
  { ...phone, colorScheme: 'dark' },
];

/** Simple pages are checked only in the light theme on a desktop and in the dark theme on a phone. */
const extremes = [looks[0]!, looks[2]!];

/** Checks a page for accessibility violations and overflow. Each problem names the page, the width, and the theme. */
async function lookAt(page: Page, name: string, seen = looks): Promise<string[]> {
  const found: string[] = [];
  for (const { viewport, colorScheme, onlyColors = false } of seen) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const problems = [
      ...(await accessibilityViolations(page, { onlyColors })),
      ...((await isTooWide(page)) ? ['wider than the window'] : []),
    ];
    found.push(...problems.map((problem) => `${name}, ${viewport.width}, ${colorScheme}: ${problem}`));
  }
  return found;
}

test('the pages before the sign-in are accessible', async () => {
  const { page } = await openPage(browser, {}, { records: false });
  const found: string[] = [];
  for (const [path, heading] of [
    ['/', 'Sign in'],
    ['/sign-up', 'Create an account'],
    ['/setup', 'Set up Arkloop'],
  ] as const) {
    await page.goto(app.url + path);
    await page.getByRole('heading', { name: heading }).waitFor();
    found.push(...(await lookAt(page, heading, extremes)));
  }
  expect(found).toEqual([]);
});

const everything = `# Tides

A **word** about [tides](https://example.test) and \`code\`.

1. One
2. Two

> Quoted

| Port | High water |
| --- | ---: |
| Brest | 04:12 |

| Port | Remark | Source | Until |
| --- | --- | --- | --- |
| Brest | High water comes an hour after that of the open sea, and later with wind from the east | https://example.test/almanac/of/the/whole/year | noon |

- [x] Read the almanac
- [ ] Set sail

High water is at noon.[^1]

<details>
<summary>More ports</summary>

Only **one** more.

</details>

\`\`\`diff
-const low = 1;
+const high = 4;
\`\`\`

[^1]: In summer.

\`\`\`ts
const aVeryLongLineOfCodeThatIsWiderThanAPhone = 'so it has to scroll by itself and not the page around it';
\`\`\`
`;

test('a conversation with reasoning, tools, a question and events is accessible', async () => {
  const thought = chat.delta({ reasoning_content: 'Let me see.' });
  const asked = callsTools(['ask_user', askUserArgs()]);
  const todos = [{ id: '1', content: 'Look', status: 'completed' }];
  const script = [
    callsTools(['todo_write', { todos }]),
    { steps: [thought, ...chat.answer(everything).steps!] },
    { steps: [thought, ...callsTools(['todo_write', { todos }]).steps!] },
    asked,
  ];
  const talk = await openScriptedThread(app, { person: await app.signUp(), script });
  const { page, context } = await openPage(browser, {}, { records: false });
  await setSessionCookie(context, app.url, talk);
  await page.goto(app.url);
  await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
  const found = await lookAt(page, 'beginning', extremes);
  await page.goto(`${app.url}/chat/${talk.threadId}`);
  await sendMessage(page, 'Tell me');
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  found.push(...(await lookAt(page, 'answer')));
  const answer = page.getByRole('article', { name: 'Answer' });
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  expect(await answer.getByRole('checkbox', { name: 'Done', exact: true }).isChecked()).toBe(true);
  expect(await answer.getByText('Only one more.').isVisible()).toBe(false);
  await answer.getByText('More ports').click();
  expect(await answer.getByText('Only one more.').isVisible()).toBe(true);
  await answer.getByRole('link', { name: '1', exact: true }).click();
  const note = answer.getByRole('listitem').filter({ hasText: 'In summer.' });
  expect(new URL(page.url()).hash).toBe(`#${await note.getAttribute('id')}`);
  expect(await answer.locator('.code-deleted, .code-inserted').allTextContents()).toEqual([
    expect.stringMatching(/low/),
    expect.stringMatching(/high/),
  ]);
  // On a phone, as the last look was: several words in each line.
  const remark = answer.getByRole('cell', { name: /^High water comes/ });
  expect((await remark.boundingBox())!.width).toBeGreaterThan(200);
  await sendMessage(page, 'Ask me');
  await page.getByRole('region', { name: 'Question from the agent' }).waitFor();
  await page
    .getByRole('button', { name: /^Thought/ })
    .last()
    .click();
  found.push(...(await lookAt(page, 'question', extremes)));
  await page.getByRole('button', { name: 'Show the events of the last run' }).click();
  await page.getByRole('treeitem', { name: /^ask_user/ }).click();
  found.push(...(await lookAt(page, 'inspector', extremes)));
  await page.keyboard.press('Escape');
  for (const path of ['profile', 'appearance']) {
    await goTo(page, `/settings/${path}`);
    await page
      .getByRole('heading', { level: 2, name: new RegExp(path, 'i') })
      .first()
      .waitFor();
    found.push(...(await lookAt(page, path, extremes)));
  }
  expect(found).toEqual([]);
});

test('on a phone the drawer gives access to the navigation, and Escape closes it', async () => {
  const person = await app.signUp();
  const { page, context } = await openPage(browser, { ...phone, reducedMotion: 'no-preference' }, { records: false });
  await setSessionCookie(context, app.url, person);
  await page.goto(app.url);
  const drawer = page.getByRole('complementary', { name: 'Navigation' });
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await drawer.waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Close the navigation');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'hidden' });
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Open the navigation');
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await drawer.getByRole('button', { name: new RegExp(person.login) }).click();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('heading', { name: 'Profile' }).waitFor();
  await drawer.waitFor({ state: 'hidden' });
});

test('the theme can be chosen by keyboard and persists after a reload', async () => {
  const person = await app.signUp();
  const { page, context } = await openPage(browser, { colorScheme: 'light', reducedMotion: 'no-preference' }, { records: false });
  await setSessionCookie(context, app.url, person);
  await page.goto(app.url);
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: new RegExp(person.login) }).focus();
  await page.keyboard.press('Enter');
  await page.locator('[role=menuitem]:focus').waitFor();
  await page.keyboard.press('End');
  await page.getByRole('menuitem', { name: 'Sign out' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.getByRole('menuitemradio', { name: 'Dark' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();
  await page.reload();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  expect(await ground()).toBe(dark);
  await page.getByRole('textbox', { name: 'Message' }).blur();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).getByText('Search chats, pages and actions').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.getByRole('dialog').count()).toBe(0);
});
