import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { RunEventInput } from '../../contract/events.ts';
import { createAvailableTools } from '../../server/agent/tools/availableTools.ts';
import { createCallReports } from '../../server/agent/tools/callReports.ts';
import { type CallDeps, finishCall, startCalls, toolCallStep } from '../../server/agent/tools/executeCalls.ts';
import { defineTool, ToolFailure } from '../../server/agent/tools/tool.ts';
import { maxResultBytes, truncateResult } from '../../server/agent/tools/truncateResult.ts';
import { validateCalls } from '../../server/agent/tools/validateCalls.ts';

const input = z.strictObject({ ms: z.int().default(0), say: z.string().default('') });
let running = 0;
let maxRunning = 0;

/** Sleeps `ms` and records the maximum concurrency. With `deaf` it ignores the abort signal. */
const sleeper = (name: string, parallel: boolean, deaf = false) =>
  defineTool({
    name,
    description: name,
    input,
    parallel,
    async run({ ms, say }, { signal }) {
      maxRunning = Math.max(maxRunning, ++running);
      try {
        await wait(ms, undefined, deaf ? {} : { signal });
        if (say === 'throw') throw new Error('secret of ours');
        if (say === 'lose') throw new Error('Connection terminated unexpectedly');
        if (say === 'fail') throw new ToolFailure('tool.fetch_failed', 'No.', { status_code: 500 });
        return { result: { say } };
      } finally {
        running--;
      }
    },
  });
const tools = [sleeper('safe', true), sleeper('unsafe', false), sleeper('deaf', true, true), sleeper('deafUnsafe', false, true)];
const offer = createAvailableTools(tools, { tool_allowlist: [], tool_denylist: [], core_tools: [] });

type Wanted = [name: string, args: object];

/** Runs the calls of a turn. Returns the emitted steps, results and duration. */
async function runCalls(wanted: Wanted[], changes: Partial<CallDeps> = {}) {
  const run = { id: 'r', account_id: 'a', thread_id: 't', created_by_user_id: null, trace_id: '' };
  const deps: CallDeps = {
    run,
    memory: new Map(),
    timeoutMs: undefined,
    maxParallel: 32,
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
    reports: createCallReports(),
    canAsk: false,
    authorize: async () => undefined,
    guard: () => undefined,
    ...changes,
  };
  const calls = wanted.map(([name, args], at) => ({ id: `c${at}`, name, arguments: JSON.stringify(args) }));
  maxRunning = 0;
  const began = performance.now();
  const steps: RunEventInput[] = [];
  const judged = validateCalls(calls, offer);
  steps.push(...judged.map(toolCallStep));
  for (const { call, outcome } of startCalls(judged, deps)) steps.push(...finishCall(call, await outcome()));
  const results = steps.flatMap((step) => (step.type === 'tool.result' ? [step.data] : []));
  return { steps, results, classes: results.map(({ error }) => error?.error_class), ms: performance.now() - began, most: maxRunning };
}

test('parallel-safe calls run concurrently, others sequentially, and results keep the order of the calls', async () => {
  const safe = await runCalls([300, 200, 100].map((ms): Wanted => ['safe', { ms, say: String(ms) }]));
  expect(safe.most).toBe(3);
  expect(safe.results.map(({ result }) => result!.say)).toEqual(['300', '200', '100']);
  const unsafe = await runCalls([100, 100].map((ms): Wanted => ['unsafe', { ms }]));
  expect(unsafe.ms).toBeGreaterThanOrEqual(195);
  expect(unsafe.most).toBe(1);
  const mixed = await runCalls([
    ['safe', { ms: 50 }],
    ['unsafe', { ms: 50 }],
    ['safe', { ms: 50 }],
  ]);
  expect(mixed.most).toBe(1);
});

test('at most `maxParallel` calls run concurrently', async () => {
  const calls = Array.from({ length: 9 }, (): Wanted => ['safe', { ms: 20 }]);
  expect((await runCalls(calls, { maxParallel: 3 })).most).toBe(3);
  expect((await runCalls(calls, { maxParallel: 1 })).most).toBe(1);
});

test('the failure of a parallel call affects neither running nor waiting calls', async () => {
  const calls: Wanted[] = [
    ['safe', { say: 'throw' }],
    ['safe', { ms: 60, say: 'slow' }],
    ['safe', { say: 'fail' }],
    ['safe', { say: 'late' }],
  ];
  for (const maxParallel of [1, 2, 32]) {
    const { classes, results } = await runCalls(calls, { maxParallel });
    expect(classes).toEqual(['tool.execution_failed', undefined, 'tool.fetch_failed', undefined]);
    expect(results.map(({ result }) => result?.say)).toEqual([undefined, 'slow', undefined, 'late']);
  }
});

