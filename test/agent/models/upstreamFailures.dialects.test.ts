import { expect, test } from 'vitest';
import type { Model } from '../../../server/models/model.ts';
import { chat, gemini as frames, messages, responses, type ResponseStep, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';
import { callModel, failureOf, request, tool, useScriptedProvider } from './support.ts';

useDatabaseClock();

const { vendor, openAi, anthropic, gemini } = useScriptedProvider();
/** Long enough for a busy machine to send the first half of an answer. */
const shortTimeout = { idleTimeoutMs: 500 };
const slow = { idleTimeoutMs: 10_000 };

type Dialect = {
  name: string;
  open: (limits?: { idleTimeoutMs: number }) => Model;
  /** The beginning of an answer with the text "half". */
  half: string;
  /** The beginning of a tool call, cut within its arguments. */
  halfCall: string;
  answer: ScriptedResponse;
};

const dialects: Dialect[] = [
  {
    name: 'chat completions',
    open: (limits = slow) => openAi('chat_completions', limits),
    half: chat.text('half'),
    halfCall: chat.call(0, { id: 'a', name: 't', arguments: '{"q":' }),
    answer: chat.answer('whole'),
  },
  {
    name: 'responses',
    open: (limits = slow) => openAi('responses', limits),
    half: responses.created + responses.text('half'),
    halfCall: responses.created + responses.call(0, 'a', 't') + responses.argument(0, '{"q":'),
    answer: responses.answer('whole'),
  },
  {
    name: 'messages',
    open: (limits = slow) => anthropic(limits),
    half: messages.start + messages.block(0, { type: 'text', text: '' }) + messages.delta(0, { type: 'text_delta', text: 'half' }),
    halfCall:
      messages.start +
      messages.block(0, { type: 'tool_use', id: 'a', name: 't', input: {} }) +
      messages.delta(0, { type: 'input_json_delta', partial_json: '{"q":' }),
    answer: messages.answer('whole'),
  },
  {
    name: 'generate content',
    open: (limits = slow) => gemini(limits),
    half: frames.text('half'),
    // Calls are not sent in pieces: this is a call without the end of the answer.
    halfCall: frames.call('t', { q: 'x' }),
    answer: frames.answer('whole'),
  },
];

const halfALetter = Buffer.from('data: {"text":"🐟').subarray(0, -2);
const megabyte = 'x'.repeat(2 ** 20);

/** Retryable faults before or after the first delta. `said` is the text received. */
const faults: [fault: string, script: (half: string) => ScriptedResponse, said: string][] = [
  ['a reset connection', (half) => ({ steps: [half, 'cut'] }), 'half'],
  ['a reset before the first byte', () => ({ steps: ['cut'] }), ''],
  ['silence between chunks', (half) => ({ steps: [half, 'stall'] }), 'half'],
  ['comments only, then silence', () => ({ steps: [': ping\n\n', 'stall'] }), ''],
  ['an end without the end mark', (half) => ({ steps: [half] }), 'half'],
  ['an event that is not JSON', (half) => ({ steps: [half, 'data: {"type": "te\n\n'] }), 'half'],
  ['an event that is not an object', (half) => ({ steps: [half, 'data: [1, 2]\n\n', 'data: null\n\n'] }), 'half'],
  ['an incomplete UTF-8 character at the end', (half) => ({ steps: [half, halfALetter] }), 'half'],
  ['invalid UTF-8', (half) => ({ steps: [half, Buffer.from([0xff, 0xfe, 0x0a, 0x0a])] }), 'half'],
  ['a line of 50 MB', (half) => ({ steps: [half, 'data: ', ...Array.from({ length: 50 }, (): ResponseStep => megabyte)] }), 'half'],
  ['a web page', () => ({ headers: { 'content-type': 'text/html' }, steps: ['<html>data: {"a":1}\n<body>Welcome</body></html>'] }), ''],
  ['an empty 200', () => ({ steps: [] }), ''],
  ['bytes that claim to be compressed', (half) => ({ headers: { 'content-encoding': 'gzip' }, steps: [half] }), ''],
];

test.each(dialects.flatMap((dialect) => faults.map(([fault, script, said]) => ({ ...dialect, fault, script, said }))))(
  '$name: $fault is retryable',
  async ({ open, half, script, said }) => {
    const answer = script(half);
    vendor().respondWith(answer);
    const { error, events } = await failureOf(open(answer.steps?.includes('stall') ? shortTimeout : slow));
    expect(error.errorClass).toBe('provider.retryable');
    expect(events.flatMap((event) => (event.type === 'text' ? event.text : [])).join('')).toBe(said);
    await expect.poll(() => vendor().requests.every(({ closed }) => closed)).toBe(true);
  },
);

test.each(dialects)('$name: a call with truncated arguments is an error', async ({ open, halfCall }) => {
  vendor().respondWith({ steps: [halfCall] }, { steps: [halfCall, 'cut'] });
  for (let n = 0; n < 2; n++) {
    const { error, events } = await failureOf(open(), request({ tools: [tool('t')] }));
    expect(error.errorClass).toBe('provider.retryable');
    expect(events.every(({ type }) => type === 'tool_delta')).toBe(true);
  }
});

test.each(dialects)('$name: 429 and 529 are retryable, with Retry-After in seconds or as a date', async ({ open, answer }) => {
  const later = (status: number, headers = {}): ScriptedResponse => ({
    status,
    headers,
    steps: ['{"error":{"message":"later","type":"overloaded_error"}}'],
  });
  const date = new Date(Date.now() + 20_000).toUTCString();
  vendor().respondWith(later(429, { 'retry-after': '3' }), later(429, { 'retry-after': date }), later(529), answer);
  const [seconds, until, overloaded] = [await failureOf(open()), await failureOf(open()), await failureOf(open())];
  for (const { error } of [seconds, until, overloaded]) expect(error.errorClass).toBe('provider.retryable');
  expect(seconds.error.retryAfterMs).toBe(3_000);
  expect(until.error.retryAfterMs).toBeLessThanOrEqual(20_000);
  expect(until.error.retryAfterMs).toBeGreaterThanOrEqual(Date.parse(date) - Date.now());
  expect(overloaded.error.retryAfterMs).toBeUndefined();
  expect((await callModel(open())).visible).toBe('whole');
});

test('a chat answer with a finish reason is complete without [DONE] and the last blank line', async () => {
  vendor().respondWith({ steps: [chat.text('whole'), chat.stop()] }, { steps: [chat.text('whole'), chat.stop().trimEnd()] });
  for (let n = 0; n < 2; n++) expect((await callModel(openAi('chat_completions'))).finish).toMatchObject({ text: 'whole' });
});
