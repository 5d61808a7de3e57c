import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Me } from '../../../../client/index.ts';
import { type Person, startTestApp } from '../../../support/app/testApp.ts';
import { inAccount, workspaceCalls } from '../../../support/resources/workspaces.ts';
import { goTo, isTooWide, openBrowser, openPage, setSessionCookie } from '../../playground.ts';
import { readPages } from '../../playgroundPaths.ts';

const browser = await openBrowser();
const app = await startTestApp();
const { openWorkspace, addMember } = workspaceCalls(app);
const { settingsPages } = await readPages(app.url);

/** Opens the playground as somebody who has switched to an account, and returns the settings pages that it offers. */
async function openIn(person: Person, accountId: string) {
  const { page, context, wrong } = await openPage(browser, { reducedMotion: 'reduce' }, { records: false });
  await setSessionCookie(context, app.url, person);
  await page.addInitScript((id) => localStorage.setItem('account', id), accountId);
  await page.goto(app.url);
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  const me = (await app.call('GET', '/v1/me', { token: person.token, headers: inAccount(accountId) })).body as Me;
  expect(me.account_id).toBe(accountId);
  const offered = settingsPages.flatMap(({ path, shownTo }) => (!shownTo || shownTo(me) ? [path] : []));
  return { page, wrong, offered };
}

/** Visits the pages and returns what is wrong with them: error responses, error notices, and overflow. */
async function walk({ page, wrong }: { page: Page; wrong: string[] }, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    await goTo(page, path);
    await page
      .getByRole(path.startsWith('/settings/') ? 'article' : 'main')
      .getByRole('heading')
      .first()
      .waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
    for (const notice of await page.getByRole('alert').allTextContents()) found.push(`${path}: ${notice}`);
    if (await isTooWide(page)) found.push(`${path}: wider than the window`);
    found.push(...wrong.splice(0).map((each) => `${path}: ${each}`));
  }
  return found;
}

const inSettings = (paths: readonly string[]) => paths.map((path) => `/settings/${path}`);

test('a platform administrator who has switched to another workspace reads every page, also those of an account and a user', async () => {
  const [chief, person] = [await app.signUpAdmin(), await app.signUp()];
  const { id } = await openWorkspace(chief);
  const visitor = await openIn(chief, id);
  expect(visitor.offered).toHaveLength(settingsPages.length);
  const things = [`accounts/${person.accountId}`, `accounts/${id}`, `accounts/${chief.accountId}`, `users/${person.id}`];
  expect(await walk(visitor, ['/', ...inSettings([...visitor.offered, ...things])])).toEqual([]);
});

test('a plain member of another workspace reads every page that is offered', async () => {
  const [host, guest] = [await app.signUp(), await app.signUp()];
  const { id } = await openWorkspace(host);
  await addMember(host, id, guest);
  const visitor = await openIn(guest, id);
  expect(visitor.offered).toContain('personas');
  expect(visitor.offered).not.toContain('members');
  expect(await walk(visitor, ['/', ...inSettings(visitor.offered)])).toEqual([]);
});

test('an admin of the workspace of somebody else reads every page that is offered', async () => {
  const [host, guest] = [await app.signUp(), await app.signUp()];
  const { id } = await openWorkspace(host);
  await addMember(host, id, guest, 'admin');
  const visitor = await openIn(guest, id);
  expect(visitor.offered).toContain('members');
  expect(await walk(visitor, ['/', ...inSettings(visitor.offered)])).toEqual([]);
});
