import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, openBlocks } from '../../docs/playground/src/chat/message/blocks.ts';

const split = (text: string) => openBlocks()(text).map(({ start: _, ...block }) => block);
const prose = (text: string) => ({ type: 'prose', text });
const code = (language: string, text: string) => ({ type: 'code', language, text });

test('a text is split between paragraphs, and a code fence is a separate block', () => {
  expect(split('# One\n\nTwo\nthree\n\n```ts\nconst a = 1;\n\nconst b = 2;\n```\nFour')).toEqual([
    prose('# One\n\n'),
    prose('Two\nthree\n\n'),
    code('ts', 'const a = 1;\n\nconst b = 2;'),
    prose('Four'),
  ]);
});

test('lists, tables, quotes and indented code are not split', () => {
  for (const whole of [
    '1. a\n\n2. b\n\n   still b\n\n3. c',
    '- a\n\n  ```js\n  inside();\n\n  of the item\n  ```\n\n- b',
    '| a | b |\n| - | - |\n| 1 | 2 |\n',
    '> a\n>\n> b',
    '    indented\n\n    code',
  ])
    expect(split(whole)).toEqual([prose(whole)]);
});

test('an unclosed fence is a code block, and a fence inside a longer one is text', () => {
  expect(split('```\nhalf')).toEqual([code('', 'half')]);
  expect(split('~~~sh\necho\n```\n~~~')).toEqual([code('sh', 'echo\n```\n~~~')]);
  expect(split('````md\n```\na\n```\n````\n')).toEqual([code('md', '```\na\n```')]);
});

const markdown = fc
  .array(fc.constantFrom('word', ' ', '\n', '\n\n', '```', '```ts\n', '~~~\n', '- ', '1. ', '  ', '> ', '| a |', '# '), { maxLength: 40 })
  .map((parts) => parts.join(''));

test('a text that grows is split like the whole text, and finished blocks do not change', () => {
  fc.assert(
    fc.property(markdown, fc.array(fc.nat(9), { maxLength: 30 }), (text, steps) => {
      const grow = openBlocks();
      let finished: readonly Block[] = [];
      for (let at = 0, step = 0; at < text.length; step++) {
        at += 1 + (steps[step] ?? text.length);
        const blocks = grow(text.slice(0, at));
        expect(blocks.slice(0, finished.length)).toEqual(finished);
        finished = blocks.slice(0, -1);
      }
      expect(grow(text)).toEqual(openBlocks()(text));
    }),
  );
});

test('a text that does not continue the previous one is split from the start', () => {
  const grow = openBlocks();
  grow('One\n\n```\nhalf');
  expect(grow('Two').map(({ text }) => text)).toEqual(['Two']);
});
