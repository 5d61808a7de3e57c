import { expect, test } from 'vitest';
import type { ContextInput } from '../../server/agent/context/compact.ts';
import { estimateTokens } from '../../server/agent/context/estimate.ts';
import { ModelError, type ModelMessage } from '../../server/agent/model.ts';
import { chat } from '../setup/vendor.ts';
import { openContext, run, system, talk, turnOf, words } from './contextSupport.ts';
import { request, useVendor } from './support.ts';

const { vendor, openAi } = useVendor();
const open = (window: number, changes: Partial<ContextInput> = {}) => openContext(openAi('chat_completions'), window, changes);

const image = (megabytes: number) => ({ type: 'image' as const, mime_type: 'image/png', data: 'A'.repeat(megabytes * 2 ** 20) });

test('a payload above 5 MiB loses its older images before anybody is asked', async () => {
  const old = talk(13).map((each): ModelMessage => (each.role === 'user' ? { ...each, content: [image(1)] } : each));
  const { sent, event } = await run(open(1_000_000).context.prepare([system, ...old.slice(0, -1), ...talk(1)], 1));
  expect(event).toMatchObject({ op: 'rewrite', phase: 'completed', trigger_phase: 'preflight', images_stripped: 2, rewrite_applied: true });
  expect(event.request_bytes_before_rewrite).toBeGreaterThan(6 * 2 ** 20);
  expect(event.request_bytes_after_rewrite).toBeLessThan(5 * 2 ** 20);
  expect(sent).toHaveLength(14);
  expect(vendor().requests).toHaveLength(0);
});

test('a newest input that is too large alone fails the run, before it is sent', async () => {
  const failed = { errorClass: 'provider.non_retryable', details: { current_input_oversize: true }, resumable: false };
  await expect(run(open(1_000_000).context.prepare([system, { role: 'user', content: [image(6)] }], 1))).rejects.toMatchObject(failed);
  const steps = open(100).context.prepare([system, { role: 'user', content: words.repeat(10) }], 1);
  expect((await steps.next()).value).toMatchObject({ type: 'run.context_compact', data: { phase: 'current_input_too_large' } });
  await expect(steps.next()).rejects.toMatchObject(failed);
  expect(vendor().requests).toHaveLength(0);
});

const overflow = new ModelError('provider.non_retryable', 'too long', {
  details: { status_code: 400, openai_error_code: 'context_length_exceeded' },
});

test('when the provider finds the prompt too long it is halved, once in a turn', async () => {
  vendor().answers(chat.answer('Short.'));
  const { context, saved } = open(128_000);
  const messages = [system, ...talk(31)];
  const { sent, event } = await run(context.overflow(messages, overflow, 1));
  expect(event).toMatchObject({ op: 'persist', phase: 'completed', trigger_phase: 'provider', rewrite_applied: true });
  expect(estimateTokens(sent)).toBeLessThanOrEqual(estimateTokens(messages) / 2);
  expect(saved).toHaveLength(1);
  await expect(run(context.overflow(messages, overflow, 1))).rejects.toBe(overflow);
  expect((await run(context.prepare(messages, 2))).sent).toEqual(sent);
});

test('when nothing is left to shorten the newest input is too large; other errors pass', async () => {
  const { context } = open(128_000);
  const messages = [system, ...talk(1)];
  const steps = context.overflow(messages, overflow, 1);
  expect((await steps.next()).value).toMatchObject({ data: { phase: 'current_input_too_large', trigger_phase: 'provider' } });
  await expect(steps.next()).rejects.toMatchObject({
    errorClass: 'provider.non_retryable',
    details: { status_code: 400, openai_error_code: 'context_length_exceeded', current_input_oversize: true },
  });
  const other = new ModelError('provider.non_retryable', 'no', { details: { status_code: 401 } });
  await expect(run(context.overflow(messages, other, 2))).rejects.toBe(other);
  vendor().answers(chat.failure(500, { message: 'no' }));
  await expect(run(context.overflow([system, ...talk(31)], overflow, 3))).rejects.toBe(overflow);
});

test('old tool results are trimmed for what is sent, and counted when it is compacted', async () => {
  vendor().answers(chat.answer('S'));
  const { context } = open(40_000);
  const big = 'lorem ipsum dolor '.repeat(1_700);
  const messages = [system, ...talk(3), ...['a', 'b', 'c', 'd'].flatMap((id) => turnOf(id, big))];
  const { sent, events } = await run(context.prepare(messages, 1));
  expect(events).toEqual([]);
  expect(sent.filter(({ content }) => content === '{"compacted":true}')).toHaveLength(2);
  expect(messages.filter(({ content }) => content === '{"compacted":true}')).toHaveLength(0);
  expect((await run(context.overflow(messages, overflow, 1))).event).toMatchObject({ tool_results_microcompacted: expect.any(Number) });
});

test('what goes to the vendor has no numbers of messages', async () => {
  vendor().answers(chat.answer('ok'));
  for await (const _ of openAi('chat_completions').stream(request({ messages: talk(3) }), new AbortController().signal));
  expect(JSON.stringify(vendor().requests[0]?.body)).not.toContain('"number"');
});
