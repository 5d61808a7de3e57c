import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimateTokens, sizeOf } from '../../server/agent/context/estimate.ts';
import { dropOldImages } from '../../server/agent/context/images.ts';
import { lineOf } from '../../server/agent/context/summarize.ts';
import { maxToolResultChars, trimToolResults } from '../../server/agent/context/trim.ts';
import { unitsOf } from '../../server/agent/context/units.ts';
import { contextWindow, isOverflow } from '../../server/agent/context/window.ts';
import { ModelError, type ModelMessage } from '../../server/agent/model.ts';

/** A call with its result. */
const called = (id: string, args: string, content: string, name = 'read'): ModelMessage[] => [
  { role: 'assistant', content: '', tool_calls: [{ id, name, arguments: args }] },
  { role: 'tool', tool_call_id: id, tool_name: name, content },
];
const results = (messages: ModelMessage[]) => messages.flatMap((message) => (message.role === 'tool' ? message.content : []));
const compacted = '{"compacted":true}';

test('results that are short enough together stay as they are, the same objects', () => {
  const messages = [...called('a', '{}', 'x'.repeat(40_000)), ...called('b', '{"n":1}', 'x'.repeat(40_000))];
  expect(trimToolResults(messages)).toEqual(messages);
  expect(trimToolResults(messages)[3]).toBe(messages[3]);
});

test('above 80 000 characters the oldest results are compacted, no more of them than needed', () => {
  const messages = ['a', 'b', 'c', 'd'].flatMap((id, n) => called(id, `{"n":${n}}`, `${id}`.repeat(30_000)));
  expect(results(trimToolResults(messages))).toEqual([compacted, compacted, 'c'.repeat(30_000), 'd'.repeat(30_000)]);
  const before = structuredClone(messages);
  trimToolResults(messages);
  expect(messages).toEqual(before);
});

test('a result equal to an earlier one refers to it; other arguments, tools and failures are no equals', () => {
  const long = 'long'.repeat(100);
  const messages = [
    ...called('a', '{"p":1,"q":2}', long),
    ...called('b', '{ "q": 2, "p": 1 }', long),
    ...called('c', '{"p":2}', long),
    ...called('d', '{"p":1,"q":2}', long, 'list'),
    ...called('e', '{"p":1,"q":2}', 'short'),
    ...called('f', '{"p":1,"q":2}', 'short'),
  ];
  expect(results(trimToolResults(messages))).toEqual([long, '{"same_as":"a"}', long, long, 'short', 'short']);
});

test('what a reference points to is still there when the oldest are compacted', () => {
  const long = 'same'.repeat(10_000);
  const messages = [
    ...called('a', '{}', long),
    ...called('b', '{}', long),
    ...called('c', '{"n":1}', 'c'.repeat(30_000)),
    ...called('d', '{}', long),
    ...called('e', '{"n":2}', 'e'.repeat(20_000)),
  ];
  // Together 90 000: `a` goes and `b` takes its place, which wins nothing; so does `b`; then `c` is enough.
  expect(results(trimToolResults(messages))).toEqual([compacted, compacted, compacted, long, 'e'.repeat(20_000)]);
});

const anyCall = fc.record({
  args: fc.constantFrom('{}', '{"a":1}', 'broken'),
  content: fc.tuple(fc.constantFrom('a', 'b', '漢'), fc.nat(60_000)).map(([letter, length]) => letter.repeat(length)),
});

test('trimming never adds, never reorders, stays below its limit, and never refers to what is gone', () => {
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 8 }), (calls) => {
      const messages = calls.flatMap(({ args, content }, n) => called(`call_${n}`, args, content));
      const trimmed = trimToolResults(messages);
      const texts = results(trimmed);
      expect(trimmed.map(({ role }) => role)).toEqual(messages.map(({ role }) => role));
      const whole = texts.filter((text, n) => text === calls[n]!.content);
      expect(texts.join('').length).toBeLessThanOrEqual(maxToolResultChars + compacted.length * texts.length);
      if (calls.reduce((sum, { content }) => sum + content.length, 0) <= maxToolResultChars) expect(texts).not.toContain(compacted);
      for (const [n, text] of texts.entries()) {
        const { same_as } = text.startsWith('{"same_as"') ? JSON.parse(text) : {};
        if (same_as) expect(texts[Number(same_as.slice(5))]).toBe(calls[n]!.content);
        else if (text !== compacted) expect(whole).toContain(text);
      }
    }),
  );
});

