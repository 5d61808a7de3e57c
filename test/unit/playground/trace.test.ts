import { expect, test } from 'vitest';
import type { RunEvent } from '../../../contract/events.ts';
import { createTrace, replaySeq, type Step } from '../../../docs/playground/src/chat/inspector/trace.ts';
import { nestRuns, noFilter, rowsOf, spanOf } from '../../../docs/playground/src/chat/inspector/tree.ts';
import { startNestedRuns } from '../../support/agent/programs.ts';
import { toolRunScript, toolThread } from '../../support/agent/toolRun.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { readAll } from '../../support/http/events.ts';

const app = await startTestApp();

function stepsOf(events: readonly RunEvent[]) {
  const trace = createTrace();
  for (const event of events) trace.add(event);
  // Present only if the tool server took more than 3 s, as on a busy machine.
  return trace.steps().filter(({ name }) => name !== 'Ask the tool servers');
}

/** The tree as text: name, kind and status of each step, indented by its depth. */
const outline = (steps: readonly Step[]) =>
  rowsOf(steps, new Set(), noFilter).map(({ step, depth }) => `${'  '.repeat(depth)}${step.name} (${step.kind}, ${step.status})`);

const find = (steps: readonly Step[], id: string) => steps.find((step) => step.id === id)!;

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
  const talk = await toolThread(app, toolRunScript());
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

  // A replay from a step keeps the turns before it, and from a tool also its own turn.
  const seqs = ['run', 'route', 'turn-1', 'model-1', 'tool-slow', 'turn-2', 'model-2', 'tool-ask', 'turn-3'].map((id) =>
    replaySeq(steps, find(steps, id)),
  );
  const results = stream.events.filter(({ type }) => type === 'tool.result').map(({ seq }) => seq);
  expect(seqs).toEqual([0, 0, 0, 0, results[3], results[3], results[3], results[4], results[4]]);

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
  const talk = await toolThread(app, [callsTools(['todo_write', { todos: [] }, 'a']), chat.answer('Done.')]);
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
  const failing = await toolThread(app, [chat.failure(400, { message: 'No such model.' })]);
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

  const stopped = await toolThread(app, [{ steps: [chat.text('On and on'), 'stall'] }]);
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
  const { person, runId } = await startNestedRuns(app);
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
});
