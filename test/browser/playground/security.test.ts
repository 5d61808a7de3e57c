import type { Browser, BrowserContext, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { cookieOf } from '../../support/http/sessions.ts';
import { newAccount } from '../../support/identity/calls.ts';
import { oidcClient, startOidcProvider } from '../../support/identity/oidcProvider.ts';
import { appCode, enrol } from '../../support/resources/secondFactor.ts';
import { accessibilityViolations, chooseAction, isTooWide, openBrowser, openPage, setSessionCookie } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({}, { worker: false });
});

/** Looks at a page in a narrow and a wide window. */
async function expectFit(page: Page) {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 860 });
    expect(await isTooWide(page)).toBe(false);
  }
}

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

test('people sign in with an identity provider, link identities with consent, and administrators configure it', async () => {
  const idp = await startOidcProvider();
  const admin = await app.signUpAdmin();
  const { page, wrong, context } = await openPage(browser);
  await setSessionCookie(context, app.url, admin);
  await page.goto(`${app.url}/settings/identity-providers`);
  await button(page, 'New provider').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Harbor SSO');
  await dialog.getByLabel('Issuer').fill(`${idp.issuer}/gone`);
  await dialog.getByLabel('Client ID').fill(oidcClient.client_id);
  await dialog.getByLabel('Client secret').fill(oidcClient.client_secret);
  await dialog.getByLabel('Register unknown people').check();
  expect(await accessibilityViolations(page)).toEqual([]);
  await expectFit(page);
  await button(page, 'Create').click();
  await dialog.locator('.problem', { hasText: 'Issuer has no usable metadata' }).waitFor();
  expect(wrong.splice(0)).toEqual([`400 ${app.url}/v1/admin/identity-providers`]);
  await dialog.getByLabel('Issuer').fill(idp.issuer);
  await button(page, 'Create').click();
  const uri = await dialog.locator('code').textContent();
  expect(uri).toMatch(new RegExp(`^${app.url}/oauth/sign-in/[0-9a-f-]{36}$`));
  await button(page, 'Done').click();
  await page.getByRole('row', { name: /Harbor SSO.*On/ }).waitFor();
  await expectFit(page);
  await chooseAction(page, 'Harbor SSO', 'Edit');
  await dialog.getByLabel('Allowed email domains').fill('example.test');
  await button(page, 'Save').click();
  await page.getByRole('cell', { name: 'example.test', exact: true }).waitFor();
  expect(wrong).toEqual([]);

  // An unknown person is registered and returns to the requested page.
  const newcomer = newAccount();
  idp.current.account = newcomer;
  const visitor = await openPage(browser);
  await visitor.page.goto(`${app.url}/settings/profile?from=mail`);
  await button(visitor.page, 'Continue with Harbor SSO').waitFor();
  expect(await accessibilityViolations(visitor.page)).toEqual([]);
  await expectFit(visitor.page);
  await button(visitor.page, 'Continue with Harbor SSO').click();
  await visitor.page.getByRole('heading', { name: 'Profile' }).waitFor();
  expect(new URL(visitor.page.url()).pathname + new URL(visitor.page.url()).search).toBe('/settings/profile?from=mail');
  await visitor.page.goto(`${app.url}/settings/security`);
  await visitor.page.getByText(newcomer.email!).waitFor();
  await expectFit(visitor.page);
  expect(visitor.wrong).toEqual([]);

  // An existing user is asked for the password once.
  const person = await app.signUp();
  idp.current.account = newAccount({ email: person.email });
  const guest = await openPage(browser);
  await guest.page.goto(app.url);
  await button(guest.page, 'Continue with Harbor SSO').click();
  await guest.page.getByText('A user has your email address.').waitFor();
  await expectFit(guest.page);
  await guest.page.getByLabel('Login or email').fill(person.login);
  await guest.page.getByLabel('Password').fill(person.password);
  await button(guest.page, 'Sign in').click();
  await guest.page.getByText('Linked. From now on you can sign in with your provider.', { exact: true }).waitFor();
  await guest.page.goto(`${app.url}/settings/security`);
  await button(guest.page, 'Unlink Harbor SSO').click();
  await guest.page.getByRole('dialog').getByRole('button', { name: 'Unlink', exact: true }).click();
  await button(guest.page, 'Unlink Harbor SSO').waitFor({ state: 'detached' });
  await button(guest.page, 'Link an identity').click();
  await guest.page.getByLabel('Current password').last().fill(person.password);
  await button(guest.page, 'Continue at the provider').click();
  await guest.page.getByText('Harbor SSO is linked', { exact: true }).waitFor();
  await button(guest.page, 'Unlink Harbor SSO').waitFor();

  // A user who does not want to link, as on a page that somebody else left.
  idp.current.account = newAccount({ email: person.email });
  const passer = await openPage(browser);
  await passer.page.goto(app.url);
  await button(passer.page, 'Continue with Harbor SSO').click();
  await button(passer.page, 'Sign in without linking').click();
  await passer.page.getByText('A user has your email address.').waitFor({ state: 'detached' });
  await passer.page.getByLabel('Login or email').fill(person.login);
  await passer.page.getByLabel('Password').fill(person.password);
  await button(passer.page, 'Sign in').click();
  await passer.page.getByLabel('Login or email').waitFor({ state: 'detached' });
  expect(await app.sql('select count(*)::int as count from user_identities where user_id = $1', [person.id])).toEqual([{ count: 1 }]);

  // What the provider refuses, and a callback without a sign-in.
  const lost = await openPage(browser);
  await lost.page.goto(`${uri}?error=access_denied&error_description=Call+us`);
  await lost.page.getByText('The provider did not confirm who you are.').waitFor();
  expect(await lost.page.getByText('Call us').count()).toBe(0);
  await lost.page.goto(`${uri}?state=forged&code=forged`);
  await lost.page.getByRole('alert').waitFor();
  await lost.page.getByRole('link', { name: 'Back to sign-in' }).click();
  await button(lost.page, 'Continue with Harbor SSO').waitFor();
});

