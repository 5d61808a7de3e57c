import { expect, test } from 'vitest';
import { ModelError, type ModelEvent } from '../../../server/models/model.ts';
import { retryDelay, type RetryEvent, streamWithRetry } from '../../../server/models/retry.ts';
import { chat, messages } from '../../support/agent/vendor.ts';
import { request, useScriptedProvider } from './support.ts';

const { vendor, openAi, anthropic } = useScriptedProvider();

async function collect(events: AsyncIterable<ModelEvent | RetryEvent>) {
  const seen: (ModelEvent | RetryEvent)[] = [];
  try {
    for await (const event of events) seen.push(event);
    return { seen, error: undefined };
  } catch (error) {
    return { seen, error };
  }
}

const options = (baseDelayMs: number, signal = new AbortController().signal) => ({ maxAttempts: 3, baseDelayMs, signal });
const later = chat.failure(503, { message: 'later' });

test('503, 503, 200 makes two retries with doubled delays and one complete answer', async () => {
  vendor().respondWith(later, later, chat.answer('clean'));
  const { seen, error } = await collect(streamWithRetry(openAi('chat_completions'), request(), options(60)));
  expect(error).toBeUndefined();
  expect(seen.map((event) => event.type)).toEqual(['retry', 'retry', 'text', 'finish']);
  const failed = { type: 'retry', max_attempts: 3, error_class: 'provider.retryable', message: 'later', details: { status_code: 503 } };
  expect(seen.slice(0, 2)).toEqual([
    { ...failed, attempt: 1, delay_ms: 60 },
    { ...failed, attempt: 2, delay_ms: 120 },
  ]);
  const [first = 0, second = 0, third = 0] = vendor().requests.map(({ at }) => at);
  expect(second - first).toBeGreaterThanOrEqual(55);
  expect(third - second).toBeGreaterThanOrEqual(115);
});

test('503 three times fails with the last error; 400 fails immediately', async () => {
  vendor().respondWith(later, later, later);
  const exhausted = await collect(streamWithRetry(openAi('chat_completions'), request(), options(1)));
  expect(exhausted.error).toMatchObject({ errorClass: 'provider.retryable' });
  expect(exhausted.seen).toHaveLength(2);
  vendor().respondWith(chat.failure(400, { message: 'no' }));
  const refused = await collect(streamWithRetry(openAi('chat_completions'), request(), options(1)));
  expect(refused).toMatchObject({ seen: [], error: { errorClass: 'provider.non_retryable' } });
  expect(vendor().requests).toHaveLength(4);
});

test('the text of an interrupted stream is discarded on retry, but its usage is kept', async () => {
  vendor().respondWith({ steps: [messages.start, messages.text(0, 'half'), 'cut'] }, messages.answer('whole'));
  const { seen } = await collect(streamWithRetry(anthropic(), request(), options(1)));
  expect(seen.map((event) => event.type)).toEqual(['text', 'retry', 'text', 'finish']);
  expect(seen[1]).toMatchObject({ usage: { input_tokens: 20, output_tokens: 1 } });
  expect(seen[3]).toMatchObject({ text: 'whole' });
});

test('cancelling aborts the delay immediately', async () => {
  vendor().respondWith(later);
  const cancel = new AbortController();
  const reason = new Error('cancelled');
  let started = 0;
  const cancelled = async () => {
    for await (const { type } of streamWithRetry(openAi('chat_completions'), request(), options(30_000, cancel.signal))) {
      expect(type).toBe('retry');
      started = Date.now();
      setImmediate(() => cancel.abort(reason));
    }
  };
  await expect(cancelled()).rejects.toBe(reason);
  expect(Date.now() - started).toTakeLessThan(500);
  expect(vendor().requests).toHaveLength(1);
});

test('delays double up to 60 s; a longer Retry-After is used up to 60 s', () => {
  expect([1, 2, 3, 7, 20].map((attempt) => retryDelay(attempt, 1_000))).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  expect(retryDelay(1, 1_000, 7_000)).toBe(7_000);
  expect(retryDelay(3, 1_000, 2_000)).toBe(4_000);
  expect(retryDelay(1, 1_000, 60_000)).toBe(60_000);
  expect(retryDelay(1, 1_000, 61_000)).toBe(1_000);
});

test('an error other than ModelError is not retried', async () => {
  const bug = new TypeError('a bug');
  const broken = {
    // oxlint-disable-next-line require-yield -- it throws before its first event
    async *stream() {
      throw bug;
    },
  };
  expect((await collect(streamWithRetry(broken, request(), options(1)))).error).toBe(bug);
  expect(bug).not.toBeInstanceOf(ModelError);
});
