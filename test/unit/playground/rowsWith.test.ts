import { expect, test } from 'vitest';
import { rowsWith } from '../../../docs/playground/src/resource/rowsWith.ts';

const found = (typed: string, ...texts: string[]) => rowsWith(texts, typed, (text) => text);

test('a search of a list finds the rows with every typed word, in any case and form', () => {
  expect(found('tide brest', 'Tide of Brest', 'Brest', 'TIDES AT BREST')).toEqual(['Tide of Brest', 'TIDES AT BREST']);
  expect(found('Ｔｉｄｅ', 'tide')).toEqual(['tide']);
  expect(found('潮汐', '每日潮汐报告', 'tide')).toEqual(['每日潮汐报告']);
  expect(found('  ', 'all', 'rows')).toEqual(['all', 'rows']);
});
