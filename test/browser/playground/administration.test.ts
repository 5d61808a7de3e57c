import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { actionText } from '../../../docs/playground/src/pages/audit/actions.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv, startTestGateway } from '../../support/gateway/testGateway.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { accessibilityViolations, english, goTo, isTooWide, openBrowser, openPage, setSessionCookie } from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_LIMIT_TEAM_MEMBERS: '25' });
});

/** Opens a settings page with the session of a new platform administrator. */
async function openSettings(path: string) {
  const chief = await app.signUp();
  await app.promote(chief);
  const visitor = await openPage(browser, english);
  await setSessionCookie(visitor.context, app.url, chief);
  await visitor.page.goto(`${app.url}/settings/${path}`);
  return { ...visitor, chief };
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const dialogOf = (page: Page) => page.getByRole('dialog');
const toPage = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name, exact: true }).click();

/** Chooses an action of the ⋯ menu of a row or a page. */
async function choose(page: Page, of: string, action: string) {
  await button(page, `More actions for ${of}`).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
}

/** Chooses an option of a select. */
async function select(page: Page, label: string, option: string) {
  await page.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

/** The row of the audit log, and what its details say. */
async function auditDetails(page: Page, action: string) {
  await goTo(page, `/settings/platform-audit?action=${action}`);
  const text = actionText(action);
  await page.getByRole('cell').getByText(text, { exact: true }).waitFor();
  await choose(page, text, 'Show details');
  await dialogOf(page).getByRole('heading', { name: text }).waitFor();
  const details = (await dialogOf(page).textContent()) ?? '';
  await page.keyboard.press('Escape');
  return details;
}

test('an administrator finds a user, adjusts credits, makes a plan and a code, sends a broadcast, and reads it all in the audit log', async () => {
  const person = await app.signUp();
  const mine = { token: person.token };
  const { page, wrong } = await openSettings('users');

  // From the user to their account, and the credits.
  await page.getByRole('article').getByLabel('Search').fill(person.login);
  await expect.poll(() => page.url()).toContain(`q=${person.login}`);
  await page.getByRole('link', { name: person.login, exact: true }).click();
  await page.getByRole('heading', { name: person.login }).waitFor();
  await page.getByRole('table', { name: 'Accounts' }).getByRole('link').click();
  await page.getByRole('heading', { name: 'Ledger' }).waitFor();
  const account = (await page.getByRole('article').getByRole('heading', { level: 2 }).textContent()) ?? '';
  await button(page, 'Adjust credits').click();
  await button(page, 'Adjust').click();
  await dialogOf(page).getByText('Credits is required.').waitFor();
  await page.getByLabel('Credits', { exact: true }).fill('-5000000');
  await button(page, 'Adjust').click();
  await dialogOf(page).getByRole('alert').waitFor();
  await page.getByLabel('Credits', { exact: true }).fill('250');
  await page.getByLabel('Note (optional)').fill('A gift');
  await button(page, 'Adjust').click();
  await page.getByRole('cell', { name: '+250' }).waitFor();
  await page.getByRole('cell', { name: 'A gift' }).waitFor();

  // A plan with a limit, for the account.
  // The search finds pages of both areas by their keywords.
  const search = page.getByRole('searchbox', { name: 'Search settings' });
  await search.fill('smtp');
  await expect.poll(() => page.getByRole('navigation', { name: 'Settings' }).getByRole('link').allTextContents()).toEqual(['Email']);
  await search.fill('');
  await toPage(page, 'Plans');
  await button(page, 'New plan').first().click();
  await page.getByLabel('Display name').fill('Small team');
  await page.getByLabel('Name', { exact: true }).fill('small-team');
  await page.getByLabel('Entitlement to add').click();
  await page.getByPlaceholder('Search…').fill('team_members');
  await page.keyboard.press('Enter');
  await button(page, 'Add').click();
  await page.getByLabel('limit.team_members', { exact: true }).fill('5');
  await button(page, 'Create').click();
  await page.getByRole('cell', { name: 'limit.team_members 5' }).waitFor();
  await toPage(page, 'Accounts');
  await page.getByRole('article').getByLabel('Search').fill(account);
  await choose(page, account, 'Subscribe to a plan');
  await select(page, 'Plan', 'Small team');
  await button(page, 'Subscribe').click();
  await dialogOf(page).waitFor({ state: 'hidden' });
  expect((await app.call('GET', '/v1/subscriptions', mine)).body).toMatchObject([{ status: 'active' }]);

  // A code, which the user redeems.
  await toPage(page, 'Codes and referrals');
  await button(page, 'New codes').first().click();
  await page.getByLabel('Credits', { exact: true }).last().fill('40');
  await button(page, 'Create').click();
  const code = (await dialogOf(page).locator('.code code').textContent()) ?? '';
  await button(page, 'Done').click();
  expect((await app.call('POST', '/v1/me/redeem', { ...mine, body: { code } })).body).toMatchObject({ type: 'credits', value: '40' });

  // A broadcast to the account, which the user receives.
  await toPage(page, 'Broadcasts');
  await button(page, 'New broadcast').first().click();
  await page.getByText('One account', { exact: true }).click();
  await button(page, 'Account').click();
  await page.getByPlaceholder('Name or slug').fill(account);
  await page.getByRole('option', { name: account }).click();
  await page.getByLabel('Title').fill('Welcome');
  await page.getByLabel('Message').fill('Your plan is ready.');
  await button(page, 'Send').click();
  await page.getByRole('cell', { name: 'completed' }).waitFor();
  expect((await app.call('GET', '/v1/notifications', mine)).text).toContain('Your plan is ready.');

  expect(await auditDetails(page, 'credits.adjust')).toContain('250');
  expect(await auditDetails(page, 'broadcast.create')).toContain('Welcome');
  expect(wrong).toEqual([expect.stringMatching(/^409 .*\/v1\/admin\/credits\/adjust$/)]);
});

test('an administrator suspends and activates a user, and must type the login to delete them', async () => {
  const person = await app.signUp();
  const { page, wrong, chief } = await openSettings(`users?q=${person.login}`);
  await choose(page, person.login, 'Suspend');
  await button(page, 'Suspend').click();
  await page.getByRole('cell', { name: 'suspended' }).waitFor();
  expect((await app.call('GET', '/v1/me', { token: person.token })).body.details.reason).toBe('session_revoked');
  await page.getByRole('link', { name: person.login, exact: true }).click();
  await choose(page, person.login, 'Reactivate');
  await button(page, 'Reactivate').click();
  await page.getByRole('article').getByText('active', { exact: true }).waitFor();
  await choose(page, person.login, 'Delete');
  await dialogOf(page).getByRole('textbox').fill('somebody');
  await button(page, 'Delete').click();
  await dialogOf(page).locator('.problem').waitFor();
  await dialogOf(page).getByRole('textbox').fill(person.login);
  await button(page, 'Delete').click();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await page.getByRole('article').getByLabel('Search').fill(person.login);
  await page.getByText('Nothing matches').waitFor();
  await button(page, 'Clear filters').click();
  await page.getByRole('link', { name: chief.login, exact: true }).waitFor();
  expect(wrong).toEqual([]);
});

test('settings, email and gateway say beside the field what is wrong, and keep what is right', async () => {
  const { page, wrong, chief } = await openSettings('platform-settings?show=environment');
  await page.getByText('ARKLOOP_LIMIT_TEAM_MEMBERS').waitFor();
  await choose(page, 'limit.team_members', 'Change');
  await dialogOf(page).getByText('applies once the variable is removed').waitFor();
  await page.keyboard.press('Escape');
  await goTo(page, '/settings/platform-settings?q=required_from');
  await choose(page, 'auth.second_factor_required_from', 'Change');
  await page.getByLabel('Value').fill('2099-01-31T09:30');
  await button(page, 'Save').click();
  await page.getByRole('cell').getByText(/2099/).waitFor();
  await app.call('DELETE', '/v1/admin/platform-settings/auth.second_factor_required_from', { token: chief.token });
  await goTo(page, '/settings/platform-settings?q=initial_grant');
  await choose(page, 'credit.initial_grant', 'Change');
  await page.getByLabel('Value').fill('1.5');
  await button(page, 'Save').click();
  await dialogOf(page).getByText('Enter a whole number.').waitFor();
  await page.getByLabel('Value').fill('321');
  await button(page, 'Save').click();
  await page.getByText('Changed', { exact: true }).waitFor();
  const { accountId, token } = await app.signUp();
  expect((await app.call('GET', '/v1/me/credits', { token })).body).toMatchObject({ balance: 321 });
  await choose(page, 'credit.initial_grant', 'Reset to the default');
  await button(page, 'Reset').click();
  await page.getByText('Changed', { exact: true }).waitFor({ state: 'hidden' });

  await toPage(page, 'Gateway');
  await page.getByLabel('Trusted proxies').fill('10.0.0.0/33');
  await button(page, 'Save').click();
  await page.locator('.problem').waitFor();
  await page.getByLabel('Trusted proxies').fill('10.0.0.0/8 192.0.2.0/24');
  await button(page, 'Save').click();
  await page.getByText('Saved', { exact: true }).waitFor();
  expect((await app.call('GET', '/v1/admin/gateway-config', { token: chief.token })).body.trusted_cidrs).toEqual([
    '10.0.0.0/8',
    '192.0.2.0/24',
  ]);
  const rule = { name: 'login', path: '/v1/auth/**', methods: ['POST'], count_by: 'address', capacity: 20, per_minute: 10 };
  await button(page, 'Add a limit').click();
  await button(page, 'Add a limit').click();
  await button(page, 'Remove the new limit').first().click();
  const limit = page.getByRole('region', { name: 'New limit' });
  await limit.getByLabel('Name').fill(rule.name);
  await limit.getByLabel('Path').fill(rule.path);
  await limit.getByLabel('Requests per minute').fill('10');
  await limit.getByLabel('Burst').fill('20');
  await limit.getByLabel('Methods').fill('post, fetch');
  await button(page, 'Save').click();
  await limit.getByText('“fetch” must be GET, HEAD').waitFor();
  await limit.getByLabel('Methods').fill('post');
  await page.getByLabel('Allowed networks').fill('203.0.113.0/24');
  await page.getByLabel('Reject requests for maintenance').check();
  await button(page, 'Save').click();
  const stored = async () => (await app.call('GET', '/v1/admin/gateway-config', { token: chief.token })).body;
  await expect.poll(stored).toMatchObject({ rate_limit_rules: [rule], maintenance: true, maintenance_allowed_cidrs: ['203.0.113.0/24'] });

  await toPage(page, 'Email');
  await page.getByLabel('Recipient').fill('me@example.com');
  await button(page, 'Send a test email').click();
  await page.getByText('Save a sender and a mail server first.').waitFor();
  await page.getByLabel('Sender').fill('Arkloop <noreply@example.com>');
  await button(page, 'Save').click();
  await page.getByText('Is required with a sender.').waitFor();
  await page.getByLabel('Mail server').fill('mail.example.com');
  await page.getByLabel('Password').fill('very secret');
  await button(page, 'Save').click();
  await page.getByText('Emails are sent from').waitFor();
  await page.getByText('A password is stored.').waitFor();

  await goTo(page, `/settings/accounts/${accountId}`);
  await button(page, 'Set an override').click();
  await page.getByLabel('Entitlement', { exact: true }).click();
  await page.getByPlaceholder('Search…').fill('concurrent_runs');
  await page.keyboard.press('Enter');
  await page.getByLabel('Value').fill('7');
  await button(page, 'Set').click();
  await page.getByRole('cell', { name: 'limit.concurrent_runs', exact: true }).waitFor();
  expect(wrong).toEqual([
    expect.stringMatching(/^400 .*gateway-config$/),
    expect.stringMatching(/^400 .*gateway-config$/),
    expect.stringMatching(/^503 .*email\/test$/),
    expect.stringMatching(/^400 .*email\/config$/),
  ]);
});

test('an administrator makes a feature flag, turns it on, and overrides it for an account', async () => {
  const key = 'beta.search';
  const { page, wrong, chief } = await openSettings('flags');
  await button(page, 'New flag').click();
  await page.getByLabel('Key').fill(key);
  await button(page, 'Create').click();
  await page.getByRole('switch', { name: key }).click();
  await expect.poll(() => app.sql('select default_value from feature_flags where key = $1', [key])).toEqual([{ default_value: true }]);
  await choose(page, key, 'Account overrides');
  await button(page, 'Set').click();
  await dialogOf(page).getByText('Account is required.').waitFor();
  await button(page, 'Account').click();
  await page.getByPlaceholder('Name or slug').fill(chief.login);
  await page.getByRole('option', { name: chief.login }).click();
  await button(page, 'Set').click();
  await dialogOf(page).getByRole('cell', { name: 'off' }).waitFor();
  expect((await app.call('GET', '/v1/me/feature-flags', { token: chief.token })).text).toContain(key);
  expect(wrong).toEqual([]);
});

test('an administrator makes a service key with scopes, a program uses it, and the audit log names it', async () => {
  const { page, wrong, chief } = await openSettings('service-keys');
  await page.getByText('No service keys yet').waitFor();
  await button(page, 'New service key').click();
  await page.getByLabel('Name').fill('Billing');
  await button(page, 'Create').click();
  await page.getByText('Select at least one permission.').waitFor();
  await page.getByLabel('Read usage').check();
  await page.getByLabel('Credits of accounts').check();
  await page.getByLabel('Allowed addresses').fill('somewhere');
  await button(page, 'Create').click();
  await dialogOf(page).locator('.problem').waitFor();
  await page.getByLabel('Allowed addresses').fill('127.0.0.0/8\n::1/128');
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Create').click();
  const key = (await dialogOf(page).locator('.code code').textContent()) ?? '';
  await button(page, 'Done').click();
  await page.getByRole('cell', { name: '2 networks' }).waitFor();
  const program = createClient({ baseUrl: app.url, apiKey: key });
  await program.credits.adjust({ body: { account_id: chief.accountId, amount: 5 } });
  await expect(program.users.list()).rejects.toMatchObject({ status: 403, reason: 'service_key_not_allowed' });

  await choose(page, 'Billing', 'Rotate');
  await button(page, 'Rotate').click();
  const rotated = (await dialogOf(page).locator('.code code').textContent()) ?? '';
  await button(page, 'Done').click();
  await page.getByText('Earlier secret:').waitFor();
  await choose(page, 'Billing', 'Edit');
  await page.getByLabel('Requests per minute').fill('60');
  await button(page, 'Save').click();
  await page.getByText('60 requests per minute').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await choose(page, 'Billing', 'Revoke');
  await button(page, 'Revoke').click();
  await page.getByRole('cell', { name: 'Revoked' }).waitFor();
  for (const apiKey of [key, rotated])
    await expect(createClient({ baseUrl: app.url, apiKey }).usage.summary()).rejects.toMatchObject({ status: 401 });
  await goTo(page, '/settings/platform-audit?action=credits.adjust');
  await page.getByRole('cell', { name: 'Service key' }).first().waitFor();
  // The addresses that were no networks.
  expect(wrong).toEqual([`400 ${app.url}/v1/admin/service-keys`]);
});

test('an administrator looks up a run of another account, which is recorded', async () => {
  const person = await app.signUp();
  const run = await startRun(app, person, await openThread(app, person));
  const { page, wrong } = await openSettings('runs');
  await page.getByLabel('Run ID').fill('nonsense');
  await button(page, 'Look up').click();
  await page.getByText('Enter the complete ID of a run.').waitFor();
  await page.getByLabel('Run ID').fill(run);
  await button(page, 'Look up').click();
  await page.getByRole('link', { name: person.login, exact: true }).waitFor();
  expect(await auditDetails(page, 'admin.run_view')).toContain(run);
  expect(wrong).toEqual([]);
});

test('an administrator reads the access log', async () => {
  const { call: through } = await startTestGateway(app);
  const { page, wrong, chief } = await openSettings('access-log');
  await page.getByText('No requests yet').waitFor();
  await through('GET', '/v1/me', { token: chief.token });
  await eventually(async () => (await app.sql('select 1 from access_log')).length === 1, 'the line of the access log');
  await button(page, 'Refresh').click();
  await page.getByRole('cell', { name: 'GET /v1/me' }).waitFor();
  // Exact to the second, with the time zone.
  await page.getByRole('cell', { name: /\d:\d\d:\d\d [AP]M \S+/ }).waitFor();
  await page.getByLabel('Path prefix').fill('/v1/thr');
  await button(page, 'Filter').click();
  await page.getByText('Nothing matches').waitFor();
  await page.getByLabel('IP address or network').fill('300.0.0.0/8');
  await button(page, 'Filter').click();
  await page.locator('.problem').waitFor();
  expect(wrong).toEqual([expect.stringMatching(/^400 /)]);
});

test('the pages fit a narrow window, and are accessible in both themes', async () => {
  const { page, chief } = await openSettings('dashboard');
  const person = await app.signUp();
  const post = (path: string, body: object) => app.call('POST', path, { token: chief.token, body });
  await post('/v1/admin/redemption-codes/batch', { count: 1, type: 'credits', value: '5' });
  const entitlements = [{ key: 'limit.team_members', value: '9', value_type: 'integer' }];
  await post('/v1/plans', { name: 'large', display_name: 'Large', entitlements });
  const thread = await app.call('POST', '/v1/threads', { token: person.token, body: {} });
  await app.call('POST', `/v1/threads/${thread.body.id}:report`, { token: person.token, body: { categories: ['inaccurate'] } });
  const show = async (path: string) => {
    await goTo(page, `/settings/${path}`);
    await page.getByRole('article').getByRole('heading').first().waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
  };
  await page.setViewportSize({ width: 390, height: 844 });
  const lists = [
    'users',
    'accounts',
    'plans',
    'broadcasts',
    'service-keys',
    'reports',
    'erasures',
    'runs',
    'gateway',
    'flags',
    'platform-audit',
    'access-log',
  ];
  for (const path of [...lists, `users/${person.id}`]) {
    await show(path);
    await expect.poll(() => isTooWide(page), { message: path }).toBe(false);
  }
  // The search stays in view, the other filters are behind a button.
  await show('accounts');
  const search = page.getByRole('searchbox', { name: 'Search', exact: true });
  expect([await search.isVisible(), await page.getByRole('combobox', { name: 'Status' }).isVisible()]).toEqual([true, false]);
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  await page.getByRole('combobox', { name: 'Status' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await search.fill('nowhere');
  await page.getByRole('button', { name: 'Filters (1)' }).waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('cell', { name: person.login }).first().waitFor();
  // One page of each kind: chart, table with tabs, detail, table of settings, form.
  for (const path of ['dashboard', 'codes', `accounts/${person.accountId}`, 'platform-settings?q=limit', 'mail']) {
    await show(path);
    await expect.poll(() => isTooWide(page), { message: path }).toBe(false);
    await page.emulateMedia({ colorScheme: 'light' });
    expect([path, await accessibilityViolations(page)]).toEqual([path, []]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect([path, 'dark', await accessibilityViolations(page, { onlyColors: true })]).toEqual([path, 'dark', []]);
  }
});

test('the audit log and usage are downloaded, and an admin sets when low credits are announced', async () => {
  const { page, wrong, chief } = await openSettings('account');
  const threshold = page.getByLabel('Tell admins when credits fall below');
  await threshold.fill('250');
  await button(page, 'Save').click();
  await page.getByText('Saved', { exact: true }).waitFor();
  const read = async () =>
    (await app.sql('select low_credit_threshold from accounts where id = $1', [chief.accountId]))[0].low_credit_threshold;
  expect(await read()).toBe(250);
  await page.reload();
  expect(await threshold.inputValue()).toBe('250');
  await threshold.fill('');
  await button(page, 'Save').click();
  await eventually(async () => (await read()) === null, 'the threshold is that of the platform');

  /** The text of the file that a choice of the menu downloads. */
  const download = async (choice: string) => {
    await button(page, 'Export').click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: choice, exact: true }).click()]);
    return { name: file.suggestedFilename(), text: readFileSync((await file.path()) ?? '', 'utf8') };
  };
  await goTo(page, '/settings/audit-log?action=account.update');
  await page.getByRole('cell').getByText('Workspace changed', { exact: true }).first().waitFor();
  const log = await download('JSON lines');
  expect(log.name).toBe('audit-log.ndjson');
  expect(log.text).toContain('"low_credit_threshold":250');
  expect(log.text).toMatch(/\n\{"end":\{"rows":2\}\}\n$/);
  expect((await download('CSV')).text).toMatch(/^id,account_id,.*,before_state,after_state,created_at\r\n/);

  await goTo(page, '/settings/usage?of=account');
  expect((await download('All records (CSV)')).text).toMatch(/^account_id,run_id,.*,"recorded_at"\r\n$/);
  await goTo(page, '/settings/dashboard');
  expect((await download('JSON lines')).text).toMatch(/^(\{"account_id":.*\n)*\{"end":\{"rows":\d+\}\}\n$/);
  expect(await accessibilityViolations(page)).toEqual([]);
  expect(wrong).toEqual([]);
});
