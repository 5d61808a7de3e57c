import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { RunStep } from '../../contract/events.ts';
import { announce, type CallDeps, conclude, startCalls } from '../../server/agent/tools/calls.ts';
import { createOffer } from '../../server/agent/tools/offer.ts';
import { judgeCalls } from '../../server/agent/tools/policy.ts';
import { cutResult, maxResultBytes } from '../../server/agent/tools/size.ts';
import { defineTool, ToolFailure } from '../../server/agent/tools/tool.ts';

const input = z.strictObject({ ms: z.int().default(0), say: z.string().default('') });
let running = 0;
let most = 0;

/** A tool that takes a while, and notes how many run at once. */
const sleeper = (name: string, parallel: boolean, deaf = false) =>
  defineTool({
    name,
    description: name,
    input,
    parallel,
    async run({ ms, say }, { signal }) {
      most = Math.max(most, ++running);
      try {
        await wait(ms, undefined, deaf ? {} : { signal });
        if (say === 'throw') throw new Error('secret of ours');
        if (say === 'fail') throw new ToolFailure('tool.fetch_failed', 'No.', { status_code: 500 });
        return { result: { say } };
      } finally {
        running--;
      }
    },
  });
const tools = [sleeper('safe', true), sleeper('unsafe', false), sleeper('deaf', true, true), sleeper('deafUnsafe', false, true)];
const offer = createOffer(tools, { tool_allowlist: [], tool_denylist: [], core_tools: [] });

type Wanted = [name: string, args: object];

/** The calls of a turn, made; what was told, and how long it took. */
async function make(wanted: Wanted[], changes: Partial<CallDeps> = {}) {
  const run = { id: 'r', account_id: 'a', thread_id: 't', created_by_user_id: null, trace_id: '' };
  const deps: CallDeps = {
    run,
    memory: new Map(),
    timeoutMs: undefined,
    maxParallel: 32,
    signal: new AbortController().signal,
    log: pino({ level: 'silent' }),
    guard: () => undefined,
    ...changes,
  };
  const calls = wanted.map(([name, args], at) => ({ id: `c${at}`, name, arguments: JSON.stringify(args) }));
  most = 0;
  const began = performance.now();
  const steps: RunStep[] = [];
  const judged = judgeCalls(calls, offer);
  steps.push(...judged.map(announce));
  for (const { call, outcome } of startCalls(judged, deps)) steps.push(...conclude(call, await outcome()));
  const results = steps.flatMap((step) => (step.type === 'tool.result' ? [step.data] : []));
  return { steps, results, classes: results.map(({ error }) => error?.error_class), ms: performance.now() - began, most };
}

test('safe calls run side by side, others one after the other, and results come in the order of the calls', async () => {
  const safe = await make([300, 200, 100].map((ms): Wanted => ['safe', { ms, say: String(ms) }]));
  expect(safe.ms).toBeLessThan(450);
  expect(safe.results.map(({ result }) => result!.say)).toEqual(['300', '200', '100']);
  const unsafe = await make([100, 100].map((ms): Wanted => ['unsafe', { ms }]));
  expect(unsafe.ms).toBeGreaterThanOrEqual(195);
  expect(unsafe.most).toBe(1);
  const mixed = await make([
    ['safe', { ms: 50 }],
    ['unsafe', { ms: 50 }],
    ['safe', { ms: 50 }],
  ]);
  expect(mixed.most).toBe(1);
});

test('no more run at once than may', async () => {
  const calls = Array.from({ length: 9 }, (): Wanted => ['safe', { ms: 20 }]);
  expect((await make(calls, { maxParallel: 3 })).most).toBe(3);
  expect((await make(calls, { maxParallel: 1 })).most).toBe(1);
});

test('a failure leaves the calls beside it alone, and those that wait are made', async () => {
  const calls: Wanted[] = [
    ['safe', { say: 'throw' }],
    ['safe', { ms: 60, say: 'slow' }],
    ['safe', { say: 'fail' }],
    ['safe', { say: 'late' }],
  ];
  for (const maxParallel of [1, 2, 32]) {
    const { classes, results } = await make(calls, { maxParallel });
    expect(classes).toEqual(['tool.execution_failed', undefined, 'tool.fetch_failed', undefined]);
    expect(results.map(({ result }) => result?.say)).toEqual([undefined, 'slow', undefined, 'late']);
  }
});

