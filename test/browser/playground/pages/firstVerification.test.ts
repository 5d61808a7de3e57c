import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { type Person, startTestApp, type TestApp } from '../../../support/app/testApp.ts';
import { sessionCalls } from '../../../support/http/sessions.ts';
import { eventually } from '../../../support/resources/conversation.ts';
import { textOfMessage } from '../../../support/resources/mail.ts';
import { openBrowser, openPage } from '../../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp();
});

/** What matches in the newest mail of a kind to an address, which a development server writes to a file. */
const mailed = (kind: string, { email }: Person, pattern: RegExp) =>
  eventually(async () => {
    const folder = join(app.config.dataDir, 'mail');
    const names = (await readdir(folder).catch(() => [])).filter((file) => file.includes(`-${kind}-`));
    const mails = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
    const mail = mails.findLast((each) => each.includes(email));
    return mail && pattern.exec(textOfMessage(mail))?.[0];
  }, 'the mail');

const statusOf = async (person: Person) => (await sessionCalls(app.call).logIn(person)).answer.status;
const isVerified = async ({ token }: Person) => (await app.call('GET', '/v1/me', { token })).body.email_verified as boolean;

/** Opens the mailed link in a browser that has never seen this user. */
async function openLink(person: Person) {
  const token = await mailed('verification', person, /(?<=token=)[\w-]{43}/);
  const { page } = await openPage(browser);
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.goto(`${app.url}/verify?token=${token}`);
  const verify = page.getByRole('button', { name: 'Verify', exact: true });
  await verify.waitFor();
  expect(asked).not.toContain('POST /v1/auth/email/verify/confirm');
  await verify.click();
  await page.getByText(`${person.login} signed up with this address on`).waitFor();
  return page;
}

test('a mailed link changes nothing when it is opened elsewhere, and the password that was chosen keeps all', async () => {
  const person = await app.signUp();
  const page = await openLink(person);
  expect(await isVerified(person)).toBe(false);
  await page.getByLabel('The password that you chose').fill('not it');
  await page.getByRole('button', { name: 'It was me' }).click();
  await page.getByText('The password is wrong.').waitFor();
  await page.getByLabel('The password that you chose').fill(person.password);
  await page.getByRole('button', { name: 'It was me' }).click();
  await page.getByRole('heading', { name: 'Your address is verified' }).waitFor();
  expect([await isVerified(person), await statusOf(person)]).toEqual([true, 200]);
});

test('whoever did not sign up ends the access from before and chooses a password', async () => {
  const person = await app.signUp();
  const page = await openLink(person);
  await page.getByRole('button', { name: 'It was not me' }).click();
  await page.getByLabel('New password').fill('Mine-1234');
  await page.getByRole('button', { name: 'End all access from before' }).click();
  await page.getByText('Sign in with your new password.').waitFor();
  expect([await statusOf(person), await statusOf({ ...person, password: 'Mine-1234' })]).toEqual([401, 200]);
});

test.each([
  ['keeps what was before, with the password', true],
  ['ends it', false],
])('a mailed code of a user who has not verified the address %s', async (_, isKept) => {
  const person = await app.signUp();
  const { page } = await openPage(browser);
  await page.goto(`${app.url}/settings/profile`);
  await page.getByRole('button', { name: /Forgot your password/ }).click();
  await page.getByLabel('Email').fill(person.email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel(/Eight-digit code/).fill(await mailed('otp', person, /^\d{8}$/m));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText(`${person.login} signed up with this address on`).waitFor();
  if (isKept) {
    await page.getByLabel('The password that you chose').fill(person.password);
    await page.getByRole('button', { name: 'It was me' }).click();
  } else {
    await page.getByRole('button', { name: 'It was not me' }).click();
    await page.getByRole('button', { name: 'End all access from before' }).click();
  }
  await page.getByRole('heading', { name: 'Profile', exact: true }).waitFor();
  expect(await statusOf(person)).toBe(isKept ? 200 : 401);
});
