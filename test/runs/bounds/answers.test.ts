import { expect, test } from 'vitest';
import { callModel, failureOf, request, useScriptedProvider } from '../../agent/models/support.ts';
import { chat, gemini, messages, responses, type ScriptedResponse } from '../../support/agent/vendor.ts';

const { vendor, openAi, anthropic, gemini: geminiModel } = useScriptedProvider();
const limits = { maxAnswerBytes: 40_000, maxToolCalls: 4 };
const block = 'x'.repeat(1_000);
const many = (make: (n: number) => string, count = 100): ScriptedResponse => ({ steps: Array.from({ length: count }, (_, n) => make(n)) });
const started = (answer: ScriptedResponse, ...first: string[]): ScriptedResponse => ({ steps: [...first, ...answer.steps!] });

const dialects = {
  'chat completions': () => openAi('chat_completions', limits),
  responses: () => openAi('responses', limits),
  messages: () => anthropic(limits),
  'generate content': () => geminiModel(limits),
};
type Dialect = keyof typeof dialects;

const tooLong = { reason: 'answer_too_long', max_answer_bytes: 40_000 };
const tooManyCalls = { reason: 'too_many_tool_calls', max_tool_calls: 4 };
const lineTooLong = { reason: 'answer_too_long' };

const cases: [Dialect, string, ScriptedResponse, object][] = [
  ['chat completions', 'text', many(() => chat.text(block)), tooLong],
  ['chat completions', 'thinking', many(() => chat.delta({ reasoning_content: block })), tooLong],
  [
    'chat completions',
    'arguments of one call',
    many((n) => chat.call(0, { ...(n === 0 && { id: 'a', name: 'f' }), arguments: block })),
    tooLong,
  ],
  ['chat completions', 'calls', many((n) => chat.call(n, { id: `c${n}`, name: 'f', arguments: '{}' })), tooManyCalls],
  ['chat completions', 'a name', many((n) => chat.call(n, { id: `c${n}`, name: block.repeat(39), arguments: '' })), tooLong],
  ['chat completions', 'a line without an end', { steps: ['data: ', ...many(() => block).steps!] }, lineTooLong],
  ['chat completions', 'an event without an end', many(() => `data: ${block}\n`), lineTooLong],
  ['responses', 'text', many(() => responses.text(block)), tooLong],
  [
    'responses',
    'arguments of one call',
    started(
      many(() => responses.argument(0, block)),
      responses.call(0, 'a', 'f'),
    ),
    tooLong,
  ],
  ['responses', 'calls', many((n) => responses.call(n, `c${n}`, 'f')), tooManyCalls],
  ['messages', 'text', { steps: [messages.start, messages.text(0, ...Array.from({ length: 100 }, () => block))] }, tooLong],
  [
    'messages',
    'a signature',
    started(
      many(() => messages.delta(0, { type: 'signature_delta', signature: block })),
      messages.start,
      messages.block(0, { type: 'thinking', thinking: '', signature: '' }),
    ),
    tooLong,
  ],
  [
    'messages',
    'calls',
    started(
      many((n) => messages.block(n, { type: 'tool_use', id: `c${n}`, name: 'f', input: {} })),
      messages.start,
    ),
    tooManyCalls,
  ],
  ['generate content', 'text', many(() => gemini.text(block)), tooLong],
  ['generate content', 'signatures', many(() => gemini.parts({ text: '', thoughtSignature: block })), tooLong],
  ['generate content', 'calls', many(() => gemini.call('f', {})), tooManyCalls],
];

test.each(cases)('%s: too much in %s ends the answer', async (dialect, _what, answer, details) => {
  vendor().respondWith(answer);
  const { error } = await failureOf(dialects[dialect]());
  // What is no answer at all may be one the next time.
  const errorClass = details === lineTooLong ? 'provider.retryable' : 'provider.non_retryable';
  expect(error).toMatchObject({ errorClass, details });
});

test('one piece of an answer has at most 2 MiB, and only an answer with images has longer events', async () => {
  const piece = 'x'.repeat(2 ** 21 + 1);
  const open = () => openAi('chat_completions', { maxAnswerBytes: 2 ** 22 });
  vendor().respondWith({ steps: [chat.text(piece)] });
  expect((await failureOf(open())).error.details).toEqual({ reason: 'answer_too_long', max_delta_bytes: 2 ** 21 });
  const image = (): ScriptedResponse => ({
    steps: [gemini.parts({ inlineData: { mimeType: 'image/png', data: 'A'.repeat(100_000) } }), gemini.stop()],
  });
  vendor().respondWith(image(), image());
  const { events } = await callModel(geminiModel(limits), request({ images: true }));
  expect(events[0]).toMatchObject({ type: 'image', mime_type: 'image/png' });
  expect((await failureOf(geminiModel(limits))).error.details).toEqual(lineTooLong);
});

test('an answer of single characters is read as a whole', async () => {
  const text = '0123456789'.repeat(1_000);
  vendor().respondWith({ steps: [[...text].map(chat.text).join(''), chat.stop(), chat.done] });
  expect((await callModel(openAi('chat_completions'))).finish.text).toBe(text);
});
