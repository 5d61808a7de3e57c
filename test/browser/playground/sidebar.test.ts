import type { Browser, Locator, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { accessibilityViolations, isTooWide, openBrowser, openPage, sendMessage, setSessionCookie } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp();
});

const threadsOf = (page: Page) => page.getByRole('navigation', { name: 'Threads' });
const chat = (page: Page, title: string) => threadsOf(page).getByRole('link', { name: title, exact: true });

async function choose(page: Page, of: string, item: string) {
  await chat(page, of).hover();
  await threadsOf(page)
    .getByRole('button', { name: `More actions for ${of}`, exact: true })
    .click();
  await page.getByRole('menuitem', { name: item }).click();
}

/** Creates threads with a message each, the last ones first. `daysAgo` sets the day of their last activity. */
async function createThreads(person: Person, threads: readonly { title: string; text?: string; daysAgo: number }[]) {
  const ids: Record<string, string> = {};
  for (const { title, text } of threads) {
    const { body } = await app.call('POST', '/v1/threads', { token: person.token, body: { title } });
    ids[title] = body.id;
    if (text) await app.call('POST', `/v1/threads/${body.id}/messages`, { token: person.token, body: { content: text } });
  }
  const days = threads.map(({ daysAgo }, at) => daysAgo * 86_400 + at);
  await app.sql(
    `update threads set updated_at = now() - make_interval(secs => age) from unnest($1::uuid[], $2::int[]) as aged(thread, age) where id = thread`,
    [Object.values(ids), days],
  );
  return ids;
}

/** Another window follows within 2 s; the limit is higher for machines that are busy with other tests. */
async function soon(what: Locator, state: 'visible' | 'hidden' = 'visible') {
  const began = performance.now();
  await what.waitFor({ state });
  expect(performance.now() - began).toTakeLessThan(6_000);
}