/** A device with a verified user, through the DevTools protocol. Passkeys need a host name, so the pages are opened at localhost. */
async function addAuthenticator(context: BrowserContext, page: Page) {
  const devTools = await context.newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  } as const;
  const { authenticatorId } = await devTools.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    credentials: async () => (await devTools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    setVerified: (isUserVerified: boolean) => devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

test('a user adds a passkey, signs in with it alone and as a second factor, confirms with it, and deletes it', async () => {
  const url = app.url.replace('127.0.0.1', 'localhost');
  const person = await app.signUp();
  const { page, wrong, context } = await openPage(browser);
  const device = await addAuthenticator(context, page);
  await setSessionCookie(context, url, person);
  await page.goto(`${url}/settings/security`);
  const dialog = page.getByRole('dialog');
  await button(page, 'Add a passkey').click();
  await dialog.getByLabel('Name').fill('Laptop 🔑');
  await dialog.getByLabel('Current password').fill(person.password);
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Continue').click();
  await page.getByRole('row', { name: /Laptop 🔑/ }).waitFor();
  const [made] = await device.credentials();
  expect(made).toMatchObject({ isResidentCredential: true, rpId: 'localhost', userName: person.login });
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(wrong).toEqual([]);

  await context.clearCookies();
  await page.goto(url);
  await button(page, 'Sign in with a passkey').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Sign in with a passkey').click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  expect(wrong).toEqual([]);

  // The second factor of a password.
  const { secret } = await enrol(app, person);
  expect(secret).toMatch(/^[A-Z2-7]+$/);
  await context.clearCookies();
  await page.goto(url);
  await page.getByLabel('Login or email').fill(person.login);
  await page.getByLabel('Password').fill(person.password);
  await button(page, 'Sign in').click();
  await button(page, 'Use a passkey').click();
  await page.getByRole('textbox', { name: 'Message' }).waitFor();

  // Instead of the password and the code.
  await page.goto(`${url}/settings/security`);
  await button(page, 'Turn off').click();
  await dialog.getByRole('button', { name: 'Use a passkey instead' }).click();
  await dialog.getByText('Confirmed with a passkey.').waitFor();
  await dialog.getByRole('button', { name: 'Turn off' }).click();
  await button(page, 'Set up an authenticator app').waitFor();

  await chooseAction(page, 'Laptop 🔑', 'Rename');
  await dialog.getByLabel('Name').fill('Old laptop');
  await button(page, 'Save').click();
  await chooseAction(page, 'Old laptop', 'Delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No passkeys yet').waitFor();
  await context.clearCookies();
  await page.goto(url);
  await button(page, 'Sign in with a passkey').click();
  await page.getByText('The passkey was not accepted.').waitFor();
  await device.setVerified(false);
  await button(page, 'Sign in with a passkey').click();
  await page.getByText('No passkey was used').waitFor();
});

test('an owner requires a second factor, and members are led to set one up', async () => {
  const [owner, member] = [await app.signUp(), await app.signUp()];
  const { body: workspace } = await app.call('POST', '/v1/accounts', { token: owner.token, body: { slug: `w-${owner.id}`, name: 'Acme' } });
  await app.joinAccount(member, { ...owner, accountId: workspace.id });
  const { secret } = await enrol(app, owner);
  expect(secret).not.toBe('');
  const inWorkspace = (context: BrowserContext) =>
    context.addInitScript((id) => localStorage.setItem('account', id), workspace.id as string);

  const first = await openPage(browser);
  await inWorkspace(first.context);
  await setSessionCookie(first.context, app.url, owner);
  await first.page.goto(`${app.url}/settings/account`);
  await first.page.getByRole('combobox', { name: 'Members need a second factor' }).click();
  await first.page.getByRole('option', { name: 'Yes, now' }).click();
  await first.page.getByRole('button', { name: 'Save' }).last().click();
  await first.page.getByText('Required since').waitFor();
  expect(await accessibilityViolations(first.page)).toEqual([]);
  await first.page.goto(`${app.url}/settings/members`);
  await first.page.getByRole('row', { name: new RegExp(`${member.login}.*None`) }).waitFor();
  expect(first.wrong).toEqual([]);

  const second = await openPage(browser);
  const { page } = second;
  await inWorkspace(second.context);
  await setSessionCookie(second.context, app.url, member);
  await page.goto(app.url);
  await page.getByText('Acme requires a second factor.').waitFor();
  expect(new URL(page.url()).pathname).toBe('/settings/security');
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Set up an authenticator app').click();
  await page.getByRole('dialog').getByLabel('Current password').fill(member.password);
  await button(page, 'Continue').click();
  const code = await appCode((await page.getByRole('dialog').locator('code').textContent())!);
  await page.getByRole('dialog').getByLabel('Code', { exact: true }).fill(code);
  await button(page, 'Turn on').click();
  await button(page, 'I have stored them').click();
  await page.getByText('Acme requires a second factor.').waitFor({ state: 'detached' });
  await page.goto(app.url);
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
});
