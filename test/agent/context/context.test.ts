import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contextWindow, isOverflow } from '../../../server/agent/context/contextWindow.ts';
import { dropOldImages } from '../../../server/agent/context/images.ts';
import { lineOf } from '../../../server/agent/context/summarize.ts';
import { maxToolResultChars, trimToolResults } from '../../../server/agent/context/trimToolResults.ts';
import { unitsOf } from '../../../server/agent/context/units.ts';
import { estimateTokens, sizeOf } from '../../../server/models/estimate.ts';
import { ModelError, type ModelMessage } from '../../../server/models/model.ts';

const toolTurn = (id: string, args: string, content: string, name = 'read'): ModelMessage[] => [
  { role: 'assistant', content: '', tool_calls: [{ id, name, arguments: args }] },
  { role: 'tool', tool_call_id: id, tool_name: name, content },
];
const results = (messages: ModelMessage[]) => messages.flatMap((message) => (message.role === 'tool' ? message.content : []));
const compacted = '{"compacted":true}';

test('results within the limit are returned unchanged, as the same objects', () => {
  const messages = [...toolTurn('a', '{}', 'x'.repeat(40_000)), ...toolTurn('b', '{"n":1}', 'x'.repeat(40_000))];
  expect(trimToolResults(messages)).toEqual(messages);
  expect(trimToolResults(messages)[3]).toBe(messages[3]);
});

test('above 80 000 characters the oldest results are compacted, only as many as needed', () => {
  const messages = ['a', 'b', 'c', 'd'].flatMap((id, n) => toolTurn(id, `{"n":${n}}`, `${id}`.repeat(30_000)));
  expect(results(trimToolResults(messages))).toEqual([compacted, compacted, 'c'.repeat(30_000), 'd'.repeat(30_000)]);
  const before = structuredClone(messages);
  trimToolResults(messages);
  expect(messages).toEqual(before);
});

test('a repeated result refers to the earlier one if tool, arguments and content are equal and long enough', () => {
  const long = 'long'.repeat(100);
  const messages = [
    ...toolTurn('a', '{"p":1,"q":2}', long),
    ...toolTurn('b', '{ "q": 2, "p": 1 }', long),
    ...toolTurn('c', '{"p":2}', long),
    ...toolTurn('d', '{"p":1,"q":2}', long, 'list'),
    ...toolTurn('e', '{"p":1,"q":2}', 'short'),
    ...toolTurn('f', '{"p":1,"q":2}', 'short'),
  ];
  expect(results(trimToolResults(messages))).toEqual([long, '{"same_as":"a"}', long, long, 'short', 'short']);
});

test('a reference never points to a compacted result', () => {
  const long = 'same'.repeat(10_000);
  const messages = [
    ...toolTurn('a', '{}', long),
    ...toolTurn('b', '{}', long),
    ...toolTurn('c', '{"n":1}', 'c'.repeat(30_000)),
    ...toolTurn('d', '{}', long),
    ...toolTurn('e', '{"n":2}', 'e'.repeat(20_000)),
  ];
  // 90 000 characters in total. Compacting `a` moves its content to `b`, then to `d`, and saves nothing. Compacting `c` is enough.
  expect(results(trimToolResults(messages))).toEqual([compacted, compacted, compacted, long, 'e'.repeat(20_000)]);
});

const anyCall = fc.record({
  args: fc.constantFrom('{}', '{"a":1}', 'broken'),
  content: fc.tuple(fc.constantFrom('a', 'b', '漢'), fc.nat(60_000)).map(([letter, length]) => letter.repeat(length)),
});

test('trimming never adds or reorders results, stays within the limit, and keeps every referenced result', () => {
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 8 }), (calls) => {
      const messages = calls.flatMap(({ args, content }, n) => toolTurn(`call_${n}`, args, content));
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

test('estimates the tokens of text, calls, reasoning, tools and images', () => {
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

test('the size of a prompt is the sum of the sizes of its messages', () => {
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
  const [call, result] = toolTurn('a', '{}', 'x') as [ModelMessage, ModelMessage];
  const user: ModelMessage = { role: 'user', content: 'hi' };
  expect(unitsOf([{ role: 'system', content: 's' }, user, call, result, result, user])).toEqual([[user], [call, result, result], [user]]);
});

test('keeps the last four images and all images of the last user message', () => {
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

test('a message is one line in the summary prompt, whatever its content', () => {
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

test('the window is the override, else the catalog value, else that of a known model, else the fallback', () => {
  const settings = { 'context.compact.fallback_context_window_tokens': 7 };
  const route = { provider_kind: 'openai' as const, model: 'm', api_key: 'k' };
  const window = (catalog: unknown) => contextWindow({ ...route, advanced_json: { available_catalog: catalog } }, settings);
  expect(window({ context_length: 5, context_length_override: 3 })).toBe(3);
  expect(window({ context_length: 5, context_length_override: null })).toBe(5);
  for (const nonsense of [undefined, null, 'x', { context_length: 0 }, { context_length: '9' }, { context_length: -1 }])
    expect(window(nonsense)).toBe(7);
  expect(contextWindow(route, settings)).toBe(7);
  expect(contextWindow({ ...route, model: 'gpt-4o' }, settings)).toBe(128_000);
  // A prompt may not fill this window.
  expect(contextWindow({ ...route, model: 'GPT-5-2025-08-07' }, settings)).toBe(272_000);
  expect(contextWindow({ ...route, model: 'gpt-5', advanced_json: { available_catalog: { context_length_override: 9 } } }, settings)).toBe(
    9,
  );
  expect(contextWindow({ ...route, model: 'gpt-5', base_url: 'https://llm.example.com/v1' }, settings)).toBe(7);
  expect(contextWindow({ provider_kind: 'stub', model: 'stub', deltaCount: 1, deltaIntervalSeconds: 0 }, settings)).toBe(7);
});

test('recognizes a too long prompt by status, code or message', () => {
  const error = (details: object, message = 'no', errorClass: 'provider.non_retryable' | 'provider.retryable' = 'provider.non_retryable') =>
    isOverflow(new ModelError(errorClass, message, { details: { ...details } }));
  expect(error({ status_code: 413 })).toBe(true);
  expect(error({ status_code: 400, openai_error_code: 'context_length_exceeded' })).toBe(true);
  expect(error({ openai_error_code: 'context_length_exceeded' })).toBe(true);
  expect(error({ status_code: 400 }, 'prompt is too long: 210000 tokens > 200000 maximum')).toBe(true);
  expect(error({ status_code: 400 }, 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).')).toBe(true);
  expect(error({ status_code: 400 }, "This model's maximum context length is 8192 tokens.")).toBe(true);
  expect(error({ status_code: 400 }, 'bad tool name')).toBe(false);
  expect(error({ status_code: 429 }, 'prompt is too long', 'provider.retryable')).toBe(false);
  expect(isOverflow(new Error('prompt is too long'))).toBe(false);
});
