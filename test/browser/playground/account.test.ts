import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { type Person, startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { startAuthorizationServer, startProtectedServer } from '../../support/mcp/authorizationServer.ts';
import { writeFiles } from '../../support/resources/files.ts';
import {
  accessibilityViolations,
  chooseAction,
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
  app = await startTestApp();
});

/** Opens a page with the session of a user. */
async function open(path: string, person: Person) {
  const visitor = await openPage(browser);
  await setSessionCookie(visitor.context, app.url, person);
  await visitor.page.goto(app.url + path);
  return visitor;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const dialogOf = (page: Page) => page.getByRole('dialog');

test('an owner invites a colleague, who signs up by the link and becomes an admin', async () => {
  const owner = await app.signUp();
  const colleague = { login: `mate-${owner.login}`, email: `mate-${owner.login}@example.test` };
  const { page, wrong } = await open('/settings/members', owner);
  await page.getByText('This is your personal workspace').waitFor();
  await button(page, 'New workspace').click();
  await page.getByLabel('Name', { exact: true }).fill(`Harbor ${owner.login}`);
  await button(page, 'Create').click();
  await button(page, 'Invite').click();
  await page.getByLabel('Email').fill(colleague.email);
  await button(page, 'Send the invitation').click();
  const link = (await dialogOf(page).locator('code').textContent()) ?? '';
  await button(page, 'Done').click();
  await page.getByRole('cell', { name: colleague.email, exact: true }).waitFor();

  const invited = await openPage(browser);
  await invited.page.goto(app.url + new URL(link).pathname);
  await invited.page.getByText('You were invited to a workspace').waitFor();
  await invited.page.getByRole('link', { name: 'Create an account' }).click();
  await invited.page.getByLabel('Login').fill(colleague.login);
  await invited.page.getByLabel('Email').fill(colleague.email);
  await invited.page.getByLabel('Password').fill('Passw0rd-1');
  await button(invited.page, 'Create the account').click();
  await button(invited.page, 'Accept the invitation').click();
  await button(invited.page, 'Send verification email').waitFor();
  await app.sql('update users set email_verified_at = now() where email = $1', [colleague.email]);
  await button(invited.page, 'Accept the invitation').click();
  await invited.page.getByText(`Harbor ${owner.login}`).waitFor();
  expect(invited.page.url()).toBe(`${app.url}/`);

  await page.reload();
  await chooseAction(page, colleague.login, 'Make admin');
  await page
    .getByRole('row', { name: new RegExp(colleague.login) })
    .getByText('Admin', { exact: true })
    .waitFor();
  await page.getByText('No open invitations').waitFor();

  await goTo(page, '/settings/teams');
  await button(page, 'New team').click();
  await page.getByLabel('Name', { exact: true }).fill('Pilots');
  await button(page, 'Create').click();
  await chooseAction(page, 'Pilots', 'Manage members');
  await page.getByLabel('Member to add').click();
  await page.getByRole('option', { name: colleague.login }).click();
  await button(page, 'Add').click();
  await dialogOf(page).getByRole('cell', { name: colleague.login, exact: true }).waitFor();
  await page.keyboard.press('Escape');

  await goTo(page, '/settings/projects');
  await page.getByRole('article').getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Tide tables');
  await page.getByLabel('Visible to').click();
  await page.getByRole('option', { name: 'Pilots' }).click();
  await button(page, 'Create').click();
  await page.getByRole('row', { name: /Tide tables Pilots/ }).waitFor();
  await chooseAction(page, 'Tide tables', 'Files', page.getByRole('article'));
  await page.getByText('No files here').waitFor();
  await page.keyboard.press('Escape');
  const [project] = await app.sql("select id, account_id from projects where name = 'Tide tables' and owner_user_id = $1", [owner.id]);
  await writeFiles(app, { id: owner.id, accountId: project.account_id }, project.id, { 'data/brest.md': 'High water at 04:12' });
  await chooseAction(page, 'Tide tables', 'Files', page.getByRole('article'));
  await button(page, 'data').click();
  await button(page, 'brest.md').click();
  await page.getByText('High water at 04:12').waitFor();
  // The button of the menu had the focus for a moment; its tooltip must not stay.
  expect(await page.locator('.tooltip').count()).toBe(0);
  await button(page, 'All files').click();

  const files = dialogOf(page);
  const fileNames = () => files.locator('.files > li > button').allTextContents();
  const upload = (text: string, ...names: string[]) =>
    files.locator('input[type=file]').setInputFiles(names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })));
  await upload('Low water at 10:30', 'brest.md', 'Zürich 🏔️.txt');
  await button(page, 'Replace').click();
  await expect.poll(fileNames).toEqual(['Zürich 🏔️.txt', 'brest.md']);
  await button(page, 'brest.md').click();
  await page.getByText('Low water at 10:30').waitFor();
  await button(page, 'All files').click();
  expect(await accessibilityViolations(page, { part: '[role=dialog]' })).toEqual([]);
  await chooseAction(page, 'brest.md', 'Rename or move');
  await page.getByLabel('Path', { exact: true }).fill('/data/Zürich 🏔️.txt');
  await button(page, 'Save').click();
  await files.locator('.problem').waitFor();
  await page.getByLabel('Path', { exact: true }).fill('/archive/2026/brest.md');
  await button(page, 'Save').click();
  await expect.poll(fileNames).toEqual(['Zürich 🏔️.txt']);
  await button(page, 'Files').click();
  await expect.poll(fileNames).toEqual(['archive', 'data']);
  const [zip] = await Promise.all([page.waitForEvent('download'), button(page, 'Download as zip').click()]);
  expect(zip.suggestedFilename()).toBe('Tide tables.zip');
  expect((await readFile(await zip.path())).includes('archive/2026/brest.md')).toBe(true);
  await chooseAction(page, 'archive', 'Delete', files);
  await page.getByText('The folder is deleted with everything in it.').waitFor();
  await button(page, 'Delete').click();
  await expect.poll(fileNames).toEqual(['data']);
  await page.keyboard.press('Escape');

  await goTo(page, '/settings/audit-log');
  // A choice in words, and a code that is typed.
  const actions = page.getByRole('button', { name: /^Action/ });
  await actions.click();
  await page.getByPlaceholder('Search…').fill('invitation acc');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: new RegExp(`Invitation accepted.*${colleague.login}`) }).waitFor();
  expect(page.url()).toContain('action=account_invitation.accept');
  await chooseAction(page, 'Invitation accepted', 'Show details');
  await dialogOf(page).getByText('account_invitation.accept', { exact: true }).waitFor();
  await dialogOf(page).getByText('member').waitFor();
  await page.keyboard.press('Escape');
  await actions.click();
  await page.getByPlaceholder('Search…').fill('tide.turn');
  await page.getByRole('option', { name: 'tide.turn' }).click();
  await page.getByText('Nothing matches').waitFor();
  expect(await actions.textContent()).toContain('tide.turn');
  expect([wrong, invited.wrong]).toEqual([[expect.stringMatching(/^409 .*rename$/)], [expect.stringMatching(/^403 .*accept$/)]]);
});

