import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PromptContextInput } from '../../../server/agent/context/promptContext.ts';
import { estimateTokens } from '../../../server/models/estimate.ts';
import { ModelError, type ModelMessage } from '../../../server/models/model.ts';
import { chat } from '../../support/agent/vendor.ts';
import { useScriptedProvider } from '../models/support.ts';
import { collectSteps, conversation, fillerText, openContext, settings, system, toolTurn } from './contextSupport.ts';

const { vendor, openAi } = useScriptedProvider();
const open = (window: number, changes: Partial<PromptContextInput> = {}) => openContext(openAi('chat_completions'), window, changes);
const asked = (n = 0) => JSON.stringify(vendor().requests[n]?.body);

test('below the threshold the messages are sent unchanged, without a model call or an event', async () => {
  const messages = [system, ...conversation(5)];
  const { sent, events } = await collectSteps(open(10_000).context.prepare(messages, 1));
  expect(sent).toEqual(messages);
  expect(events).toEqual([]);
  expect(vendor().requests).toHaveLength(0);
});

test('above 80 % of the window the oldest messages are replaced by a summary until the prompt is below 75 %', async () => {
  vendor().respondWith(chat.answer('They talked about nothing.'));
  const { context, saved, paid } = open(2_000);
  const messages = [system, ...conversation(31)];
  const before = structuredClone(messages);
  const { sent, event } = await collectSteps(context.prepare(messages, 3));
  expect(messages).toEqual(before);
  expect(estimateTokens(sent)).toBeLessThanOrEqual(1_500);
  expect(sent[0]).toEqual(system);
  expect(sent[1]).toMatchObject({ role: 'user', content: expect.stringContaining('They talked about nothing.') });
  expect(sent.at(-1)).toBe(messages.at(-1));
  const upTo = saved[0]?.up_to_number ?? 0;
  expect(saved).toEqual([{ up_to_number: upTo, summary: 'They talked about nothing.' }]);
  expect(sent.slice(2)).toEqual(messages.slice(upTo + 1));
  // The summary covers as few messages as possible: keeping one more would exceed the target.
  expect(estimateTokens(sent) + 200 + 2 * 65).toBeGreaterThan(1_500);
  expect(event).toEqual({
    op: 'persist',
    phase: 'completed',
    usage: paid[0],
    cost: { currency: 'USD', amount_micros: 0 },
    turn_index: 3,
    trigger_phase: 'threshold',
    rewrite_applied: true,
    tool_results_microcompacted: 0,
    images_stripped: 0,
    request_bytes_before_rewrite: expect.any(Number),
    request_bytes_after_rewrite: expect.any(Number),
    tokens_before: estimateTokens(messages),
    tokens_after: estimateTokens(sent),
  });
  expect(event.request_bytes_after_rewrite).toBeLessThan(event.request_bytes_before_rewrite);
  expect(paid).toEqual([{ input_tokens: 11, output_tokens: 7, total_tokens: 18, cached_tokens: 3 }]);
  expect(asked()).toContain('m1 some words');
  expect(asked()).not.toContain(`m${upTo + 1} some words`);
  expect(vendor().requests[0]?.body.max_tokens).toBeLessThanOrEqual(4_096);
});

test('the summary is reused in the following turns and is part of the next summary', async () => {
  vendor().respondWith(chat.answer('First summary.'), chat.answer('Second summary.'));
  const { context, saved } = open(2_000);
  const messages = [system, ...conversation(31)];
  const first = await collectSteps(context.prepare(messages, 1));
  messages.push(...toolTurn('a'));
  const second = await collectSteps(context.prepare(messages, 2));
  expect(second.sent).toEqual([...first.sent, ...messages.slice(-2)]);
  expect(second.events).toEqual([]);
  messages.push(...toolTurn('b'), ...toolTurn('c'), ...toolTurn('d'), ...toolTurn('e'), ...toolTurn('f'));
  const third = await collectSteps(context.prepare(messages, 3));
  expect(third.sent[1]?.content).toContain('Second summary.');
  expect(JSON.stringify(third.sent)).not.toContain('First summary.');
  expect(asked(1)).toContain('First summary.');
  expect(saved).toHaveLength(2);
});

test('a stored summary of an earlier run replaces its messages without a model call', async () => {
  const messages = [system, ...conversation(31)];
  const { context } = open(2_000, { summary: { up_to_number: 26, summary: 'Kept from before.' } });
  const { sent, events } = await collectSteps(context.prepare(messages, 1));
  expect(events).toEqual([]);
  expect(sent).toEqual([system, { role: 'user', content: expect.stringContaining('Kept from before.') }, ...messages.slice(27)]);
});

test('at most the newest 40 messages are kept, even if they are short', async () => {
  vendor().respondWith(chat.answer('S'));
  const short = Array.from({ length: 101 }, (_, n): ModelMessage => ({ role: n % 2 ? 'assistant' : 'user', content: 'hi', number: n + 1 }));
  const big: ModelMessage = { role: 'system', content: fillerText.repeat(12) };
  const { sent } = await collectSteps(open(1_500).context.prepare([big, ...short], 1));
  expect(sent.length).toBeLessThanOrEqual(42);
});

