import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { startTestApp } from '../../../support/app/testApp.ts';
import {
  accessibilityViolations,
  chooseAction,
  english,
  isTooWide,
  misalignedTables,
  openBrowser,
  openPage,
  setSessionCookie,
} from '../../playground.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('a schedule is created, started, paused, changed and deleted, and its history leads to the chat', async () => {
  const [browser, app] = [await openBrowser(), await startTestApp()];
  const person = await app.signUp();
  const { page, context, wrong } = await openPage(browser, { timezoneId: 'Europe/Berlin', ...english });
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/settings/schedules`);
  const dialog = page.getByRole('dialog');
  // A chat in the sidebar has the same name.
  const choose = (action: string) => chooseAction(page, 'Morning report', action, page.getByRole('article'));
  const stored = async () => (await app.call('GET', '/v1/schedules', { token: person.token })).body;

  await page.getByText('No schedules yet').waitFor();
  await button(page, 'New schedule').first().click();
  await page.getByLabel('Name', { exact: true }).fill('Morning report');
  await page.getByLabel('Message', { exact: true }).fill('What is new? 🌅');
  expect(await page.getByLabel('Cron pattern').count()).toBe(0);
  await page.getByRole('combobox', { name: 'Pattern' }).click();
  await page.getByRole('option', { name: 'Your own' }).click();
  // Five fields, so the server is asked for the preview.
  await page.getByLabel('Cron pattern').fill('61 9 * * *');
  await dialog
    .locator('.hint', { hasText: /pattern/ })
    .first()
    .waitFor();
  await button(page, 'Create').click();
  const problem = dialog.locator('.problem');
  await problem.waitFor();
  expect(await page.getByLabel('Cron pattern').getAttribute('aria-invalid')).toBe('true');
  expect(await stored()).toEqual([]);
  await page.getByLabel('Cron pattern').fill('30 7 * * *');
  // Until its answer comes, the preview shows the pattern before.
  await dialog.locator('time', { hasText: '7:30' }).first().waitFor();
  expect(await dialog.locator('time').count()).toBeGreaterThan(2);
  expect(await problem.count()).toBe(0);
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Create').click();
  const row = page.getByRole('row', { name: /Morning report/ });
  await row.getByText('30 7 * * *').waitFor();
  await row.getByText('Europe/Berlin').waitFor();
  await row.getByText('On', { exact: true }).waitFor();
  expect(await stored()).toMatchObject([{ cron: '30 7 * * *', timezone: 'Europe/Berlin', status: 'active', input: 'What is new? 🌅' }]);

  await choose('Run now');
  await page.getByText('Run started', { exact: true }).waitFor();
  await choose('History');
  await dialog.getByText('started by hand').waitFor();
  await dialog.getByText('Completed').waitFor();
  expect(await dialog.getByRole('link', { name: 'Open' }).count()).toBe(1);
  await page.keyboard.press('Escape');

  await choose('Turn off');
  await row.getByText('Off', { exact: true }).waitFor();
  expect(await stored()).toMatchObject([{ status: 'paused', next_run_at: null }]);
  await choose('Turn on');
  await row.getByText('On', { exact: true }).waitFor();
  await choose('Edit');
  await page.getByRole('radio', { name: 'Once' }).check({ force: true });
  await page.getByLabel('Time', { exact: true }).fill('2020-01-01T09:00');
  await button(page, 'Save').click();
  await problem.waitFor();
  // The time is one of the zone of the schedule, not of the browser.
  await dialog.getByRole('button', { name: 'Time zone Europe/Berlin' }).click();
  await page.getByPlaceholder('Search time zones…').fill('tokyo');
  await page.keyboard.press('Enter');
  await page.getByLabel('Time', { exact: true }).fill('2099-01-01T09:00');
  await button(page, 'Save').click();
  await row.getByText(/2099/).first().waitFor();
  expect(await stored()).toMatchObject([{ cron: null, run_at: '2099-01-01T00:00:00.000Z', timezone: 'Asia/Tokyo', status: 'active' }]);
  expect([await misalignedTables(page), await accessibilityViolations(page)]).toEqual([[], []]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await accessibilityViolations(page, { onlyColors: true })).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await isTooWide(page)).toBe(false);

  await choose('History');
  await dialog.getByRole('link', { name: 'Open' }).click();
  await page.getByText('What is new? 🌅').first().waitFor();
  await page.goBack();
  await choose('Delete');
  await button(page, 'Delete').click();
  await page.getByText('No schedules yet').waitFor();
  expect(await stored()).toEqual([]);
  // The wrong pattern in the preview and in the form, and the time in the past.
  expect(wrong.filter((each) => !/^400 .*schedules/.test(each))).toEqual([]);
});
