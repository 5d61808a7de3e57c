import { expect, test } from 'vitest';
import { snippetText } from '../../../docs/playground/src/shell/threads/snippet.ts';

test('a snippet of a search is one line without Markdown, even if it was cut within a mark', () => {
  const snippets = {
    'When is **high water** in `Brest`?': 'When is high water in Brest?',
    '## Tides\n\n- high _water_ at 04:12\n- [x] done': 'Tides high water at 04:12 done',
    '…port of **Brest, high water** and more': '…port of Brest, high water and more',
    '…bold** high water **cut off': '…bold high water cut off',
    '…almanac](https://example.com/a) says high water': '…almanac says high water',
    'high water, see [the almanac](https://exam…': 'high water, see the almanac',
    'high water, see [the alm…': 'high water, see the alm…',
    '| Port | high water |\n| --- | ---: |\n| Brest | 04:12 |': 'Port · high water Brest · 04:12',
    '```ts\nconst high water = tides[0];\n```': 'const high water = tides[0];',
    'a | b: high water': 'a | b: high water',
    'snake_case_high water * 2': 'snake_case_high water * 2',
    // The match is in the address: shown as it is.
    '[tides](https://example.com/high water)': '[tides](https://example.com/high water)',
    '[tides](https://example.com/high%20water)': '[tides](https://example.com/high%20water)',
  };
  for (const [snippet, text] of Object.entries(snippets)) expect(snippetText(snippet, 'HIGH WATER'), snippet).toBe(text);
  expect(snippetText('[tides](https://example.com/brest)', 'example.com')).toBe('[tides](https://example.com/brest)');
});
