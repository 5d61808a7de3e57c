import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { cookieOf } from '../../support/http/sessions.ts';
import { appCode } from '../../support/resources/secondFactor.ts';
import { accessibilityViolations, chooseAction, isTooWide, openBrowser, openPage, setSessionCookie } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({}, { worker: false });
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('a user sets up an authenticator app, signs in with its codes and with a recovery code, and turns it off', async () => {
  const person = await app.signUp();
  const { page, wrong, context } = await openPage(browser);
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/settings/security`);
  await button(page, 'Set up an authenticator app').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password').fill(person.password);
  await button(page, 'Continue').click();
  await page.getByRole('img', { name: 'QR code for an authenticator app' }).waitFor();
  const secret = (await dialog.locator('code').textContent())!;
  expect(await accessibilityViolations(page)).toEqual([]);
  await dialog.getByLabel('Code', { exact: true }).fill(await appCode(secret));
  await button(page, 'Turn on').click();
  await dialog.getByRole('listitem').first().waitFor();
  const codes = await dialog.getByRole('listitem').allTextContents();
  expect(codes).toHaveLength(10);
  // Nothing closes the dialog by accident.
  await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  expect([await dialog.getByRole('listitem').count(), await button(page, 'Close').count()]).toEqual([10, 0]);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await isTooWide(page)).toBe(false);
  await page.setViewportSize({ width: 1280, height: 860 });
  await button(page, 'I have stored them').click();
  await page.getByText('10 left').waitFor();
  expect(wrong).toEqual([]);

  const signIn = async () => {
    await page.goto(app.url);
    await page.getByLabel('Login or email').fill(person.login);
    await page.getByLabel('Password').fill(person.password);
    await button(page, 'Sign in').click();
  };
  await context.clearCookies();
  await signIn();
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await button(page, 'Sign in').click();
  await page.getByText('The code is not valid.').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByLabel('Code', { exact: true }).fill(await appCode(secret, 1));
  await button(page, 'Sign in').click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();

  await context.clearCookies();
  await signIn();
  await page.getByLabel('Code', { exact: true }).fill(codes[0]!);
  await button(page, 'Sign in').click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  await page.goto(`${app.url}/settings/security`);
  await page.getByText('9 left').waitFor();
  await button(page, 'Turn off').click();
  await dialog.getByLabel('Current password').fill(person.password);
  await dialog.getByLabel('Code', { exact: true }).fill(codes[1]!);
  await dialog.getByRole('button', { name: 'Turn off' }).click();
  await button(page, 'Set up an authenticator app').waitFor();
});

test('a user sees the devices on which they are signed in, and ends one and then all others', async () => {
  const person = await app.signUp();
  const { login, password } = person;
  const signIn = (agent: string) => app.call('POST', '/v1/auth/login', { body: { login, password }, headers: { 'user-agent': agent } });
  const tablet = await signIn('tablet-app/2.0');
  await signIn('phone-app/3.0');
  const { page, wrong, context } = await openPage(browser);
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/settings/security`);
  await page.getByText('This device').waitFor();
  await chooseAction(page, 'tablet-app 2', 'End session');
  await page.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
  await page.getByRole('row', { name: /tablet-app/ }).waitFor({ state: 'detached' });
  expect((await app.call('POST', '/v1/auth/refresh', { headers: { cookie: cookieOf(tablet) } })).status).toBe(401);
  await button(page, 'End all other sessions').click();
  await page.getByRole('dialog').getByRole('button', { name: 'End sessions' }).click();
  await page.getByRole('row', { name: /phone-app/ }).waitFor({ state: 'detached' });
  expect(await page.getByRole('row').count()).toBe(2);
  expect(wrong).toEqual([]);
});
