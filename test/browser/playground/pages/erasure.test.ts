import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { fastWorkerEnv } from '../../../support/app/process.ts';
import { startTestApp, type TestApp } from '../../../support/app/testApp.ts';
import { erasureCalls } from '../../../support/erasure/erasureCalls.ts';
import { inAccount, workspaceCalls } from '../../../support/resources/workspaces.ts';
import { useDatabaseClock } from '../../../support/world/sameClock.ts';
import { accessibilityViolations, isTooWide, openBrowser, openPage, setSessionCookie } from '../../playground.ts';

useDatabaseClock();

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ...fastWorkerEnv, ARKLOOP_ERASURE_SETTLE_SECONDS: '0' });
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('an owner schedules an erasure, keeps the workspace, erases it after all, and downloads the proof', async () => {
  const owner = await app.signUp();
  const { id, slug } = await workspaceCalls(app).openWorkspace(owner);
  const session = await app.call('POST', '/v1/auth/login', { body: { login: owner.login, password: owner.password } });
  const inside = await app.call('POST', '/v1/auth/refresh', {
    headers: { cookie: session.headers.get('set-cookie')!.split(';')[0]!, ...inAccount(id) },
  });
  const { context, page, wrong } = await openPage(browser);
  await setSessionCookie(context, app.url, { ...owner, cookie: inside.headers.get('set-cookie')!.split(';')[0]! });
  await page.goto(`${app.url}/settings/account`);
  const request = async () => {
    await button(page, 'Erase the workspace').click();
    await page.getByLabel(`Type ${slug} to confirm`).fill(slug);
    await page.getByLabel('Current password').fill(owner.password);
    await button(page, 'Schedule the erasure').click();
    await button(page, 'Keep the workspace').waitFor();
  };
  await request();
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(await isTooWide(page)).toBe(false);
  await button(page, 'Keep the workspace').click();
  await button(page, 'Cancel the erasure').click();
  await request();

  const [erasure] = await app.sql(`select id from erasures where account_id = $1 and state = 'scheduled'`, [id]);
  const { makeDue, completed } = erasureCalls(app);
  await makeDue(erasure.id);
  const { proof } = await completed(owner, erasure.id);
  // The page goes on in the personal workspace when a request gets 403.
  await page.locator('.user-button').getByText(`Workspace ${slug}`).waitFor({ state: 'detached' });
  await page.getByText('You no longer have access to that workspace.').first().waitFor();
  expect(wrong.splice(0).filter((line) => !/^40[34] /.test(line))).toEqual([]);
  const download = page.waitForEvent('download');
  await button(page, `Download the proof of ${slug}`).click();
  const stream = await (await download).createReadStream();
  expect((await stream.toArray()).join('').trim()).toBe(proof);
  expect(wrong).toEqual([]);
});

test('an admin erases an account and a deleted user, cancels one erasure, and downloads the proof of the other', async () => {
  const [chief, owner, user] = [await app.signUpAdmin(), await app.signUp(), await app.signUp()];
  const { id, slug } = await workspaceCalls(app).openWorkspace(owner);
  expect((await app.call('DELETE', `/v1/admin/users/${user.id}`, { token: chief.token })).status).toBe(204);
  const { context, page, wrong } = await openPage(browser);
  await setSessionCookie(context, app.url, chief);
  await page.goto(`${app.url}/settings/erasures`);
  const confirm = async () => {
    await page.getByLabel('Current password').fill(chief.password);
    await button(page, 'Schedule the erasure').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await button(page, 'Erase an account').click();
  await page.getByLabel('ID of the account').fill(id);
  await page.getByLabel('Slug of the account, to confirm').fill(slug);
  await confirm();
  await button(page, 'Erase a deleted user').first().click();
  await page.getByLabel('ID of the user').fill(user.id);
  await page.getByLabel('Case number').fill('case 9');
  await confirm();
  const row = (text: string) => page.getByRole('row').filter({ hasText: text });
  await row('case 9').getByText('Scheduled').waitFor();

  await row(slug).getByRole('button').last().click();
  await page.getByRole('menuitem', { name: 'Cancel' }).click();
  await button(page, 'Cancel the erasure').click();
  await row(slug).getByText('Canceled').waitFor();

  const [erasure] = await app.sql('select id from erasures where user_id = $1', [user.id]);
  const { makeDue, completed } = erasureCalls(app);
  await makeDue(erasure.id);
  const { proof } = await completed(chief, erasure.id);
  await page.reload();
  await row('case 9').getByText('Completed').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  const download = page.waitForEvent('download');
  await row('case 9').getByRole('button').last().click();
  await page.getByRole('menuitem', { name: 'Download the proof' }).click();
  const stream = await (await download).createReadStream();
  expect((await stream.toArray()).join('').trim()).toBe(proof);
  expect(wrong).toEqual([]);
});
