import { expect, test } from 'vitest';
import { startNestedRuns } from '../../support/agent/programs.ts';
import { toolRunScript, toolThread } from '../../support/agent/toolRun.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessibilityViolations, isTooWide, openBrowser, openPage, setSessionCookie } from '../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

/** The steps of the run: itself, its set-up, three turns, and what they did. */
const stepCount = 17;

test('a user follows a run in the inspector, examines its steps, shares a link to one, and replays it', async () => {
  const gate = Promise.withResolvers<void>();
  const talk = await toolThread(app, [...toolRunScript(gate.promise), chat.answer('Went on.'), chat.answer('Looked again.')]);
  const { page, context, wrong } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await setSessionCookie(context, app.url, talk);
  const runId = await talk.start();
  await page.goto(`${app.url}/chat/${talk.threadId}`);
  await page.getByRole('article', { name: 'Answer' }).getByText('Let me see.').waitFor();
  await page.getByRole('button', { name: 'Show the events of the last run' }).click();

  // Live.
  const pane = page.getByRole('complementary', { name: 'Run', exact: true });
  const step = (name: string) => pane.getByRole('treeitem', { name: new RegExp(`^${name.replaceAll(',', ' ?,')} ?,`) });
  await step('m, Model call, Running').waitFor();
  gate.resolve();
  await step('ask_user, Tool call, Running').waitFor();
  await pane.getByText('Waiting for you').waitFor();
  await talk.input(runId, '{"colour":"red"}');
  await pane.getByText('Completed').waitFor();
  // Present in the first turn if the tool server took more than 3 s, as on a busy machine.
  const discoveries = await pane.getByRole('treeitem').filter({ hasText: 'Ask the tool servers' }).count();
  expect(await pane.getByRole('treeitem').count()).toBe(stepCount + discoveries);

  // By keyboard: closes a turn, goes to a tool, and opens it.
  await step('Turn 1').focus();
  await page.keyboard.press('ArrowLeft');
  expect(await step('Turn 1').getAttribute('aria-expanded')).toBe('false');
  await page.keyboard.press('ArrowRight');
  for (let presses = 3 + discoveries; presses > 0; presses--) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const details = pane.getByRole('region', { name: 'Tool call: slow · tools' });
  await details.getByText('slept').waitFor();
  await details.getByRole('tab', { name: 'Output' }).focus();
  await page.keyboard.press('ArrowLeft');
  await details.getByText('"ms": 200').waitFor();
  await details.getByRole('tab', { name: 'Figures' }).click();
  await details.getByText('Tool call', { exact: true }).waitFor();
  await details.getByRole('tab', { name: 'Events' }).click();
  await details.getByText('tool.result', { exact: true }).first().waitFor();
  expect(page.url()).toBe(`${app.url}/chat/${talk.threadId}?run=${runId}&step=tool-slow`);

  // Filter and search.
  await pane.getByLabel('Search the steps').fill('tool says no');
  await expect.poll(() => pane.getByRole('treeitem').count()).toBe(6);
  await pane.getByLabel('Search the steps').fill('nowhere');
  await pane.getByRole('button', { name: 'Clear the filter' }).click();
  await pane.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Failed or denied' }).click();
  await expect.poll(() => pane.getByRole('treeitem').count()).toBe(6);

  // The width is remembered.
  const separator = pane.getByRole('separator');
  await separator.focus();
  for (const _ of [1, 2]) await page.keyboard.press('Shift+ArrowLeft');
  expect(await separator.getAttribute('aria-valuenow')).toBe('680');
  expect(Math.round((await pane.boundingBox())!.width)).toBe(680);
  expect(await accessibilityViolations(page)).toEqual([]);

  // Another tab opens the link.
  const other = await context.newPage();
  await other.goto(page.url());
  const otherPane = other.getByRole('complementary', { name: 'Run', exact: true });
  await otherPane.getByRole('region', { name: 'Tool call: slow · tools' }).getByText('slept').waitFor();
  expect(Math.round((await otherPane.boundingBox())!.width)).toBe(680);
  // On a phone it is a sheet, in which the step takes the place of the tree.
  await other.setViewportSize({ width: 390, height: 844 });
  const sheet = other.getByRole('dialog', { name: 'Run' });
  await sheet.getByText('slept').waitFor();
  expect([await isTooWide(other), ...(await accessibilityViolations(other))]).toEqual([false]);
  await sheet.getByRole('button', { name: 'Close the step' }).click();
  await sheet.getByRole('tree', { name: 'Steps of the run' }).waitFor();
  expect([await isTooWide(other), ...(await accessibilityViolations(other))]).toEqual([false]);
  await sheet.getByRole('button', { name: 'All runs' }).click();
  await other.getByRole('dialog', { name: 'Runs' }).getByText('Completed').waitFor();
  await other.close();

  // A replay from a step goes on in a copy, with the recorded results. A replay of the whole run can change the message.
  await details.getByRole('button', { name: 'Replay' }).click();
  const fromHere = page.getByRole('dialog', { name: 'Replay from here' });
  await fromHere.getByText('no tool runs again').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await fromHere.getByRole('button', { name: 'Replay in a copy' }).click();
  await page.waitForURL((url) => !url.pathname.includes(talk.threadId));
  await page.getByText('Went on.').first().waitFor();
  await pane.getByText('Completed').waitFor();
  await expect.poll(() => pane.getByRole('treeitem', { name: /Tool call/ }).count()).toBe(0);
  const copied = new URL(page.url()).pathname;
  await step('m, Run').click();
  await pane.getByRole('region', { name: 'Run: m' }).getByRole('button', { name: 'Replay' }).click();
  const asked = page.getByRole('dialog', { name: 'Replay this run' });
  await asked.getByLabel('Message').fill('Look again');
  await asked.getByRole('button', { name: 'Replay in a copy' }).click();
  await page.waitForURL((url) => url.pathname !== copied);
  await pane.getByText('Completed').waitFor();

  await page.getByRole('article', { name: 'Your message' }).getByText('Look again').waitFor();
  await page.getByText('Looked again.').first().waitFor();
  expect(wrong).toEqual([]);

  await step('m, Run').focus();
  await page.keyboard.press('Escape');
  await pane.waitFor({ state: 'detached' });
  expect(new URL(page.url()).search).toBe('');
});

test('the inspector nests the runs of sub-agents', async () => {
  const { person, threadId, runId } = await startNestedRuns(app);
  const { page, context, wrong } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/chat/${threadId}?run=${runId}`);
  const runs = page.getByRole('complementary', { name: 'Run', exact: true }).getByRole('treeitem', { name: /^gpt-test ?, ?Run ?,/ });
  await expect.poll(() => runs.evaluateAll((items) => items.map((item) => item.getAttribute('aria-level')))).toEqual(['1', '4', '7']);
  // The indentation leaves room for the names of the deepest steps.
  const indents = await page
    .locator('.trace-name')
    .evaluateAll((names) =>
      names.map(
        (name) => name.querySelector('.trace-toggle, .trace-dot')!.getBoundingClientRect().left - name.getBoundingClientRect().left,
      ),
    );
  expect(Math.max(...indents)).toBeLessThanOrEqual(90);
  expect(wrong).toEqual([]);
  await context.close();
});