test('the last user message is never summarized, and turns of the run only if summarizing the thread is not enough', async () => {
  vendor().respondWith(chat.answer('Of the thread.'), chat.answer('Of the work.'));
  const { context, saved } = open(1_000);
  const messages = [system, ...conversation(5), ...[...'abcdefghijk'].flatMap((id) => toolTurn(id))];
  const { sent, event } = await collectSteps(context.prepare(messages, 8));
  expect(saved).toEqual([{ up_to_number: 4, summary: 'Of the thread.' }]);
  expect(sent.slice(0, 4)).toEqual([
    system,
    { role: 'user', content: expect.stringContaining('Of the thread.') },
    messages[5],
    { role: 'user', content: expect.stringContaining('Of the work.') },
  ]);
  expect(sent.slice(4)).toEqual(messages.slice(-(sent.length - 4)));
  expect(sent[4]?.role).toBe('assistant');
  expect(sent.at(-1)).toBe(messages.at(-1));
  expect(event).toMatchObject({ op: 'persist', phase: 'completed' });
  expect(asked(1)).not.toContain('m5 some');
});

const pieces = fc.array(fc.oneof(fc.constant('user'), fc.constant('assistant'), fc.integer({ min: 1, max: 3 })), { maxLength: 40 });

test('a summary never separates a tool call from its result', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(40), fc.integer({ min: 300, max: 3_000 }), async (list, stored, window) => {
      const model = {
        async *stream() {
          yield { type: 'finish' as const, text: 'S', tool_calls: [] };
        },
      };
      const unnumbered = list.flatMap((piece, n): ModelMessage[] => {
        if (piece === 'user' || piece === 'assistant') return [{ role: piece, content: `${n} ${fillerText}` }];
        const tool_calls = Array.from({ length: piece as number }, (_, m) => ({ id: `c${n}_${m}`, name: 'read', arguments: '{}' }));
        const results = tool_calls.map(({ id }): ModelMessage => ({
          role: 'tool',
          tool_call_id: id,
          tool_name: 'read',
          content: fillerText,
        }));
        return [{ role: 'assistant', content: '', tool_calls }, ...results];
      });
      const messages = [system, ...unnumbered.map((each, n) => (n < stored ? { ...each, number: n + 1 } : each)), ...conversation(1)];
      const { context, saved } = open(window, { model, settings: { ...settings } });
      const { sent } = await collectSteps(context.prepare(messages, 1)).catch(() => ({ sent: [] as ModelMessage[] }));
      const calls = sent.flatMap((each) => (each.role === 'assistant' ? (each.tool_calls ?? []).map(({ id }) => id) : []));
      const answered = sent.flatMap((each) => (each.role === 'tool' ? each.tool_call_id : []));
      expect(answered).toEqual(calls);
      if (sent.length > 0) expect(sent.at(-1)).toBe(messages.at(-1));
      for (const { up_to_number } of saved) expect(messages[up_to_number + 1]?.role).not.toBe('tool');
    }),
    { numRuns: 60 },
  );
});

test('a thread of many windows is summarized in pieces, and each request fits the window', async () => {
  const answers = Array.from({ length: 12 }, (_, n) => chat.answer(`Piece ${n}.`));
  vendor().respondWith(...answers);
  const { context, paid } = open(2_000);
  const { sent, event } = await collectSteps(context.prepare([system, ...conversation(141)], 1));
  expect(event).toMatchObject({ phase: 'completed' });
  expect(estimateTokens(sent)).toBeLessThanOrEqual(1_500);
  expect(paid.length).toBeGreaterThan(3);
  for (const { body } of vendor().requests) expect(estimateTokens(body.messages as ModelMessage[])).toBeLessThan(2_000);
  // Consume the unused scripted answers, so they are not served to the next test.
  for (let n = paid.length; n < 12; n++) await collectSteps(open(2_000).context.prepare([system, ...conversation(31)], 1));
});

test('a failed summary leaves the prompt unchanged, is charged, and is retried only once', async () => {
  const half = { steps: [chat.text('x'), chat.usage({ prompt_tokens: 5, completion_tokens: 1 }), 'cut' as const] };
  vendor().respondWith(half, chat.failure(500, { message: 'no' }));
  const { context, saved, paid } = open(2_000);
  const messages = [system, ...conversation(31)];
  const first = await collectSteps(context.prepare(messages, 1));
  expect(first.sent).toEqual(messages);
  expect(first.event).toMatchObject({ op: 'rewrite', phase: 'llm_failed', rewrite_applied: false });
  expect((await collectSteps(context.prepare(messages, 2))).event).toMatchObject({ phase: 'llm_failed' });
  expect((await collectSteps(context.prepare(messages, 3))).events).toEqual([]);
  expect(vendor().requests).toHaveLength(2);
  expect(saved).toEqual([]);
  expect(paid).toContainEqual({ input_tokens: 5, output_tokens: 1 });
});

test('cancelling aborts a summary immediately with the reason', async () => {
  vendor().respondWith({ steps: [chat.text('half'), 'stall'] });
  const cancel = new AbortController();
  const reason = new Error('cancelled');
  setTimeout(() => cancel.abort(reason), 50);
  await expect(collectSteps(open(2_000, { signal: cancel.signal }).context.prepare([system, ...conversation(31)], 1))).rejects.toBe(reason);
});

test('with compaction disabled nothing is summarized and errors are passed on', async () => {
  const off = { ...settings, 'context.compact.enabled': false };
  const { context } = open(500, { settings: off, summary: { up_to_number: 20, summary: 'Kept from before.' } });
  const messages = [system, ...conversation(31)];
  expect((await collectSteps(context.prepare(messages, 1))).sent).toEqual(messages);
  const error = new ModelError('provider.non_retryable', 'no', { details: { status_code: 413 } });
  await expect(collectSteps(context.overflow(messages, error, 1))).rejects.toBe(error);
});
