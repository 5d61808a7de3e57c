import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { keyPermissions } from '../../../contract/shared/permissions.ts';
import { providerApiKey } from '../../support/agent/providers.ts';
import { chat, startVendor } from '../../support/agent/vendor.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { receiverOfTest } from '../../support/resources/receiver.ts';
import {
  accessibilityViolations,
  chooseAction,
  english,
  goTo,
  isTooWide,
  misalignedTables,
  openBrowser,
  openPage,
  setSessionCookie,
} from '../playground.ts';

let browser: Browser;
let app: TestApp;

beforeAll(async () => {
  browser = await openBrowser();
  app = await startTestApp({ ARKLOOP_WEBHOOK_RETRY_BASE_SECONDS: '0.05' });
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

/** Two runs today, and one half a year ago. */
async function addUsage({ accountId, id }: Person) {
  for (const [model, input, output, cost, ago] of [
    ['=large', 1000, 200, '0.5', 0],
    ['small', 100, 50, '0.01', 0],
    ['small', 300, 100, '0.02', 200],
  ])
    await app.sql(
      `insert into usage_records (account_id, run_id, usage_type, model, user_id, input_tokens, output_tokens,
         cache_creation_input_tokens, cache_read_input_tokens, cached_tokens, cost_usd, recorded_at)
       values ($1, $2, 'llm', $3, $4, $5, $6, 0, 0, 0, $7, now() - make_interval(days => $8))`,
      [accountId, randomUUID(), model, id, input, output, cost, ago],
    );
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

test('memories are written, found, edited and deleted', async () => {
  const person = await app.signUp();
  const { page, wrong } = await openSettings('memory', person);
  const contents = async () =>
    (await app.call('GET', '/v1/memories', { token: person.token })).body.map(({ content }: { content: string }) => content);
  const rows = () => page.locator('.memory').allTextContents();
  await page.getByText('Nothing is remembered yet').waitFor();
  for (const fact of ['Is vegetarian.', '喜欢猫 🐈', 'Prefers short answers.']) {
    await button(page, 'New memory').click();
    await page.getByLabel('Fact').fill(fact);
    await button(page, 'Remember').click();
    await page.getByText(fact).waitFor();
  }
  await page.getByRole('searchbox', { name: 'Search', exact: true }).fill('猫');
  await expect.poll(rows).toEqual(['喜欢猫 🐈']);
  await page.getByRole('searchbox', { name: 'Search', exact: true }).fill('dogs');
  await button(page, 'Clear filters').click();
  await chooseAction(page, 'Is vegetarian.', 'Edit');
  await page.getByLabel('Fact').fill('x'.repeat(501));
  await button(page, 'Save').click();
  await page.locator('.problem').waitFor();
  await page.getByLabel('Fact').fill('Is vegan.');
  await button(page, 'Save').click();
  await expect.poll(rows).toEqual(['Is vegan.', 'Prefers short answers.', '喜欢猫 🐈']);
  await chooseAction(page, 'Prefers short answers.', 'Delete');
  await expect.poll(contents).toEqual(['Is vegan.', '喜欢猫 🐈']);
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Delete all').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all' }).click();
  await page.getByText('Nothing is remembered yet').waitFor();
  expect(await contents()).toEqual([]);
  expect(wrong.filter((each) => !each.startsWith('400 '))).toEqual([]);
});

test('an API key is created in the page, used by a client, and revoked', async () => {
  const { page, wrong } = await openSettings('keys', await app.signUp(), english);
  await page.getByText('No keys yet').waitFor();
  await page.getByText('VS Code').click();
  expect(await page.locator('.section .code code').textContent()).toContain(`"url": "${app.url}/mcp"`);
  await button(page, 'New key').click();
  await page.getByLabel('Name').fill('Nightly report');
  await page.getByText('Selected permissions').click();
  const scopes = await page.getByRole('group', { name: 'Permissions' }).locator('code').allTextContents();
  expect(scopes.toSorted()).toEqual(keyPermissions.toSorted());
  await button(page, 'Create').click();
  await page.getByText('Select at least one permission.').waitFor();
  expect(await page.getByLabel('Read chats').evaluate((box) => box.closest('fieldset')!.contains(document.activeElement))).toBe(true);
  await page.getByLabel('data.threads.read').check();
  await button(page, 'Create').click();
  const apiKey = await page.getByRole('dialog').locator('.code code').textContent();
  await button(page, 'Done').click();
  await page.getByRole('cell', { name: 'Read chats' }).waitFor();
  await expect.poll(() => page.content()).not.toContain(apiKey);

  const program = createClient({ baseUrl: app.url, apiKey: apiKey ?? '' });
  expect(await program.threads.list()).toEqual([]);
  await expect(program.threads.create({ body: {} })).rejects.toMatchObject({ status: 403 });

  await chooseAction(page, 'Nightly report', 'Edit');
  await page.getByRole('combobox', { name: 'Expires' }).click();
  await page.getByRole('option', { name: 'In a year' }).click();
  await page.getByText('Set limits').click();
  await page.getByLabel('Credits per day').fill('0');
  await button(page, 'Save').click();
  await page.getByRole('dialog').locator('.problem').waitFor();
  await page.getByLabel('Credits per day').fill('2500');
  await page.getByLabel('Models').fill('gpt-test, stub');
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Save').click();
  await page.getByRole('cell', { name: '1 limit, 2 models' }).waitFor();
  await chooseAction(page, 'Nightly report', 'Usage');
  await page.getByRole('dialog').getByRole('cell', { name: '0 of 2,500' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Close').click();

  await chooseAction(page, 'Nightly report', 'Rotate');
  expect(await accessibilityViolations(page)).toEqual([]);
  await button(page, 'Rotate').click();
  const rotatedKey = await page.getByRole('dialog').locator('.code code').textContent();
  await button(page, 'Done').click();
  await page.getByText('Earlier secret:').waitFor();
  const rotated = createClient({ baseUrl: app.url, apiKey: rotatedKey ?? '' });
  expect([await program.threads.list(), await rotated.threads.list()]).toEqual([[], []]);

  await chooseAction(page, 'Nightly report', 'Revoke');
  await button(page, 'Revoke').click();
  await page.getByRole('cell', { name: 'Revoked' }).waitFor();
  for (const each of [program, rotated]) await expect(each.threads.list()).rejects.toMatchObject({ status: 401 });
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
  await button(page, 'Add').click();
  await page.getByText('Select a model.').waitFor();
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
  await chooseAction(page, 'Ours', 'Delete');
  await button(page, 'Delete').click();
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
  const row = page.getByRole('row', { name: receiver.url });
  await row.getByText('On', { exact: true }).waitFor();
  receiver.always(500);
  await startRun(app, person, await openThread(app, person));
  await chooseAction(page, receiver.url, 'Deliveries');
  const deliveries = page.getByRole('dialog');
  /** Loads the deliveries and the state of the row anew until they show this. The two requests may be answered from before and after an attempt. */
  const becomes = (delivery: string, state: string) =>
    expect
      .poll(async () => {
        await deliveries.getByRole('button', { name: 'Refresh' }).click();
        const shown = [deliveries.getByRole('listitem').getByText(delivery, { exact: true }), row.getByText(state, { exact: true })];
        return Promise.all(shown.map((each) => each.count()));
      })
      .toEqual([1, 1]);
  await becomes('Failed', 'Failing');
  await deliveries.getByText(/status 500/).waitFor();
  await row.getByText(/^last attempt .*: status 500$/).waitFor();
  expect(await row.getByText(/^first failed /).count()).toBe(1);
  receiver.always(200);
  const failed = receiver.received.length;
  await deliveries.getByRole('button', { name: 'Send again' }).click();
  await becomes('Delivered', 'On');
  await deliveries.getByText(/status 200/).waitFor();
  await deliveries.getByText('Payload').first().click();
  await deliveries.getByText('"type": "run.completed"').waitFor();
  expect(receiver.received.length).toBe(failed + 1);
  await page.keyboard.press('Escape');
  await chooseAction(page, receiver.url, 'New secret');
  await button(page, 'Replace the secret').click();
  await page
    .getByRole('dialog')
    .getByText(/^whsec_/)
    .waitFor();
  await button(page, 'Done').click();
  await chooseAction(page, receiver.url, 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No webhooks yet').waitFor();
  expect(wrong).toEqual([]);
});

test('lists, menus and dialogs work by keyboard, and an error stands beside its field', async () => {
  const person = await app.signUp();
  await app.call('POST', '/v1/api-keys', { token: person.token, body: { name: 'Nightly report' } });
  const { page, wrong } = await openSettings('profile', person, { viewport: { width: 390, height: 844 }, ...english });
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

  await page.getByRole('button', { name: 'Page Profile' }).press('Enter');
  await page.getByRole('option', { name: 'Profile' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.type('api');
  await page.getByRole('option', { name: 'API keys' }).and(page.locator('[aria-selected=true]')).waitFor();
  await page.keyboard.press('Enter');
  // Times are in the zone that was just set.
  await page.getByRole('article').locator('time[title*=" E"]').first().waitFor();
  const more = button(page, 'More actions for Nightly report');
  await more.press('Enter');
  await page.getByRole('menuitem', { name: 'Usage' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('End');
  await page.getByRole('menuitem', { name: 'Revoke' }).and(page.locator(':focus')).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Revoke “Nightly report”?' }).waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await more.and(page.locator(':focus')).waitFor();

  // A long list: its count, its search, and the focus after each action.
  const addProjects = (name: string, many: number) =>
    app.sql(
      `insert into projects (account_id, id, owner_user_id, name, created_at)
       select $1, uuidv7(), $2, $3 || n, now() - make_interval(hours => n) from generate_series(1, $4) n`,
      [person.accountId, person.id, name, many],
    );
  await addProjects('Tide ', 150);
  let refused = 0;
  await page.route(/\/v1\/projects(\?|$)/, async (route) => {
    const { searchParams } = new URL(route.request().url());
    const error = searchParams.has('before') && refused === 1 ? 403 : !searchParams.has('limit') && refused === 0 ? 429 : undefined;
    if (error === undefined) return route.continue();
    refused++;
    const body = JSON.stringify({ error: 'denied', message: 'Not now.', trace_id: '0', details: {} });
    return route.fulfill({ status: error, body, contentType: 'application/json', headers: { 'retry-after': '5' } });
  });
  await page.goto(`${app.url}/settings/projects`);
  const list = page.getByRole('article');
  await list.getByText('The server is busy. Trying again').waitFor();
  const showMore = list.getByRole('button', { name: 'Show more' });
  await showMore.press('Enter');
  await list.getByText('Not now.').waitFor();
  await list.getByRole('button', { name: 'Try again' }).click();
  await list.getByText('120 shown').waitFor();
  await showMore.press('Enter');
  await list.getByText('All 151 shown').and(page.locator(':focus')).waitFor();
  expect(await page.locator('.sidebar .folder').count(), 'the folders leave room for the chats').toBeLessThan(12);
  await button(page, 'More actions for Tide 140').press('Enter');
  await page.getByRole('menuitem', { name: 'Delete' }).press('Enter');
  await button(page, 'Delete').press('Enter');
  await button(page, 'More actions for Tide 141').and(page.locator(':focus')).waitFor();
  const place = () => page.evaluate(() => document.querySelector('.scroll')?.scrollTop ?? 0);
  const left = await place();
  await goTo(page, '/settings/teams');
  await page.getByRole('heading', { name: 'Teams', exact: true }).waitFor();
  expect([left > 1_000, await place()]).toEqual([true, 0]);
  await page.goBack();
  await button(page, 'More actions for Tide 141').waitFor();
  expect(Math.abs((await place()) - left)).toBeLessThan(100);
  await list.getByRole('searchbox', { name: 'Search projects' }).fill('tide 77');
  await list.getByText('1 of 150 match').waitFor();
  expect(await list.getByRole('row').count()).toBe(2);
  expect(await accessibilityViolations(page)).toEqual([]);
  await list.getByRole('searchbox').fill('ebb');
  await button(page, 'Clear the search').press('Enter');
  await list.getByText('150 of 150').or(list.getByText('All 150 shown')).first().waitFor();
  // A search of very many rows asks whether to go on.
  await app.sql(`update projects set created_at = created_at - interval '1 year' where account_id = $1`, [person.accountId]);
  await addProjects('Swell ', 2_000);
  await page.reload();
  await list.getByRole('searchbox').fill('tide 77');
  await list.getByText(/^0 of 2,0\d\d match$/).waitFor();
  await button(page, 'Search further').press('Enter');
  await list.getByText('1 of 2,150 match').waitFor();
  // No content security policy is violated.
  expect(wrong).toEqual([expect.stringMatching(/^429 /), expect.stringMatching(/^403 /)]);
});

test('usage is shown by day and by model in a range, in charts and tables, and is exported', async () => {
  const person = await app.signUp();
  const admin = await administrator();
  const gift = { account_id: person.accountId, amount: 250, note: 'A gift' };
  await app.call('POST', '/v1/admin/credits/adjust', { token: admin.token, body: gift });
  await addUsage(person);
  await app.call('PATCH', '/v1/me', { token: person.token, body: { timezone: 'America/New_York' } });
  const { page, wrong } = await openSettings('usage', person, english);
  const figure = (name: string, value: string) =>
    page
      .locator('.usage-totals > div')
      .filter({ hasText: `${name}${value}` })
      .waitFor();
  await page.locator('.chart-bars .recharts-bar-rectangle path').first().waitFor();
  await figure('Runs', '2');
  await figure('Input tokens', '1,100');
  await page.getByRole('heading', { name: 'By day (America/New York)' }).waitFor();
  await page.getByRole('row', { name: /large/ }).first().waitFor();

  const choose = async (range: string) => {
    await page.getByRole('combobox', { name: 'Range' }).click();
    await page.getByRole('option', { name: range }).click();
  };
  await choose('Last 12 months');
  await figure('Runs', '3');
  await page.getByRole('heading', { name: 'By day (UTC)' }).waitFor();
  await page.getByText('Whole workspace').click();
  await page.getByRole('radio', { name: 'Cost' }).check();
  const byMonth = page.getByRole('figure').filter({ hasText: 'large' });
  await byMonth.getByText('Show as table').click();
  await byMonth.getByRole('columnheader', { name: '=large' }).waitFor();
  expect(await byMonth.getByRole('row').count()).toBe(13);
  await byMonth.locator('.chart-bars').hover({ position: { x: 400, y: 100 } });
  await page.locator('.chart-tooltip').getByText('small').waitFor();
  for (const viewport of [
    { width: 1280, height: 860 },
    { width: 390, height: 844 },
  ]) {
    await page.setViewportSize(viewport);
    expect([await isTooWide(page), ...(await accessibilityViolations(page))]).toEqual([false]);
  }

  await page.reload();
  await figure('Runs', '3');
  await page.getByRole('button', { name: 'Export' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'By model (CSV)' }).click()]);
  const csv = await readFile(await download.path(), 'utf8');
  expect(csv).toContain('month,model,input_tokens,output_tokens,cost_usd,runs\r\n');
  expect(csv).toMatch(/^\d{4}-\d{2},'=large,1000,200,0\.5,1\r$/m);
  await choose('Last 30 days');
  await figure('Runs', '2');
  await page.getByRole('heading', { name: 'By day (America/New York)' }).waitFor();
  await choose('Custom range');
  await page.getByLabel('To', { exact: true }).fill('2020-01-01');
  await page.getByText('The last day is before the first.').waitFor();

  await goTo(page, '/settings/plan');
  await page.getByText('credits left').waitFor();
  await page.getByRole('cell', { name: '+250' }).waitFor();
  expect(wrong).toEqual([]);
});

test('a developer tries a chat completion, streamed and not, and copies the code', async () => {
  const owner = await app.signUp();
  const vendor = await startVendor();
  onTestFinished(vendor.close);
  vendor.respondWith(chat.answer('Ahoy! ', 'Über 🌊'), chat.answer('At once.'));
  const provider = {
    name: 'Ours',
    provider: 'openai',
    api_key: providerApiKey,
    base_url: `${vendor.origin}/v1`,
    openai_api_mode: 'chat_completions',
  };
  const { body } = await app.call('POST', '/v1/llm-providers', { token: owner.token, body: provider });
  await app.call('POST', `/v1/llm-providers/${body.id}/models`, { token: owner.token, body: { model: 'gpt-test' } });
  const { page, wrong } = await openSettings('openai-api', owner);
  await page.getByText(`${app.url}/v1`, { exact: true }).waitFor();
  const answer = page.getByRole('region', { name: 'Answer' });
  const code = page.locator('.section', { has: page.getByRole('heading', { name: 'Code' }) }).locator('.code code');
  await page.getByLabel('Message').fill("It's 5 o'clock");
  expect(await code.textContent()).toContain(`-d '{"model":"gpt-test","stream":true,`);
  expect(await code.textContent()).toContain(String.raw`It'\''s 5 o'\''clock`);
  await button(page, 'Send').click();
  await answer.getByText('Ahoy! Über 🌊').waitFor();
  await answer.getByText(/first text after .* tokens/).waitFor();
  await page.getByLabel('Stream the answer').uncheck();
  await page.getByText('Python').click();
  expect(await code.textContent()).toContain(`OpenAI(base_url="${app.url}/v1")`);
  expect(await code.textContent()).not.toContain('stream');
  await button(page, 'Send').click();
  await answer.getByText('At once.', { exact: true }).waitFor();
  await answer.getByText('Response', { exact: true }).click();
  await answer.getByText('"object": "chat.completion"').waitFor();
  expect(vendor.requests.map(({ body: { model, messages } }) => [model, (messages as { content: string }[]).at(-1)!.content])).toEqual([
    ['gpt-test', "It's 5 o'clock"],
    ['gpt-test', "It's 5 o'clock"],
  ]);
  expect(wrong).toEqual([]);
  // No further answer: the vendor fails.
  await button(page, 'Send').click();
  await page.getByRole('alert').waitFor();
});

test('a user who is not a platform administrator does not see the administration pages', async () => {
  const { page } = await openSettings('keys', await app.signUp());
  const pages = page.getByRole('navigation', { name: 'Settings' });
  await pages.getByRole('link', { name: 'Webhooks' }).waitFor();
  expect(await pages.getByRole('link', { name: 'Users' }).count()).toBe(0);
});

test('every page is accessible in the light and the dark theme and fits a narrow window', async () => {
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
  for (const path of ['keys', 'openai-api', 'models', 'usage', 'webhooks']) {
    await goTo(page, `/settings/${path}`);
    await page.getByRole('article').getByRole('heading').first().waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
    await page.emulateMedia({ colorScheme: 'light' });
    expect([path, await accessibilityViolations(page), await misalignedTables(page)]).toEqual([path, [], []]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect([path, 'dark', await accessibilityViolations(page, { onlyColors: true })]).toEqual([path, 'dark', []]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => isTooWide(page), { message: path }).toBe(false);
    await page.setViewportSize({ width: 1280, height: 860 });
  }
});
