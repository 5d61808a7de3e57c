import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../client/index.ts';
import { providerApiKey } from '../support/agent/providers.ts';
import { chat, startVendor } from '../support/agent/vendor.ts';
import { type Person, startTestApp, type TestApp } from '../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../support/gateway/testGateway.ts';
import { eventually, openThread, startRun } from '../support/resources/conversation.ts';
import { receiverOfTest } from '../support/resources/receiver.ts';
import { accessibilityViolations, chooseAction, isTooWide, openBrowser, openPage, setSessionCookie } from './playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.05' });
});

/** Opens a settings page with the session of a user. */
async function openSettings(path: string, person: Person, options?: Parameters<typeof openPage>[1]) {
  const visitor = await openPage(browser, options);
  await setSessionCookie(visitor.context, app.url, person);
  await visitor.page.goto(`${app.url}/settings/${path}`);
  return visitor;
}

/** Creates a platform administrator. */
async function administrator(): Promise<Person> {
  const person = await app.signUp();
  await app.promote(person);
  return person;
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

test('an API key is created in the page, used by a client, and revoked', async () => {
  const { page, wrong } = await openSettings('keys', await app.signUp());
  await page.getByText('No keys yet').waitFor();
  await button(page, 'New key').click();
  await page.getByLabel('Name').fill('Nightly report');
  await page.getByText('Selected permissions').click();
  await page.getByLabel('data.threads.read').check();
  await button(page, 'Create').click();
  const apiKey = await page.getByRole('dialog').locator('.code code').textContent();
  await button(page, 'Done').click();
  await page.getByRole('cell', { name: 'data.threads.read' }).waitFor();
  await expect.poll(() => page.content()).not.toContain(apiKey);

  const program = createClient({ baseUrl: app.url, apiKey: apiKey ?? '' });
  expect(await program.threads.list()).toEqual([]);
  await expect(program.threads.create({ body: {} })).rejects.toMatchObject({ status: 403 });

  await chooseAction(page, 'Nightly report', 'Revoke');
  await button(page, 'Revoke').click();
  await page.getByRole('cell', { name: 'Revoked' }).waitFor();
  await expect(program.threads.list()).rejects.toMatchObject({ status: 401 });
  expect(wrong).toEqual([]);
});

test('a provider is added with a model that passes its test, and its key is not shown again', async () => {
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  const { page, wrong } = await openSettings('models', await app.signUp());
  await page.getByText('No providers yet').waitFor();
  await button(page, 'Add a provider').click();
  await page.getByLabel('Name').fill('Ours');
  await page.getByLabel('API key').fill(providerApiKey);
  await page.getByLabel('Base URL').fill('https://me:secret@example.com/v1');
  await button(page, 'Save and test').click();
  await page.getByRole('dialog').locator('.problem, [role=alert]').first().waitFor();
  const offered = JSON.stringify({ object: 'list', data: [{ id: 'gpt-test', object: 'model' }] });
  vendor.respondAt('/v1/models', { headers: { 'content-type': 'application/json' }, steps: [offered] });
  await page.getByLabel('Base URL').fill(`${vendor.origin}/v1`);
  await button(page, 'Save and test').click();
  await page.getByText('It works: the provider offers one model.').waitFor();
  await page.getByLabel('gpt-test').check();
  await button(page, 'Add').click();
  await page.getByText('Default', { exact: true }).waitFor();
  await chooseAction(page, 'gpt-test', 'Edit');
  await page.getByLabel('Input').fill('1.25');
  await button(page, 'Save').click();
  await page.getByRole('cell', { name: '$1.25' }).waitFor();
  vendor.respondAt('/v1/chat/completions', { steps: [chat.text('Yes.'), chat.stop(), chat.done] });
  await chooseAction(page, 'gpt-test', 'Test');
  await page.getByText(/^Responded in/).waitFor();
  expect(await page.content()).not.toContain(providerApiKey);
  await chooseAction(page, 'Ours', 'Remove');
  await button(page, 'Remove').click();
  await page.getByText('No providers yet').waitFor();
  expect(wrong).toEqual([expect.stringMatching(/^400 .*\/v1\/llm-providers$/)]);
});

test('a webhook is created, receives an event, and receives it again on request', async () => {
  const receiver = await receiverOfTest();
  const person = await app.signUp();
  const { page, wrong } = await openSettings('webhooks', person);
  await button(page, 'New webhook').click();
  await page.getByLabel('URL').fill(receiver.url);
  await button(page, 'Create').click();
  await page
    .getByRole('dialog')
    .getByText(/^whsec_/)
    .waitFor();
  await button(page, 'Done').click();
  await startRun(app, person, await openThread(app, person));
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1);
  await chooseAction(page, receiver.url, 'Deliveries');
  const deliveries = page.getByRole('dialog');
  await expect
    .poll(async () => {
      await deliveries.getByRole('button', { name: 'Refresh' }).click();
      return deliveries.getByRole('listitem').getByText('Delivered').count();
    })
    .toBe(1);
  await deliveries.getByText(/status 200/).waitFor();
  await deliveries.getByText('Payload').click();
  await deliveries.getByText('"type": "run.completed"').waitFor();
  await deliveries.getByRole('button', { name: 'Send again' }).click();
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
  await page.keyboard.press('Escape');
  await chooseAction(page, receiver.url, 'New secret');
  await button(page, 'Replace the secret').click();
  await page
    .getByRole('dialog')
    .getByText(/^whsec_/)
    .waitFor();
  await button(page, 'Done').click();
  await chooseAction(page, receiver.url, 'Remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No webhooks yet').waitFor();
  expect(wrong).toEqual([]);
});

