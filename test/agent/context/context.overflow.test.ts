import { expect, test } from 'vitest';
import type { PromptContextInput } from '../../../server/agent/context/promptContext.ts';
import { estimateTokens } from '../../../server/models/estimate.ts';
import { ModelError, type ModelMessage } from '../../../server/models/model.ts';
import { chat } from '../../support/agent/vendor.ts';
import { request, useScriptedProvider } from '../models/support.ts';
import { collectSteps, conversation, fillerText, openContext, system, toolTurn } from './contextSupport.ts';

const { vendor, openAi } = useScriptedProvider();
const open = (window: number, changes: Partial<PromptContextInput> = {}) => openContext(openAi('chat_completions'), window, changes);

const image = (megabytes: number) => ({ type: 'image' as const, mime_type: 'image/png', data: 'A'.repeat(megabytes * 2 ** 20) });

test('the older images of a payload above 5 MiB are dropped without a model call', async () => {
  const old = conversation(13).map((each): ModelMessage => (each.role === 'user' ? { ...each, content: [image(1)] } : each));
  const { sent, event } = await collectSteps(open(1_000_000).context.prepare([system, ...old.slice(0, -1), ...conversation(1)], 1));
  expect(event).toMatchObject({ op: 'rewrite', phase: 'completed', trigger_phase: 'preflight', images_stripped: 2, rewrite_applied: true });
  expect(event.request_bytes_before_rewrite).toBeGreaterThan(6 * 2 ** 20);
  expect(event.request_bytes_after_rewrite).toBeLessThan(5 * 2 ** 20);
  expect(sent).toHaveLength(14);
  expect(vendor().requests).toHaveLength(0);
});

test('a newest input that is too large by itself fails the run before any request', async () => {
  const failed = { errorClass: 'provider.non_retryable', details: { current_input_oversize: true }, resumable: false };
  await expect(collectSteps(open(1_000_000).context.prepare([system, { role: 'user', content: [image(6)] }], 1))).rejects.toMatchObject(
    failed,
  );
  const steps = open(100).context.prepare([system, { role: 'user', content: fillerText.repeat(10) }], 1);
  expect((await steps.next()).value).toMatchObject({ type: 'run.context_compact', data: { phase: 'current_input_too_large' } });
  await expect(steps.next()).rejects.toMatchObject(failed);
  expect(vendor().requests).toHaveLength(0);
});

const overflow = new ModelError('provider.non_retryable', 'too long', {
  details: { status_code: 400, openai_error_code: 'context_length_exceeded' },
});

test('a prompt that the provider rejects as too long is halved, once per turn', async () => {
  vendor().respondWith(chat.answer('Short.'));
  const { context, saved } = open(128_000);
  const messages = [system, ...conversation(31)];
  const { sent, event } = await collectSteps(context.overflow(messages, overflow, 1));
  expect(event).toMatchObject({ op: 'persist', phase: 'completed', trigger_phase: 'provider', rewrite_applied: true });
  expect(estimateTokens(sent)).toBeLessThanOrEqual(estimateTokens(messages) / 2);
  expect(saved).toHaveLength(1);
  await expect(collectSteps(context.overflow(messages, overflow, 1))).rejects.toBe(overflow);
  expect((await collectSteps(context.prepare(messages, 2))).sent).toEqual(sent);
});

test('reports an oversize input if nothing can be shortened, and passes other errors on', async () => {
  const { context } = open(128_000);
  const messages = [system, ...conversation(1)];
  const steps = context.overflow(messages, overflow, 1);
  expect((await steps.next()).value).toMatchObject({ data: { phase: 'current_input_too_large', trigger_phase: 'provider' } });
  await expect(steps.next()).rejects.toMatchObject({
    errorClass: 'provider.non_retryable',
    details: { status_code: 400, openai_error_code: 'context_length_exceeded', current_input_oversize: true },
  });
  const other = new ModelError('provider.non_retryable', 'no', { details: { status_code: 401 } });
  await expect(collectSteps(context.overflow(messages, other, 2))).rejects.toBe(other);
  vendor().respondWith(chat.failure(500, { message: 'no' }));
  await expect(collectSteps(context.overflow([system, ...conversation(31)], overflow, 3))).rejects.toBe(overflow);
});

test('old tool results are trimmed only in the sent messages, and counted on compaction', async () => {
  vendor().respondWith(chat.answer('S'));
  const { context } = open(40_000);
  const big = 'lorem ipsum dolor '.repeat(1_700);
  const messages = [system, ...conversation(3), ...['a', 'b', 'c', 'd'].flatMap((id) => toolTurn(id, big))];
  const { sent, events } = await collectSteps(context.prepare(messages, 1));
  expect(events).toEqual([]);
  expect(sent.filter(({ content }) => content === '{"compacted":true}')).toHaveLength(2);
  expect(messages.filter(({ content }) => content === '{"compacted":true}')).toHaveLength(0);
  expect((await collectSteps(context.overflow(messages, overflow, 1))).event).toMatchObject({
    tool_results_microcompacted: expect.any(Number),
  });
});

test('message numbers are not sent to the provider', async () => {
  vendor().respondWith(chat.answer('ok'));
  for await (const _ of openAi('chat_completions').stream(request({ messages: conversation(3) }), new AbortController().signal));
  expect(JSON.stringify(vendor().requests[0]?.body)).not.toContain('"number"');
});