test('a failure skips the calls after it', async () => {
  const { classes, results } = await make([
    ['unsafe', {}],
    ['unsafe', { say: 'throw' }],
    ['unsafe', {}],
  ]);
  expect(classes).toEqual([undefined, 'tool.execution_failed', 'tool.skipped_after_failure']);
  expect(JSON.stringify(results)).not.toContain('secret of ours');
});

test('a call that does not hear that its time is over is left alone', async () => {
  const { classes, ms } = await make(
    [
      ['deafUnsafe', { ms: 3_000 }],
      ['unsafe', {}],
    ],
    { timeoutMs: 100 },
  );
  expect(classes).toEqual(['tool.hard_timeout', 'tool.skipped_after_failure']);
  expect(ms).toBeLessThan(1_000);
  expect((await make([['safe', { ms: 5 }]], { timeoutMs: 2 ** 40 })).classes).toEqual([undefined]);
});

test('the words of a failure are looked at like a result', async () => {
  const guard = (name: string, result: object) =>
    JSON.stringify(result).includes('No.') ? { result: { warning: `withheld from ${name}` } } : undefined;
  const { results } = await make([['unsafe', { say: 'fail' }]], { guard });
  expect(results).toMatchObject([{ result: { warning: 'withheld from unsafe' }, error: { error_class: 'tool.fetch_failed' } }]);
  expect(JSON.stringify(results)).not.toContain('No.');
  expect((await make([['unsafe', { say: 'throw' }]], { guard })).results[0]).not.toHaveProperty('result');
});

test('a run that stops waits for nobody', async () => {
  const stop = new AbortController();
  const reason = new Error('the run stops');
  setTimeout(() => stop.abort(reason), 50);
  const began = performance.now();
  await expect(
    make(
      [
        ['deaf', { ms: 3_000 }],
        ['safe', { ms: 3_000 }],
      ],
      { signal: stop.signal },
    ),
  ).rejects.toBe(reason);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('a call that is refused stands in nobody’s way', async () => {
  const { classes } = await make([
    ['unknown', {}],
    ['safe', {}],
  ]);
  expect(classes).toEqual(['policy.denied', undefined]);
  expect((await make([['safe', { colour: 'red' }]])).classes).toEqual(['tool.args_invalid']);
  expect((await make([['safe', { ms: 5.5 }]])).classes).toEqual(['tool.args_invalid']);
});

test('results that are too large are cut in the middle and say so', () => {
  const cut = cutResult({ content: [{ text: `a${'é'.repeat(100_000)}z` }], url: 'u' });
  expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThanOrEqual(maxResultBytes);
  expect(cut).toMatchObject({ truncated: true, url: 'u', content: [{ text: expect.stringMatching(/^a.*z$/s) }] });
  const many = cutResult({ list: Array.from({ length: 20_000 }, (_, at) => at) });
  expect(Buffer.byteLength(JSON.stringify(many))).toBeLessThanOrEqual(maxResultBytes);
  expect(many).toMatchObject({ truncated: true, text: expect.stringMatching(/19999\]}$/) });
  const emoji = cutResult({ text: '😀'.repeat(40_000) });
  expect(JSON.stringify(emoji)).toBe(JSON.stringify(JSON.parse(JSON.stringify(emoji))));
  expect((emoji.text as string).isWellFormed()).toBe(true);
  const small = { text: 'x'.repeat(maxResultBytes - 20) };
  expect(cutResult(small)).toBe(small);
});

test('names and groups allow and deny; the tools made for tests are there by name only', () => {
  const tool = (name: string, group?: string) => ({ ...sleeper(name, true), ...(group && { group }) });
  const all = [tool('echo'), tool('web_search'), tool('mcp__a__x', 'mcp__a'), tool('mcp__a__y', 'mcp__a'), tool('todo_write')];
  const listed = (tool_allowlist: string[], tool_denylist: string[], core_tools: string[] = []) =>
    createOffer(all, { tool_allowlist, tool_denylist, core_tools })
      .listed()
      .map(({ name }) => name);
  expect(listed([], [])).toEqual(['web_search', 'mcp__a__x', 'mcp__a__y', 'todo_write']);
  expect(listed(['echo', 'mcp__a'], ['mcp__a__y'])).toEqual(['echo', 'mcp__a__x']);
  expect(listed([], ['mcp__a'])).toEqual(['web_search', 'todo_write']);
  expect(listed([], [], ['mcp__a'])).toEqual(['mcp__a__x', 'mcp__a__y', 'load_tools']);
});