test('lists, menus and dialogs work by keyboard, and an error stands beside its field', async () => {
  const person = await app.signUp();
  await app.call('POST', '/v1/api-keys', { token: person.token, body: { name: 'Nightly report' } });
  const { page, wrong } = await openSettings('profile', person, { viewport: { width: 390, height: 844 } });
  await button(page, /^Time zone/).press('Enter');
  await page.keyboard.type('new york');
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await button(page, 'Time zone America/New York').waitFor();
  const name = page.getByLabel('Name');
  await name.fill('');
  await name.press('Enter');
  await page.getByText('Name is required.').waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
  expect(await accessibilityViolations(page)).toEqual([]);
  await name.fill('Ada');
  expect(await page.getByText('Name is required.').count()).toBe(0);
  await name.press('Enter');
  await page.getByText('Saved').first().waitFor();
  expect(await app.sql('select username, timezone from users where id = $1', [person.id])).toEqual([
    { username: 'Ada', timezone: 'America/New_York' },
  ]);

  await page.getByRole('combobox', { name: 'Page' }).press('Enter');
  await page.getByRole('option', { name: 'Profile' }).and(page.locator(':focus')).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.type('api');
  await page.keyboard.press('Enter');
  const more = button(page, 'More actions for Nightly report');
  await more.press('Enter');
  await page.getByRole('menuitem', { name: 'Revoke' }).and(page.locator(':focus')).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Revoke “Nightly report”?' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await more.and(page.locator(':focus')).waitFor();
  // No content security policy is violated.
  expect(wrong).toEqual([]);
});

test('usage is shown in a chart, and credit transactions are listed', async () => {
  const person = await app.signUp();
  const gift = { account_id: person.accountId, amount: 250, note: 'A gift' };
  await app.call('POST', '/v1/admin/credits/adjust', { token: (await administrator()).token, body: gift });
  const { page, wrong } = await openSettings('usage', person);
  await page.getByText('credits left').waitFor();
  await page.getByRole('cell', { name: 'A gift' }).waitFor();
  await page.getByRole('cell', { name: '+250' }).waitFor();
  expect(await page.locator('.bars .bar').count()).toBe(30);
  expect(wrong).toEqual([]);
});

test('an administrator finds, suspends and activates a user, and must type the login to delete them', async () => {
  const chief = await administrator();
  const person = await app.signUp();
  const { page, wrong } = await openSettings('users', chief);
  await page.getByRole('article').getByLabel('Search').fill(person.login);
  await button(page, `Open ${person.login}`).click();
  await button(page, 'Suspend').click();
  await page
    .getByRole('dialog', { name: `Suspend ${person.login}?` })
    .getByRole('button', { name: 'Suspend' })
    .click();
  await page.getByRole('dialog').getByText('suspended').waitFor();
  expect((await app.call('GET', '/v1/me', { token: person.token })).body.details.reason).toBe('session_revoked');
  await button(page, 'Activate').click();
  await button(page, 'Suspend').waitFor();
  await button(page, 'Delete').click();
  const asked = page.getByRole('dialog', { name: `Delete ${person.login}?` });
  await asked.getByRole('textbox').fill('somebody');
  await asked.getByRole('button', { name: 'Delete' }).click();
  await asked.getByText(`Type “${person.login}” to confirm.`).waitFor();
  await asked.getByRole('textbox').fill(person.login);
  await asked.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No matching users').waitFor();
  expect(wrong).toEqual([]);
});

