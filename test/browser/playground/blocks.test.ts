import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRunViewer } from '../../../client/run/runView.ts';
import { completes, says, type Script, scriptRun, thinks, usesTool } from '../../../client/testing/index.ts';
import { type Block, openBlocks, withDefinitions } from '../../../docs/playground/src/chat/message/blocks.ts';
import { languageOf } from '../../../docs/playground/src/chat/message/code/languages.ts';
import { withCitations } from '../../../docs/playground/src/chat/message/markdown/citations.ts';
import { withFormulas } from '../../../docs/playground/src/chat/message/markdown/mathsText.ts';
import { sourcesOf, stepsOf } from '../../../docs/playground/src/chat/message/steps/steps.ts';

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
    '$$\na\n\nb\n$$',
    '\\[\na\n\nb\n\\]',
  ])
    expect(split(whole)).toEqual([prose(whole)]);
});

test('an unclosed fence is a code block, and a fence inside a longer one is text', () => {
  expect(split('```\nhalf')).toEqual([code('', 'half')]);
  expect(split('~~~sh\necho\n```\n~~~')).toEqual([code('sh', 'echo\n```\n~~~')]);
  expect(split('````md\n```\na\n```\n````\n')).toEqual([code('md', '```\na\n```')]);
});

const details = (summary: string, text: string, isOpen = false) => ({ type: 'details', summary, isOpen, text });

test('what can be folded is a block of its own, with what is nested in it, and grows like others', () => {
  expect(split('One\n<details>\n<summary>All <b>ports</b></summary>\n\n- a\n\n<details>b</details>\n</details>\n\nTwo')).toEqual([
    prose('One\n'),
    details('All ports', '\n\n- a\n\n<details>b</details>\n'),
    prose('\nTwo'),
  ]);
  expect(split('<details open><summary>S</summary>a</details> after\n')).toEqual([details('S', 'a', true), prose(' after\n')]);
  expect(split('<details>\n\nhalf')).toEqual([details('', '\n\nhalf')]);
});

test('all blocks of a text know its footnotes and link definitions', () => {
  const join = (text: string) => withDefinitions(openBlocks()(text), text).map(({ start: _, ...block }) => block);
  const noted = 'High[^1]\n\n```ts\na\n```\n\n[^1]: At noon.';
  expect(join(noted)).toEqual([prose(noted)]);
  expect(join('a\n\n<details>b</details>\n\n[x][1]\n\n[1]: https://example.test')).toEqual([
    prose('a\n\n\n\n[1]: https://example.test'),
    details('', 'b\n\n[1]: https://example.test'),
    prose('[x][1]\n\n[1]: https://example.test\n\n[1]: https://example.test'),
  ]);
  expect(join('a\n\nb\n')).toHaveLength(2);
});

const markdown = fc
  .array(
    fc.constantFrom(
      '<details>',
      '</details>\n',
      'word',
      ' ',
      '\n',
      '\n\n',
      '```',
      '```ts\n',
      '~~~\n',
      '- ',
      '1. ',
      '  ',
      '> ',
      '| a |',
      '# ',
      '$$\n',
    ),
    {
      maxLength: 40,
    },
  )
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

test.each([
  ['an $x^2$ and $5 to $10, or $5-$10', 'an $$x^2$$ and $5 to $10, or $5-$10'],
  ['\\(a\\) and `\\(b\\) $c$` and ``$`d$`` and \\$e$', '$$a$$ and `\\(b\\) $c$` and ``$`d$`` and \\$e$'],
  ['\\[ a \\]\nb', '\n$$\na\n$$\n\nb'],
  ['$$ a $$', '\n$$\na\n$$\n'],
  ['1. so \\[a\\]', '1. so $$\\displaystyle a$$'],
])('formulas of %j', (text, rewritten) => {
  expect(withFormulas(text)).toBe(rewritten);
});

test('a text without a complete formula has none', () => {
  for (const text of ['costs $5', 'from $5 to $ 6', '\\[ a', '$$ a', '`$a$`', '```', '$', '\\', ''])
    expect(withFormulas(text)).toBeUndefined();
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('$', '\\', '(', ')', '[', ']', '`', 'a', ' ', '\n') }),
      (text) => void withFormulas(text),
    ),
  );
});

test('citations become links, links of the model stay', () => {
  expect(withCitations('a [web:1][web:2], [web:3](https://a.test) [web:4][x] [web:x]')).toBe(
    'a [web:1](web:1)[web:2](web:2), [web:3](https://a.test) [web:4][x] [web:x]',
  );
});

test('languages are found by their common names, and never by those of object properties', () => {
  expect(['ts', 'TypeScript', 'py', 'sh', 'C++', 'svg'].map(languageOf)).toEqual([
    'typescript',
    'typescript',
    'python',
    'bash',
    'cpp',
    'xml',
  ]);
  expect(['constructor', '__proto__', '', 'brainfuck'].map(languageOf)).toEqual([undefined, undefined, undefined, undefined]);
});

const partsOf = (script: Script) => {
  const viewer = openRunViewer();
  for (const event of scriptRun(script)) viewer.add(event);
  return viewer.view().parts;
};
const todos = (status: string) => ({ todos: [{ id: '1', content: 'Look', status }] });

test('thoughts and calls between texts are one step, the to-do list is shown once with its latest state, and a question without JSON', () => {
  const parts = partsOf([
    thinks('Hm.'),
    usesTool('todo_write', todos('pending'), {}),
    usesTool('web_search', { query: 'a' }, {}),
    thinks('So.'),
    usesTool('web_fetch', { url: 'https://a.test' }, new Error('It is down.')),
    usesTool('todo_write', todos('completed'), {}),
    usesTool('ask_user', { message: 'Which?' }, { user_response: { a: 1 } }),
    says('Done.'),
    completes(),
  ]);
  const steps = stepsOf(parts);
  expect(steps.map(({ type, parts: { length } }) => [type, length])).toEqual([
    ['activity', 1],
    ['todos', 1],
    ['activity', 3],
    ['question', 1],
    ['text', 1],
  ]);
  expect(steps[1]!.parts[0]).toMatchObject({ arguments: todos('completed') });
  expect(new Set(steps.map(({ key }) => key)).size).toBe(5);
  for (const { startedAt, endedAt } of parts) expect(Date.parse(startedAt)).toBeLessThanOrEqual(Date.parse(endedAt));
});

test('sources are listed once: cited pages first, then pages that were read, and only with http addresses', () => {
  const found = (id: string, url: string) => ({ id, url, title: `Title ${id}`, snippet: '' });
  const results = [found('web:1', 'https://a.test/'), found('web:2', 'https://b.test/'), found('web:3', 'javascript:alert(1)'), null];
  const parts = partsOf([
    usesTool('web_search', { query: 'a' }, { results }),
    usesTool('web_fetch', { url: 'https://c.test/' }, { url: 'https://c.test/', title: '' }),
    usesTool('web_fetch', { url: 'https://d.test/' }, new Error('It is down.')),
    says('As [web:2] says.'),
    completes(),
  ]);
  expect(sourcesOf(parts).map(({ url, title }) => [url, title])).toEqual([
    ['https://b.test/', 'Title web:2'],
    ['https://c.test/', 'c.test'],
    ['https://a.test/', 'Title web:1'],
  ]);
});