test('two windows and another device follow each other while chats are found, renamed, starred, filed and deleted', async () => {
  const person = await app.signUp();
  const many = Array.from({ length: 40 }, (_, at) => ({ title: `Old chat ${at}.`, daysAgo: 60 + at }));
  const ids = await createThreads(person, [
    { title: 'Tides', text: 'When is high water in Brest?', daysAgo: 0 },
    { title: 'Recipes', daysAgo: 1 },
    { title: 'Letters', text: 'A letter to the harbour master of Brest, please.', daysAgo: 4 },
    { title: 'Taxes', daysAgo: 20 },
    ...many,
  ]);
  const one = await openPage(browser);
  await setSessionCookie(one.context, app.url, person);
  await one.page.goto(app.url);
  const two = await one.context.newPage();
  await two.goto(app.url);
  const device = await openPage(browser, {}, { records: false });
  await device.page.goto(`${app.url}/chat/${ids['Old chat 3.']}`);
  await device.page.getByLabel('Login or email').fill(person.login);
  await device.page.getByLabel('Password').fill(person.password);
  await device.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await device.page.getByRole('heading', { name: 'Old chat 3.' }).waitFor();
  const { page } = one;

  // Days, and pages that load while the list is scrolled.
  for (const [group, title] of [
    ['Yesterday', 'Recipes'],
    ['Previous 7 days', 'Letters'],
    ['Previous 30 days', 'Taxes'],
  ] as const)
    await page.getByRole('region', { name: group }).getByRole('link', { name: title }).waitFor();
  expect(await chat(page, 'Old chat 39.').count()).toBe(0);
  await chat(page, 'Old chat 20.').scrollIntoViewIfNeeded();
  await chat(page, 'Old chat 39.').waitFor();

  // Search marks the words.
  await page.getByRole('searchbox', { name: 'Search chats' }).fill('brest');
  await threadsOf(page).getByText('harbour master').waitFor();
  expect(await threadsOf(page).locator('mark').allTextContents()).toEqual(['Brest', 'Brest']);
  await page.keyboard.press('Escape');

  // Rename in place.
  await soon(chat(device.page, 'Recipes'));
  await chat(page, 'Recipes').focus();
  await page.keyboard.press('F2');
  await page.keyboard.type('Soups');
  await page.keyboard.press('Enter');
  await Promise.all([
    soon(chat(two, 'Soups')),
    soon(chat(device.page, 'Soups')),
    soon(page.getByRole('region', { name: 'Today' }).getByText('Soups')),
  ]);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Soups');

  // A star, and a project with two chats: one is dragged, one is moved by its menu.
  await choose(page, 'Letters', 'Star');
  await soon(two.getByRole('region', { name: 'Starred' }).getByRole('link', { name: 'Letters' }));
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Household');
  await page.keyboard.press('Enter');
  const folder = page.getByRole('button', { name: 'Household', exact: true });
  await chat(page, 'Soups').dragTo(folder);
  await folder.click();
  await page.getByRole('list', { name: 'Household' }).getByRole('link', { name: 'Soups' }).waitFor();
  await choose(page, 'Taxes', 'Move to project…');
  await page.getByRole('dialog').getByRole('radio', { name: 'Household' }).check();
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByRole('list', { name: 'Household' }).getByRole('link', { name: 'Taxes' }).waitFor();
  await soon(two.getByRole('button', { name: 'Household', exact: true }));
  await soon(page.getByRole('region', { name: 'Previous 30 days' }), 'hidden');

  // Archived chats leave the lists of all windows, can be found and are brought back by a message.
  await choose(page, 'Letters', 'Archive');
  await Promise.all([soon(chat(page, 'Letters'), 'hidden'), soon(chat(two, 'Letters'), 'hidden')]);
  await page.getByRole('button', { name: 'Archived', exact: true }).click();
  const archive = page.getByRole('list', { name: 'Archived' });
  await archive.getByRole('link', { name: 'Letters' }).waitFor();
  await choose(page, 'Old chat 5.', 'Select');
  await page.getByRole('checkbox', { name: 'Old chat 6.' }).check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Archive' }).click();
  await archive.getByRole('link', { name: 'Old chat 6.' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await archive.getByRole('link', { name: 'Old chat 6.' }).waitFor({ state: 'hidden' });
  await Promise.all([chat(page, 'Old chat 5.').waitFor(), chat(two, 'Old chat 6.').waitFor()]);
  await page.getByRole('searchbox', { name: 'Search chats' }).fill('harbour');
  await threadsOf(page).getByText('Nothing found').waitFor();
  await threadsOf(page).getByRole('button', { name: 'Search archived chats' }).click();
  await page.getByRole('region', { name: 'Archived' }).getByRole('link', { name: 'Letters' }).click();
  await page.getByRole('button', { name: 'Unarchive' }).waitFor();
  await page.getByRole('button', { name: 'Clear the search' }).click();
  await sendMessage(page, 'Make it shorter.');
  await page.getByRole('region', { name: 'Starred' }).getByRole('link', { name: 'Letters' }).waitFor();
  await page.getByRole('button', { name: 'Unarchive' }).waitFor({ state: 'hidden' });
  await soon(two.getByRole('region', { name: 'Starred' }).getByRole('link', { name: 'Letters' }));

  // Several are deleted at once; one of them is open on the other device.
  await choose(page, 'Old chat 3.', 'Select');
  await page.getByRole('checkbox', { name: 'Old chat 4.' }).check();
  await page.getByRole('checkbox', { name: 'Tides' }).check();
  await page.getByRole('toolbar').getByText('3 chats selected').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete 3 chats?' }).getByRole('button', { name: 'Delete 3 chats' }).click();
  await soon(chat(page, 'Tides'), 'hidden');
  const deleted = Date.now();
  await Promise.all([
    soon(chat(two, 'Tides'), 'hidden'),
    soon(chat(device.page, 'Tides'), 'hidden'),
    soon(device.page.getByRole('heading', { name: 'Chat not found' })),
  ]);

  process.stdout.write(`sidebar: other windows followed a deletion after ${Date.now() - deleted} ms\n`);

  // The other device starts a chat.
  await device.page.getByRole('main').getByRole('link', { name: 'New chat' }).click();
  await sendMessage(device.page, 'Sail to Ushant');
  await device.page.waitForURL(/\/chat\//);
  const started = Date.now();
  const created = new URL(device.page.url()).pathname;
  await soon(threadsOf(page).locator(`a[href="${created}"]`));
  process.stdout.write(`sidebar: another device followed a new chat after ${Date.now() - started} ms\n`);

  // An open chat shows what the other device adds to it.
  await threadsOf(page).locator(`a[href="${created}"]`).click();
  await page.getByText('stub delta').first().waitFor();
  await sendMessage(device.page, 'And to Molène?');
  await device.page.getByText('And to Molène?').waitFor();
  await soon(page.getByRole('article', { name: 'Your message' }).getByText('And to Molène?'));
  expect(one.wrong).toEqual([]);
});

test('a chat is shared with a password, copied, and reported; the reader needs no account', async () => {
  const person = await app.signUp();
  const ids = await createThreads(person, [{ title: 'Tides', text: 'When is high water in **Brest**?', daysAgo: 0 }]);
  const { page, context, wrong } = await openPage(browser);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/chat/${ids.Tides}`);
  await page.getByRole('article', { name: 'Your message' }).waitFor();
  await choose(page, 'Tides', 'Share…');
  const dialog = page.getByRole('dialog', { name: 'Share “Tides”' });
  await dialog.getByText('This chat is not shared.').waitFor();
  await dialog.getByText('With a password').click();
  await dialog.getByRole('button', { name: 'Create link' }).click();
  await dialog.getByText('Password is required.').waitFor();
  await dialog.getByRole('textbox', { name: 'Password' }).fill('harbour');
  await dialog.getByText('Later messages too').click();
  await dialog.getByRole('button', { name: 'Create link' }).click();
  const link = (await dialog.getByRole('listitem').getByText('/s/').textContent())!;
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  expect(await accessibilityViolations(page)).toEqual([]);
  const announced = dialog.evaluate(
    (box) =>
      new Promise<void>((resolve) => {
        const look = () => [...box.querySelectorAll('output')].some(({ textContent }) => textContent === 'Copied') && resolve();
        new MutationObserver(look).observe(box, { childList: true, characterData: true, subtree: true });
      }),
  );
  await dialog.getByRole('button', { name: 'Copy the link' }).click();
  await announced;

  const reader = await openPage(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await reader.page.goto(link);
  await reader.page.getByLabel('Password').fill('wrong');
  await reader.page.getByRole('button', { name: 'Open the chat' }).click();
  await reader.page.getByText('This password is wrong.').waitFor();
  expect(await accessibilityViolations(reader.page)).toEqual([]);
  await reader.page.getByLabel('Password').fill('harbour');
  await reader.page.getByRole('button', { name: 'Open the chat' }).click();
  await reader.page.getByRole('heading', { name: 'Tides' }).waitFor();
  await app.call('POST', `/v1/threads/${ids.Tides}/messages`, { token: person.token, body: { content: 'And in Ushant?' } });
  await reader.page.reload();
  await reader.page.getByRole('article', { name: 'Question' }).getByText('And in Ushant?').waitFor();
  expect([await accessibilityViolations(reader.page), await isTooWide(reader.page)]).toEqual([[], false]);

  await dialog.getByRole('button', { name: 'Delete the link' }).click();
  await page.getByRole('dialog', { name: 'Delete this link?' }).getByRole('button', { name: 'Delete' }).click();
  await dialog.getByText('This chat is not shared.').waitFor();
  await reader.page.reload();
  await reader.page.getByRole('heading', { name: 'This link does not work' }).waitFor();

  await page.keyboard.press('Escape');
  await choose(page, 'Tides', 'Make a copy');
  await page.waitForURL((url) => url.pathname.startsWith('/chat/') && !url.pathname.endsWith(ids.Tides!));
  await page.getByRole('article', { name: 'Your message' }).getByText('And in Ushant?').waitFor();
  await threadsOf(page).locator(`a[href="/chat/${ids.Tides}"]`).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Report…' }).click();
  await page.getByRole('checkbox', { name: 'An answer is wrong' }).check();
  await page.getByLabel('Details (optional)').fill('The tide was an hour later.');
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('Report sent. Thank you.', { exact: true }).waitFor();
  expect(await app.sql('select feedback from thread_reports where thread_id = $1', [ids.Tides])).toEqual([
    { feedback: 'The tide was an hour later.' },
  ]);
  expect(wrong).toEqual([]);
});

test('the palette finds chats, settings pages and actions by keyboard', async () => {
  const person = await app.signUp();
  const ids = await createThreads(person, [
    { title: 'Tides', text: 'When is high water in Brest?', daysAgo: 0 },
    { title: 'Soups', daysAgo: 1 },
  ]);
  const { page, context, wrong } = await openPage(browser, { colorScheme: 'light', reducedMotion: 'no-preference' });
  await setSessionCookie(context, app.url, person);
  await page.goto(app.url);
  await chat(page, 'Soups').waitFor();
  const palette = page.getByRole('dialog', { name: 'Command palette' });
  const enter = async (text: string, found: string) => {
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type(text);
    await palette.getByRole('option', { selected: true }).getByText(found).first().waitFor();
    await page.keyboard.press('Enter');
    await palette.waitFor({ state: 'hidden' });
  };
  await enter('high water', 'Tides');
  await page.waitForURL(`**/chat/${ids.Tides}`);
  await page.getByRole('article', { name: 'Your message' }).waitFor();
  await enter('rename this', 'Rename this chat');
  await page.getByLabel('Title').fill('Tides of Brest');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('heading', { name: 'Tides of Brest' }).waitFor();
  await enter('usage', 'usage');
  await page.waitForURL('**/settings/usage');
  await enter('dark', 'Dark theme');
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  await page.keyboard.press('Control+k');
  await palette.waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(wrong).toEqual([]);
});
