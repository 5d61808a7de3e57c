import { expect, test } from 'vitest';
import type { RunEvent } from '../../../client/index.ts';
import { openRunViewer, type RunView } from '../../../client/run/runView.ts';
import {
  asks,
  cancels,
  completes,
  fails,
  type RunStep,
  says,
  type Script,
  scriptRun,
  thinks,
  usesTool,
} from '../../../client/testing/index.ts';

const viewOf = (events: readonly RunEvent[]): RunView => {
  const viewer = openRunViewer();
  for (const event of events) viewer.add(event);
  return viewer.view();
};
const view = (script: Script) => viewOf(scriptRun(script));
const brief = ({ parts }: RunView) => parts.map((part) => (part.type === 'tool' ? [part.name, part.state] : [part.type, part.text]));

test('text, thinking and calls become parts in the order of their events', () => {
  const seen = view([
    thinks('Let me see.'),
    says('I look. '),
    usesTool('web_search', { q: 'a' }, { hits: 1 }),
    usesTool('web_fetch', { url: 'x' }, new Error('It is down.')),
    says('Here it is.'),
    completes({ message_id: 'm', usage: { output_tokens: 3 }, cost: { currency: 'USD', amount_micros: 7 } }),
  ]);
  expect(brief(seen)).toEqual([
    ['thinking', 'Let me see.'],
    ['text', 'I look. '],
    ['web_search', 'done'],
    ['web_fetch', 'failed'],
    ['text', 'Here it is.'],
  ]);
  expect(seen).toMatchObject({
    status: 'completed',
    ended: true,
    text: 'I look. Here it is.',
    messageId: 'm',
    continuesMessageId: undefined,
    usage: { output_tokens: 3 },
  });
  expect(seen.toolCalls).toMatchObject([
    { argumentsText: '{"q":"a"}', arguments: { q: 'a' }, result: { hits: 1 }, error: undefined, durationMs: 5 },
    { result: undefined, error: { message: 'It is down.' } },
  ]);
  expect(new Set(seen.parts.map(({ key }) => key)).size).toBe(5);
});

test('a failed model call is visible until it is repeated', () => {
  const failed: RunStep = {
    type: 'run.llm.retry',
    data: {
      attempt: 1,
      max_attempts: 3,
      delay_ms: 2_000,
      error_class: 'provider.retryable',
      message: 'Slow down',
      details: { status_code: 429 },
    },
  };
  const waiting = scriptRun([failed]).slice(0, 2);
  const at = Date.parse(waiting.at(-1)!.created_at) + 2_000;
  expect(viewOf(waiting).retry).toMatchObject({ at, attempt: 1, max_attempts: 3, message: 'Slow down', details: { status_code: 429 } });
  expect(viewOf(scriptRun([failed, says('Here.')]).slice(0, 3)).retry).toBeUndefined();
  expect(view([failed, fails('Out of luck.')]).retry).toBeUndefined();
});

const call = (id: string, index: number): RunStep => ({
  type: 'tool.call.delta',
  data: { tool_call_index: index, arguments_delta: '{', tool_call_id: id, tool_name: `tool_${index}` },
});
const made = (id: string, index: number): RunStep => ({
  type: 'tool.call',
  data: { tool_call_id: id, tool_name: `tool_${index}`, arguments: {} },
});
const more = (index: number): RunStep => ({ type: 'tool.call.delta', data: { tool_call_index: index, arguments_delta: '}' } });

test('the deltas of two concurrent calls are kept apart, and a call with a replaced id stays one call', () => {
  const writing = [call('a', 0), call('b', 1), more(0), more(1)];
  expect(view(writing).toolCalls).toMatchObject([
    { callId: 'a', name: 'tool_0', state: 'preparing', argumentsText: '{}' },
    { callId: 'b', name: 'tool_1', state: 'preparing', argumentsText: '{}' },
  ]);
  expect(view([...writing, made('b', 1)]).toolCalls.map(({ state }) => state)).toEqual(['preparing', 'running']);
  const replaced = view([...writing, made('call_9', 0), made('b', 1)]);
  expect(replaced.toolCalls.map(({ callId, state }) => [callId, state])).toEqual([
    ['call_9', 'running'],
    ['b', 'running'],
  ]);
});

