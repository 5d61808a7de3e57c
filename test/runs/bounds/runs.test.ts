import { expect, test } from 'vitest';
import { dataOf, openScriptedThread } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { setPlatformSettings } from '../../support/app/settings.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { types } from '../../support/http/events.ts';

/* What one run may keep and store, whoever pays for its provider. */

const app = await startTestApp();
const unknownTools = (turn: number, count: number) =>
  callsTools(...Array.from({ length: count }, (_, n): [string, string, string] => [`f${n}`, '', `${turn}-${n}`]));

test('a run whose provider calls 1,000 unknown tools in a turn ends with a reason', async () => {
  const talk = await openScriptedThread(app, { script: [unknownTools(1, 1_000), chat.answer('never asked for')] });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({
    type: 'run.failed',
    error_class: 'provider.non_retryable',
    data: { details: { reason: 'too_many_tool_calls', max_tool_calls: 128 }, resumable: false },
  });
  expect(talk.vendor.requests).toHaveLength(1);
  expect(types(events)).not.toContain('tool.call');
});

test('a run makes a limited number of tool calls and of model calls', async () => {
  await setPlatformSettings(app, { 'limit.tool_calls_per_run': '5' });
  const talk = await openScriptedThread(app, { script: [unknownTools(1, 3), unknownTools(2, 3)] });
  const { events } = await talk.run();
  expect(events.at(-1)).toMatchObject({ error_class: 'agent.tool_calls_exceeded', data: { resumable: false } });
  expect(dataOf(events, 'tool.call')).toHaveLength(3);
  await setPlatformSettings(app, { 'limit.tool_calls_per_run': null });
  const endless = await openScriptedThread(app, { script: Array.from({ length: 201 }, (_, n) => unknownTools(n, 1)) });
  const { events: all } = await endless.run();
  expect(all.at(-1)).toMatchObject({ error_class: 'agent.reasoning_iterations_exceeded' });
  expect(dataOf(all, 'llm.turn.completed')).toHaveLength(200);
});

test('the bytes of the events of a run are counted', async () => {
  const talk = await openScriptedThread(app, { script: [chat.answer('Done.')] });
  const first = await talk.run();
  const [{ event_bytes: counted }] = await app.sql('select event_bytes from runs where id = $1', [first.runId]);
  const bytes = 'select sum(octet_length(data::text) + 128)::int as bytes from run_events where run_id = $1';
  const [{ bytes: stored }] = await app.sql(bytes, [first.runId]);
  // Without those that are stored with the run and with its lease.
  expect(stored - Number(counted)).toBeGreaterThanOrEqual(0);
  expect(stored - Number(counted)).toBeLessThan(1_500);
});
