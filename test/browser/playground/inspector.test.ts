import { expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { createTrace, type Step } from '../../../docs/playground/src/chat/inspector/trace.ts';
import { nestRuns, noFilter, rowsOf, spanOf } from '../../../docs/playground/src/chat/inspector/tree.ts';
import { addRandomPersona, openScriptedThread } from '../../support/agent/agent.ts';
import { followProgram, program } from '../../support/agent/programs.ts';
import { addScriptedModel } from '../../support/agent/scriptedModel.ts';
import { addToolServer, askUserArgs, callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { openStream, readAll } from '../../support/http/events.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { accessibilityViolations, isTooWide, openBrowser, openPage, setSessionCookie } from '../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

function stepsOf(events: readonly RunEvent[]) {
  const trace = createTrace();
  for (const event of events) trace.add(event);
  return trace.steps();
}

/** The tree as text: name, kind and status of each step, indented by its depth. */
const outline = (steps: readonly Step[]) =>
  rowsOf(steps, new Set(), noFilter).map(({ step, depth }) => `${'  '.repeat(depth)}${step.name} (${step.kind}, ${step.status})`);

const find = (steps: readonly Step[], id: string) => steps.find((step) => step.id === id)!;

const reasons = chat.delta({ reasoning_content: 'Let me see.' });
const busy = chat.failure(503, { message: 'busy' });

/** A run with reasoning, four tools, a retry, a question, and an answer. */
const script = (gate: Promise<unknown> | number = 40): ScriptedResponse[] => [
  {
    steps: [
      reasons,
      { wait: gate },
      chat.text('First, I look.'),
      ...callsTools(
        ['todo_write', { todos: [{ id: '1', content: 'Look', status: 'completed' }] }, 'look'],
        ['mcp__tools__slow', { ms: 200 }, 'slow'],
        ['mcp__tools__fail', {}, 'fail'],
        ['nothing_such', {}, 'none'],
      ).steps!,
    ],
  },
  busy,
  callsTools(['ask_user', askUserArgs(), 'ask']),
  chat.answer('All is ', 'done.'),
];

async function openToolThread(responses: ScriptedResponse[]) {
  const person = await app.signUp();
  await addToolServer(app, person);
  return openScriptedThread(app, { person, message: 'Look around', script: responses });
}

const whole = [
  'm (run, done)',
  '  Queue (setup, done)',
  '  Choose the model (setup, done)',
  '  Turn 1 (turn, done)',
  '    m (model, done)',
  '    todo_write (tool, done)',
  '    mcp__tools__slow (tool, done)',
  '    mcp__tools__fail (tool, failed)',
  '    nothing_such (tool, denied)',
  '  Turn 2 (turn, done)',
  '    m (model, failed)',
  '    Wait before retry (wait, done)',
  '    m (model, done)',
  '    ask_user (tool, done)',
  '      Wait for an answer (wait, done)',
  '  Turn 3 (turn, done)',
  '    m (model, done)',
];

test('a run becomes a tree of turns, model calls, tools and waits with their times, tokens and cost', async () => {
  const talk = await openToolThread(script());
  const runId = await talk.start();
  const stream = await talk.follow(runId);
  await stream.until(({ type }) => type === 'run.waiting_for_input');
  const waiting = stepsOf(stream.events);
  expect(waiting.filter(({ status }) => status === 'running').map(({ id }) => id)).toEqual([
    'run',
    'turn-2',
    'tool-ask',
    expect.stringMatching(/^wait-/),
  ]);
  await talk.input(runId, '{"colour":"red"}');
  await stream.ended;
  const steps = stepsOf(stream.events);
  expect(outline(steps)).toEqual(whole);

  for (const { name, start, end } of steps) expect(end, name).toBeGreaterThanOrEqual(start);
  for (const { id, parentId, start, end } of steps) {
    if (parentId === undefined) continue;
    const parent = find(steps, parentId);
    expect(start, id).toBeGreaterThanOrEqual(parent.start);
    expect(end, id).toBeLessThanOrEqual(parent.end!);
  }
  const slow = find(steps, 'tool-slow');
  expect(slow.end! - slow.start).toBeGreaterThanOrEqual(200);
  // Announced together with the slow one, but executed after its 200 ms. Events are stored some time after what they tell.
  expect(find(steps, 'tool-fail').start).toBeGreaterThanOrEqual(slow.start + 100);
  expect(find(steps, 'tool-fail')).toMatchObject({ input: {}, error: { error_class: 'mcp.tool_error', message: 'The tool says no.' } });
  const [first, failed, retried] = ['model-1', 'model-2', 'model-2.2'].map((id) => find(steps, id));
  expect(first!.firstTokenAt! - first!.start).toBeGreaterThanOrEqual(0);
  expect(first).toMatchObject({
    reasoning: 'Let me see.',
    usage: { input_tokens: 100, output_tokens: 20 },
    input: [{ message_id: expect.any(String) }],
  });
  expect(first!.output).toMatchObject({ text: 'First, I look.', tool_calls: [{ tool_name: 'todo_write' }, {}, {}, {}] });
  expect(failed).toMatchObject({ error: { error_class: 'provider.retryable', message: 'busy' } });
  expect(failed!.input).toHaveLength(4);
  expect(retried!.start - failed!.end!).toBeGreaterThanOrEqual(500);
  expect(find(steps, 'model-3').output).toBe('All is done.');

  const rows = rowsOf(steps, new Set(), noFilter);
  const totals = (id: string) => rows.find(({ step }) => step.id === id)!.totals;
  expect(totals('turn-2')).toMatchObject({ input: 100, output: 20 });
  const { body: run } = await app.call('GET', `/v1/runs/${runId}`, { token: talk.token });
  expect(totals('run')).toMatchObject({ input: run.total_input_tokens, output: run.total_output_tokens, hasCost: true });
  expect(totals('run').costMicros).toBe(Math.round(run.total_cost_usd * 1e6));
  expect(spanOf(steps, 0)).toEqual({ start: Date.parse(run.created_at), end: steps[0]!.end });

  const shown = (filter: object, closed: string[] = []) =>
    rowsOf(steps, new Set(closed), { ...noFilter, ...filter }).map(({ step }) => step.id);
  expect(shown({ kind: 'tool', status: 'failed' })).toEqual(['run', 'turn-1', 'tool-fail', 'tool-none']);
  expect(shown({ text: 'SLEPT' })).toEqual(['run', 'turn-1', 'tool-slow', 'turn-2', 'model-2', 'model-2.2']);
  expect(shown({}, ['turn-1', 'turn-2'])).toEqual(['run', 'queue', 'route', 'turn-1', 'turn-2', 'turn-3', 'model-3']);
});

test('a run that is read event by event gives the same tree as one that is read at once', async () => {
  const talk = await openToolThread([callsTools(['todo_write', { todos: [] }, 'a']), chat.answer('Done.')]);
  const { events } = await talk.run();
  const trace = createTrace();
  let before: readonly Step[] = [];
  for (const event of events) {
    trace.add(event);
    const now = trace.steps();
    expect(new Set(now.map(({ id }) => id)).size).toBe(now.length);
    expect(now.filter((step) => before.includes(step)).length).toBeGreaterThanOrEqual(before.length - 4);
    before = now;
  }
  expect(before).toEqual(stepsOf(events));
});

test('runs that fail or are stopped end their open steps, with the error at the model call', async () => {
  const failing = await openToolThread([chat.failure(400, { message: 'No such model.' })]);
  const { events } = await failing.run();
  const failed = stepsOf(events);
  expect(outline(failed)).toEqual([
    'm (run, failed)',
    '  Queue (setup, done)',
    '  Choose the model (setup, done)',
    '  Turn 1 (turn, failed)',
    '    m (model, failed)',
  ]);
  expect(find(failed, 'model-1').error).toMatchObject({ message: expect.stringContaining('No such model.') });

  const stopped = await openToolThread([{ steps: [chat.text('On and on'), 'stall'] }]);
  const runId = await stopped.start();
  const stream = await stopped.follow(runId);
  await stream.until(({ type }) => type === 'message.delta');
  await stopped.cancel(runId);
  await stream.ended;
  const steps = stepsOf(stream.events);
  expect(outline(steps).slice(0, 1)).toEqual(['m (run, stopped)']);
  expect(find(steps, 'model-1')).toMatchObject({ status: 'stopped', output: 'On and on', end: expect.any(Number) });
});

test('child runs are nested below the tool calls that started them', async () => {
  const person = await app.signUp();
  await addScriptedModel(app, person, followProgram);
  const persona_id = await addRandomPersona(app, person, { tool_allowlist: ['subagents'] });
  const waiting: [string, object][] = [['wait_agent', { ids: ['$0.agent_id'] }]];
  const child = program([['spawn_agent', { input: program('Below.') }]], waiting, 'Child.');
  const threadId = await openThread(app, person, program([['spawn_agent', { input: child }]], waiting, 'Done.'));
  const runId = await startRun(app, person, threadId, { persona_id });
  await (
    await openStream(app.url, runId, person)
  ).ended;
  const readRun = async (id: string): Promise<{ run: any; steps: readonly Step[] }[]> => {
    const run = (await app.call('GET', `/v1/runs/${id}`, { token: person.token })).body;
    const below: { run: any; steps: readonly Step[] }[][] = await Promise.all(run.child_run_ids.map(readRun));
    return [{ run, steps: stepsOf(await readAll(app.url, id, person.token)) }, ...below.flat()];
  };
  const [parent, ...children] = await readRun(runId);
  const setup = (indent: string) => [`${indent}Queue (setup, done)`, `${indent}Choose the model (setup, done)`];
  expect(outline(nestRuns(parent!.steps, children))).toEqual([
    'gpt-test (run, done)',
    ...setup('  '),
    '  Turn 1 (turn, done)',
    '    gpt-test (model, done)',
    '    spawn_agent (tool, done)',
    '      gpt-test (run, done)',
    ...setup('        '),
    '        Turn 1 (turn, done)',
    '          gpt-test (model, done)',
    '          spawn_agent (tool, done)',
    '            gpt-test (run, done)',
    ...setup('              '),
    '              Turn 1 (turn, done)',
    '                gpt-test (model, done)',
    '        Turn 2 (turn, done)',
    '          gpt-test (model, done)',
    '          wait_agent (tool, done)',
    '        Turn 3 (turn, done)',
    '          gpt-test (model, done)',
    '  Turn 2 (turn, done)',
    '    gpt-test (model, done)',
    '    wait_agent (tool, done)',
    '  Turn 3 (turn, done)',
    '    gpt-test (model, done)',
  ]);

  const { page, context, wrong } = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  await setSessionCookie(context, app.url, person);
  await page.goto(`${app.url}/chat/${threadId}?run=${runId}`);
  const runs = page.getByRole('complementary', { name: 'Run', exact: true }).getByRole('treeitem', { name: /^gpt-test ?, ?Run ?,/ });
  await expect.poll(() => runs.evaluateAll((items) => items.map((item) => item.getAttribute('aria-level')))).toEqual(['1', '4', '7']);
  expect(wrong).toEqual([]);
  await context.close();
});

test('a user follows a run in the inspector, examines its steps, shares a link to one, and replays it', async () => {
  const gate = Promise.withResolvers<void>();
  const talk = await openToolThread([...script(gate.promise), chat.answer('Looked again.')]);
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
  expect(await pane.getByRole('treeitem').count()).toBe(whole.length);

  // By keyboard: closes a turn, goes to a tool, and opens it.
  await step('Turn 1').focus();
  await page.keyboard.press('ArrowLeft');
  expect(await step('Turn 1').getAttribute('aria-expanded')).toBe('false');
  await page.keyboard.press('ArrowRight');
  for (const _ of ['model', 'todo_write', 'slow']) await page.keyboard.press('ArrowDown');
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

  // A replay runs in a copy, with a changed message.
  await details.getByRole('button', { name: 'Replay' }).click();
  const asked = page.getByRole('dialog', { name: 'Replay this run' });
  await asked.getByText('the steps before this one are repeated too').waitFor();
  await asked.getByLabel('Message').fill('Look again');
  await asked.getByRole('button', { name: 'Replay in a copy' }).click();
  await page.waitForURL((url) => !url.pathname.includes(talk.threadId));
  await pane.getByText('Completed').waitFor();

  await page.getByRole('article', { name: 'Your message' }).getByText('Look again').waitFor();
  await page.getByText('Looked again.').first().waitFor();
  expect(wrong).toEqual([]);

  await step('m, Run').focus();
  await page.keyboard.press('Escape');
  await pane.waitFor({ state: 'detached' });
  expect(new URL(page.url()).search).toBe('');
});