test('a persona is written beside its preview, and a tool server shows its tools', async () => {
  const owner = await app.signUp();
  const server = await startSdkServer((tools) => {
    tools.registerTool('tides', { description: 'High and low water', annotations: { readOnlyHint: true } }, () => ({ content: [] }));
  });
  const { page, wrong } = await open('/settings/tool-servers', owner);
  await page.getByText('No tool servers yet').waitFor();
  await button(page, 'Add a server').click();
  await page.getByLabel('Name', { exact: true }).fill('harbor');
  await page.getByLabel('URL').fill('http://127.0.0.1:1/mcp');
  await button(page, 'Save and test').click();
  await dialogOf(page).getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
  await chooseAction(page, 'harbor', 'Edit');
  await page.getByLabel('URL').fill(server.url);
  await button(page, 'Save and test').click();
  await dialogOf(page).getByText('High and low water').waitFor();
  await dialogOf(page).getByText('One tool').waitFor();
  await page.keyboard.press('Escape');

  // A server that requires authorization, which this authorization server grants at once.
  const locked = await startProtectedServer(await startAuthorizationServer(), (tools) => {
    tools.registerTool('charts', { description: 'Sea charts' }, () => ({ content: [] }));
  });
  await button(page, 'Add a server').click();
  await page.getByLabel('Name', { exact: true }).fill('archive');
  await page.getByLabel('URL').fill(locked.url);
  await button(page, 'Save and test').click();
  await dialogOf(page).getByText('The tool server requires authorization.', { exact: true }).waitFor();
  await dialogOf(page)
    .getByText(/^The test took \d.*\.$/)
    .waitFor();
  const archive = page.getByRole('row', { name: /archive.*Not connected/, includeHidden: true });
  await archive.waitFor();
  expect(await archive.getByText('On', { exact: true }).count()).toBe(0);
  await dialogOf(page).getByRole('button', { name: 'Connect' }).click();
  await page.getByText('archive is connected', { exact: true }).waitFor();
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/settings/tool-servers');
  await page.getByRole('row', { name: /archive.*Connected.*On/ }).waitFor();
  await chooseAction(page, 'archive', 'Test');
  await dialogOf(page).getByText('Sea charts').waitFor();
  await page.keyboard.press('Escape');
  await chooseAction(page, 'archive', 'Disconnect');
  await page.getByText('The access to archive is deleted', { exact: true }).waitFor();
  await page.goto(`${app.url}/oauth/mcp/${crypto.randomUUID()}?error=access_denied&error_description=Call+us`);
  await page.getByText('Access was not granted.').waitFor();
  expect(await page.getByText('Call us').count()).toBe(0);
  await page.getByRole('link', { name: 'Back to the tool servers' }).click();
  await page.getByRole('row', { name: /archive/ }).waitFor();

  await goTo(page, '/settings/skills');
  await button(page, 'Upload a skill').click();
  const upload = (content: string) =>
    page.getByLabel('Zip archive or SKILL.md').setInputFiles({ name: 'SKILL.md', mimeType: 'text/markdown', buffer: Buffer.from(content) });
  await upload('# No front matter');
  await button(page, 'Upload').click();
  await page.getByText('must begin with YAML front matter').waitFor();
  await upload('---\nname: tide-tables\ndescription: Reads tide tables.\n---\n\nFind the port first.\n');
  await button(page, 'Upload').click();
  await page.getByText('Skill uploaded', { exact: true }).waitFor();
  await chooseAction(page, 'tide-tables', 'Show files');
  await dialogOf(page).getByRole('button', { name: 'SKILL.md' }).click();
  await dialogOf(page).getByText('Find the port first.').waitFor();
  await page.keyboard.press('Escape');
  await chooseAction(page, 'tide-tables', 'Turn off');
  await page.getByText('tide-tables is off', { exact: true }).waitFor();

  await goTo(page, '/settings/personas');
  await button(page, 'New persona').click();
  await page.getByLabel('tide-tables').check();
  await page.getByLabel('Name', { exact: true }).fill('Harbor pilot');
  await page.getByLabel('System prompt').fill('You know the **tides**.');
  await page.getByRole('complementary', { name: 'Preview' }).locator('strong', { hasText: 'tides' }).waitFor();
  await page.getByLabel('Allowed tools').fill('mcp__harbor');
  await button(page, 'Create').click();
  await button(page, 'Save').waitFor();
  await page.getByRole('tab', { name: 'Try it' }).click();
  await page.getByLabel('Message', { exact: true }).fill('When is high water?');
  await button(page, 'Start a chat').click();
  await page.waitForURL(/\/chat\//);
  await page.getByText('When is high water?').first().waitFor();
  // The worker resolves the persona.
  await expect
    .poll(() => app.sql('select persona_id from runs where account_id = $1', [owner.accountId]))
    .toEqual([{ persona_id: expect.stringContaining('harbor-pilot') }]);

  await goTo(page, '/settings/ip-rules');
  await button(page, 'New rule').click();
  await page.getByLabel('Network').fill('203.0.113.0/24');
  await button(page, 'Create').click();
  await page.getByText('Do it anyway').waitFor();
  await page.getByLabel('Rule', { exact: true }).click();
  await page.getByRole('option', { name: 'Block' }).click();
  await button(page, 'Create').click();
  await page.getByRole('cell', { name: '203.0.113.0/24', exact: true }).waitFor();
  await chooseAction(page, '203.0.113.0/24', 'Delete');
  await button(page, 'Delete').click();
  await page.getByText('No rules yet').waitFor();

  await goTo(page, '/settings/plan');
  await page.getByLabel('Code', { exact: true }).fill('NOTHING');
  await button(page, 'Redeem').click();
  await page.getByText('There is no such code.').waitFor();
  expect(wrong).toEqual([
    expect.stringMatching(/^400 .*skills/),
    expect.stringMatching(/^409 .*ip-rules/),
    expect.stringMatching(/^404 .*redeem$/),
  ]);
});

/** Pages whose structure differs. The others are checked for their width only. */
const distinct = ['notifications', 'members', 'personas', 'web-search', 'plan', 'audit-log'];
const paths = [...distinct, 'workspaces', 'account', 'teams', 'projects', 'skills', 'tool-servers', 'speech', 'ip-rules'];

test('the pages of an account are accessible, alternately in both themes, and fit a phone', async () => {
  const { page } = await open('/settings/profile', await app.signUp());
  const found: string[] = [];
  const check = async (name: string) => found.push(...(await accessibilityViolations(page)).map((problem) => `${name}: ${problem}`));
  for (const [index, path] of paths.entries()) {
    await page.setViewportSize({ width: 390, height: 844 });
    await goTo(page, `/settings/${path}`);
    await page.getByRole('article').getByRole('heading', { level: 2 }).waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
    if (await isTooWide(page)) found.push(`${path}: wider than the window`);
    if (!distinct.includes(path)) continue;
    await page.emulateMedia({ colorScheme: index % 2 === 0 ? 'light' : 'dark' });
    if (index % 3 === 0) await page.setViewportSize({ width: 1280, height: 860 });
    found.push(...(await misalignedTables(page)).map((table) => `${path}: the cells of “${table}” are beside their headings`));
    await check(path);
    if (path !== 'personas') continue;
    await button(page, 'New persona').click();
    if (await isTooWide(page)) found.push('editor: wider than the window');
    await check('editor');
  }
  expect(found).toEqual([]);
});