test('a denied call stays denied and has the reason', () => {
  const tool = { tool_call_id: 'a', tool_name: 'exec' };
  const seen = view([
    made('a', 0),
    { type: 'tool.denied', data: { ...tool, code: 'policy.denied', message: 'Not here.', deny_reason: 'tool.not_in_allowlist' } },
    { type: 'tool.result', data: { ...tool, error: { error_class: 'policy.denied', message: 'Not here.' }, duration_ms: 0 } },
  ]);
  expect(seen.toolCalls).toMatchObject([{ state: 'denied', error: { message: 'Not here.' } }]);
});

const retry = (from: number): RunStep => ({
  type: 'run.llm.retry',
  data: { attempt: 1, max_attempts: 3, delay_ms: 1, error_class: 'provider.retryable', discard_from_seq: from },
});

test('a retry removes exactly the discarded events, also within a text', () => {
  const before: Script = [says('Kept. '), usesTool('web_search', {}, {}), asks('Which?', 'Blue')];
  const start = scriptRun(before).length;
  // The discarded text continues a text part of the turn before.
  const middle = scriptRun([says('One '), says('two three '), retry(3), says('2 3')]);
  expect(brief(viewOf(middle))).toEqual([['text', 'One 2 3']]);
  const seen = view([before, thinks('Hm'), says('Half an'), call('x', 0), retry(start + 1), says('A whole one'), completes()]);
  expect(brief(seen)).toEqual([
    ['text', 'Kept. '],
    ['web_search', 'done'],
    ['input', 'Blue'],
    ['text', 'A whole one'],
  ]);
  const recovered = view([before, says('Lost'), { type: 'run.recovered', data: { attempt: 2, discard_from_seq: start + 1 } }]);
  expect(recovered.text).toBe('Kept. ');
  expect(view([says('Not lost'), { type: 'run.recovered', data: { attempt: 2, discard_from_seq: 99 } }]).text).toBe('Not lost');
});

test('a question is pending until it is answered or the run ends or is cancelled', () => {
  const asking = view([asks('Which?', undefined, { request_id: 'r', reason: 'check_in' })]);
  expect(asking).toMatchObject({ status: 'waiting_for_input', question: { request_id: 'r', message: 'Which?', reason: 'check_in' } });
  expect(view([asks('Which?', 'Blue')])).toMatchObject({ status: 'running', question: undefined });
  expect(view([asks('Which?'), cancels()])).toMatchObject({ status: 'cancelled', question: undefined, ended: true });
  expect(view([asks('Which?'), { type: 'run.cancel_requested', data: {} }])).toMatchObject({ status: 'cancelling', question: undefined });
});

test('a failure has its reason, and unknown events are ignored', () => {
  expect(view([says('x'), fails('No more', { error_class: 'budget.exceeded', resumable: true })])).toMatchObject({
    status: 'failed',
    ended: true,
    text: 'x',
    failure: { error_class: 'budget.exceeded', message: 'No more', resumable: true },
  });
  const events = scriptRun([says('x')]);
  const unknown = { ...events.at(-1)!, seq: 99, type: 'agent.dreamt' } as unknown as RunEvent;
  expect(viewOf([...events, unknown])).toEqual({ ...viewOf(events), lastSeq: 99 });
});

test('an unchanged part is the same object in every view', () => {
  const viewer = openRunViewer();
  const events = scriptRun([says('One '), usesTool('web_search', {}, {}), says('Two ')]);
  for (const event of events.slice(0, -1)) viewer.add(event);
  const before = viewer.view().parts;
  viewer.add(events.at(-1)!);
  const after = viewer.view().parts;
  expect(after.slice(0, 2).map((part, at) => part === before[at])).toEqual([true, true]);
  expect(after[2]).toMatchObject({ type: 'text', text: 'Two ' });
});

test('viewing 5,000 deltas, each on arrival, takes less than 200 ms', () => {
  const events = scriptRun([says('lorem ipsum dolor sit amet '.repeat(1_000)), completes()]);
  expect(events.length).toBeGreaterThan(5_000);
  const costs = [0, 1, 2].map(() => {
    const viewer = openRunViewer();
    const before = process.cpuUsage();
    for (const event of events) {
      viewer.add(event);
      viewer.view();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  console.info(`5 000 deltas, a view after each: ${Math.min(...costs).toFixed(0)} ms`);
  // Typically 15 ms.
  expect(Math.min(...costs)).toTakeLessThan(200);
});