test('an administrator toggles a feature flag and overrides it for an account', async () => {
  const chief = await administrator();
  const key = 'beta.search';
  await app.call('POST', '/v1/feature-flags', { token: chief.token, body: { key, description: 'A new search', default_value: false } });
  const { page, wrong } = await openSettings('flags', chief);
  const flag = page.getByRole('listitem').filter({ hasText: 'A new search' });
  await flag.getByRole('switch').click();
  await expect.poll(() => app.sql('select default_value from feature_flags where key = $1', [key])).toEqual([{ default_value: true }]);
  await flag.getByRole('button').click();
  await page.getByRole('textbox', { name: 'Account' }).fill('nonsense');
  await button(page, 'Set').click();
  await page.locator('[aria-invalid=true]:focus').waitFor();
  await page.getByRole('textbox', { name: 'Account' }).fill(chief.accountId);
  await button(page, 'Set').click();
  await page.getByRole('dialog').getByRole('listitem').getByText(chief.accountId).waitFor();
  await button(page, `Remove the override of ${chief.accountId}`).click();
  await page.getByText('No account overrides').waitFor();
  expect(wrong).toEqual([expect.stringMatching(/^400 /)]);
});

test('an administrator reads the access log', async () => {
  const chief = await administrator();
  const { call: through } = await startTestGateway(app);
  const { page, wrong } = await openSettings('access-log', chief);
  await page.getByText('No matching requests').waitFor();
  await through('GET', '/v1/me', { token: chief.token });
  await eventually(async () => (await app.sql('select 1 from access_log')).length === 1, 'the line of the access log');
  await button(page, 'Refresh').click();
  await page.getByRole('cell', { name: 'GET /v1/me' }).waitFor();
  await page.getByLabel('Path prefix').fill('/v1/thr');
  await button(page, 'Filter').click();
  await page.getByText('No matching requests').waitFor();
  await page.getByLabel('IP address or network').fill('300.0.0.0/8');
  await button(page, 'Filter').click();
  await page.locator('.problem').waitFor();
  expect(wrong).toEqual([expect.stringMatching(/^400 /)]);
});

test('a user who is not a platform administrator does not see the administration pages', async () => {
  const { page } = await openSettings('keys', await app.signUp());
  const pages = page.getByRole('navigation', { name: 'Settings' });
  await pages.getByRole('link', { name: 'Webhooks' }).waitFor();
  expect(await pages.getByRole('link', { name: 'Users' }).count()).toBe(0);
});

test('every page is accessible in the light and the dark theme and fits a narrow window', { timeout: 120_000 }, async () => {
  const chief = await administrator();
  await app.call('POST', '/v1/api-keys', { token: chief.token, body: { name: 'A key' } });
  await app.call('POST', '/v1/webhook-endpoints', {
    token: chief.token,
    body: { url: 'https://hooks.example.com/in', events: ['run.failed'] },
  });
  const provider = { name: 'Ours', provider: 'openai', api_key: providerApiKey };
  const { body } = await app.call('POST', '/v1/llm-providers', { token: chief.token, body: provider });
  await app.call('POST', `/v1/llm-providers/${body.id}/models`, { token: chief.token, body: { model: 'gpt-test' } });
  const { page } = await openSettings('keys', chief);
  for (const path of ['keys', 'models', 'usage', 'webhooks', 'users', 'flags', 'access-log']) {
    await page.goto(`${app.url}/settings/${path}`);
    await page.getByRole('article').getByRole('heading').first().waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect([path, colorScheme, await accessibilityViolations(page)]).toEqual([path, colorScheme, []]);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => isTooWide(page), { message: path }).toBe(false);
    await page.setViewportSize({ width: 1280, height: 860 });
  }
});