test('the failure of a sequential call skips the calls after it', async () => {
  const { classes, results } = await runCalls([
    ['unsafe', {}],
    ['unsafe', { say: 'throw' }],
    ['unsafe', {}],
  ]);
  expect(classes).toEqual([undefined, 'tool.execution_failed', 'tool.skipped_after_failure']);
  expect(JSON.stringify(results)).not.toContain('secret of ours');
});

test('a call that ignores its timeout is abandoned', async () => {
  const { classes, ms } = await runCalls(
    [
      ['deafUnsafe', { ms: 3_000 }],
      ['unsafe', {}],
    ],
    { timeoutMs: 100 },
  );
  expect(classes).toEqual(['tool.hard_timeout', 'tool.skipped_after_failure']);
  expect(ms).toTakeLessThan(1_000);
  expect((await runCalls([['safe', { ms: 5 }]], { timeoutMs: 2 ** 40 })).classes).toEqual([undefined]);
});

test('a call that the loss of the database cut off says that it can be repeated', async () => {
  const { results } = await runCalls([
    ['safe', { say: 'lose' }],
    ['safe', { say: 'throw' }],
  ]);
  expect(results.map(({ error }) => error)).toEqual([
    { error_class: 'tool.interrupted', message: expect.stringContaining('can be repeated') },
    { error_class: 'tool.execution_failed', message: 'The tool failed.' },
  ]);
});

test('the message of a failed call is scanned like a result', async () => {
  const guard = (name: string, result: object) =>
    JSON.stringify(result).includes('No.') ? { result: { warning: `withheld from ${name}` } } : undefined;
  const { results } = await runCalls([['unsafe', { say: 'fail' }]], { guard });
  expect(results).toMatchObject([{ result: { warning: 'withheld from unsafe' }, error: { error_class: 'tool.fetch_failed' } }]);
  expect(JSON.stringify(results)).not.toContain('No.');
  expect((await runCalls([['unsafe', { say: 'throw' }]], { guard })).results[0]).not.toHaveProperty('result');
});

test('a stopped run does not wait for running calls', async () => {
  const stop = new AbortController();
  const reason = new Error('the run stops');
  setTimeout(() => stop.abort(reason), 50);
  const began = performance.now();
  await expect(
    runCalls(
      [
        ['deaf', { ms: 3_000 }],
        ['safe', { ms: 3_000 }],
      ],
      { signal: stop.signal },
    ),
  ).rejects.toBe(reason);
  expect(performance.now() - began).toTakeLessThan(1_000);
});

test('a rejected call does not skip the calls after it', async () => {
  const { classes } = await runCalls([
    ['unknown', {}],
    ['safe', {}],
  ]);
  expect(classes).toEqual(['policy.denied', undefined]);
  expect((await runCalls([['safe', { colour: 'red' }]])).classes).toEqual(['tool.args_invalid']);
  expect((await runCalls([['safe', { ms: 5.5 }]])).classes).toEqual(['tool.args_invalid']);
});

test('results that are too large are cut in the middle and marked as truncated', () => {
  const cut = truncateResult({ content: [{ text: `a${'é'.repeat(100_000)}z` }], url: 'u' });
  expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThanOrEqual(maxResultBytes);
  expect(cut).toMatchObject({ truncated: true, url: 'u', content: [{ text: expect.stringMatching(/^a.*z$/s) }] });
  const many = truncateResult({ list: Array.from({ length: 20_000 }, (_, at) => at) });
  expect(Buffer.byteLength(JSON.stringify(many))).toBeLessThanOrEqual(maxResultBytes);
  expect(many).toMatchObject({ truncated: true, text: expect.stringMatching(/19999\]}$/) });
  const emoji = truncateResult({ text: '😀'.repeat(40_000) });
  expect(JSON.stringify(emoji)).toBe(JSON.stringify(JSON.parse(JSON.stringify(emoji))));
  expect((emoji.text as string).isWellFormed()).toBe(true);
  const small = { text: 'x'.repeat(maxResultBytes - 20) };
  expect(truncateResult(small)).toBe(small);
});

test('allow and deny lists take names and groups, and test tools are available only by name', () => {
  const tool = (name: string, group?: string) => ({ ...sleeper(name, true), ...(group && { group }) });
  const all = [tool('echo'), tool('web_search'), tool('mcp__a__x', 'mcp__a'), tool('mcp__a__y', 'mcp__a'), tool('todo_write')];
  const listed = (tool_allowlist: string[], tool_denylist: string[], core_tools: string[] = []) =>
    createAvailableTools(all, { tool_allowlist, tool_denylist, core_tools })
      .listed()
      .map(({ name }) => name);
  expect(listed([], [])).toEqual(['web_search', 'mcp__a__x', 'mcp__a__y', 'todo_write']);
  expect(listed(['echo', 'mcp__a'], ['mcp__a__y'])).toEqual(['echo', 'mcp__a__x']);
  expect(listed([], ['mcp__a'])).toEqual(['web_search', 'todo_write']);
  expect(listed([], [], ['mcp__a'])).toEqual(['mcp__a__x', 'mcp__a__y', 'load_tools']);
});