test('tokens are estimated for words, calls, thoughts, tools and images', () => {
  const user = (content: ModelMessage['content']): ModelMessage[] => [{ role: 'user', content } as ModelMessage];
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(100);
  expect(estimateTokens(user(text))).toBeGreaterThan(700);
  expect(estimateTokens(user(text))).toBeLessThan(1_500);
  expect(estimateTokens(user('漢字'.repeat(500)))).toBeGreaterThan(700);
  const image = { type: 'image' as const, mime_type: 'image/png', data: 'A'.repeat(400_000) };
  const one = estimateTokens([{ role: 'user', content: [image] }]);
  expect(one).toBeGreaterThan(500);
  expect(one).toBeLessThan(3_000);
  expect(sizeOf([{ role: 'user', content: [image] }]).bytes).toBeGreaterThan(400_000);
  const tool = { name: 'read', description: text, parameters: { type: 'object' } };
  expect(estimateTokens([], [tool])).toBeGreaterThan(700);
  const call = { id: 'a', name: 'read', arguments: text };
  expect(estimateTokens([{ role: 'assistant', content: '', tool_calls: [call], opaque: { parts: [text] } }])).toBeGreaterThan(1_400);
});

test('the size of a prompt is the sum of its parts, measured once', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      const messages = texts.map((content): ModelMessage => ({ role: 'user', content }));
      const parts = messages.map((message) => sizeOf([message]).tokens);
      expect(sizeOf(messages).tokens).toBe(parts.reduce((sum, each) => sum + each, 0));
      expect(sizeOf(messages)).toEqual(sizeOf(structuredClone(messages)));
    }),
  );
});

test('a call and its results are one unit', () => {
  const [call, result] = called('a', '{}', 'x') as [ModelMessage, ModelMessage];
  const user: ModelMessage = { role: 'user', content: 'hi' };
  expect(unitsOf([{ role: 'system', content: 's' }, user, call, result, result, user])).toEqual([[user], [call, result, result], [user]]);
});

test('of the images the last four stay, and all of the last user message', () => {
  const image = (data: string) => ({ type: 'image' as const, mime_type: 'image/png', data });
  const message = (...names: string[]): ModelMessage => ({ role: 'user', content: [{ type: 'text', text: 'see' }, ...names.map(image)] });
  const messages = [message('a', 'b'), message('c', 'd'), message('e'), message('f', 'g', 'h', 'i', 'j')];
  const { messages: left, dropped } = dropOldImages([...messages, { role: 'assistant', content: 'ok' }]);
  expect(dropped).toBe(1);
  expect(JSON.stringify(left[0])).not.toContain('"a"');
  expect(JSON.stringify(left[0])).toContain('"b"');
  expect(left.slice(1, 4)).toEqual(messages.slice(1));
  expect(dropOldImages(left).dropped).toBe(0);
});

test('a message is one line for the model that summarizes, whatever stands in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (content) => {
      expect(lineOf({ role: 'user', content })).not.toMatch(/[\r\n]/);
      expect(JSON.parse(lineOf({ role: 'user', content }))).toEqual({ role: 'user', text: content });
    }),
  );
  const long = JSON.parse(lineOf({ role: 'user', content: `${'🐟'.repeat(10_000)}end` })).text as string;
  expect(long.length).toBeLessThan(8_100);
  expect(long.endsWith('end') && long.isWellFormed()).toBe(true);
});

test('the window is the override, else what the catalog says, else the fallback', () => {
  const settings = { 'context.compact.fallback_context_window_tokens': 7 };
  const window = (catalog: unknown) => contextWindow({ available_catalog: catalog }, settings);
  expect(window({ context_length: 5, context_length_override: 3 })).toBe(3);
  expect(window({ context_length: 5, context_length_override: null })).toBe(5);
  for (const nonsense of [undefined, null, 'x', { context_length: 0 }, { context_length: '9' }, { context_length: -1 }])
    expect(window(nonsense)).toBe(7);
  expect(contextWindow(null, settings)).toBe(7);
});

test('a prompt that is too long is told by status, code or words', () => {
  const error = (details: object, message = 'no', errorClass: 'provider.non_retryable' | 'provider.retryable' = 'provider.non_retryable') =>
    isOverflow(new ModelError(errorClass, message, { details: { ...details } }));
  expect(error({ status_code: 413 })).toBe(true);
  expect(error({ status_code: 400, openai_error_code: 'context_length_exceeded' })).toBe(true);
  expect(error({ openai_error_code: 'context_length_exceeded' })).toBe(true);
  expect(error({ status_code: 400 }, 'prompt is too long: 210000 tokens > 200000 maximum')).toBe(true);
  expect(error({ status_code: 400 }, "This model's maximum context length is 8192 tokens.")).toBe(true);
  expect(error({ status_code: 400 }, 'bad tool name')).toBe(false);
  expect(error({ status_code: 429 }, 'prompt is too long', 'provider.retryable')).toBe(false);
  expect(isOverflow(new Error('prompt is too long'))).toBe(false);
});
