import { expect, test } from 'vitest';
import { cleanTitle, provisionalTitle } from '../../contract/titles.ts';

test('a title is without Markdown, quotes and final punctuation, and is cut between words', () => {
  const titles = {
    '# A heading #1': 'A heading #1',
    '**Title in bold**': 'Title in bold',
    '> - [ ] quoted _item_': 'quoted item',
    '1. First\n2. Second': 'First',
    '```python\nprint(1)\n```': 'print(1)',
    '---\n\nAfter the rule': 'After the rule',
    'Use `snake_case_name` and 2*3*4': 'Use snake_case_name and 2*3*4',
    '**Both *nested* words**': 'Both nested words',
    '![A picture](p.png) of [it](https://it.example)': 'A picture of it',
    '“Quoted.”': 'Quoted',
    '"He said \'no\'"!': "He said 'no'",
    'The word “lemma”': 'The word “lemma”',
    '"Foo" and "Bar"': '"Foo" and "Bar"',
    '"Never closed': 'Never closed',
    'What is a lemma?': 'What is a lemma?',
    'Hello!': 'Hello',
    '潮汐是什么。': '潮汐是什么',
    '"""': '',
    '“ ”': '',
    'Some words that are together longer than fifty, as here': 'Some words that are together longer than fifty, as',
    'Some words that are together longer than forty-nine, characters': 'Some words that are together longer than',
    [`x${'y'.repeat(60)}`]: `x${'y'.repeat(49)}`,
    [`${'👍'.repeat(60)}`]: '👍'.repeat(50),
  };
  for (const [text, title] of Object.entries(titles)) expect(cleanTitle(text), text).toBe(title);
  expect(provisionalTitle({ content: '…' })).toBe('…');
});

test('long runs of marks take linear time', () => {
  const start = performance.now();
  for (const mark of ['*', '_', '~', '[', '](', '> ', '#', '- ', '"', '**a ', '“', '[a](']) cleanTitle(mark.repeat(100_000));
  expect(performance.now() - start).toTakeLessThan(500);
});
