import { expect, test } from 'vitest';
import {
  csvOf,
  isHourly,
  monthsIn,
  periodsOf,
  problemOfRange,
  rangeOf,
  totalsOf,
} from '../../../docs/playground/src/pages/usage/figures.ts';

test('ranges of the usage are days in UTC, and days or hours without runs are filled in', () => {
  const now = Date.parse('2024-03-01T00:30:00Z');
  expect(rangeOf('today', now)).toEqual({ start: '2024-03-01', end: '2024-03-01' });
  expect(rangeOf('7', now)).toEqual({ start: '2024-02-24', end: '2024-03-01' });
  expect(rangeOf('last-month', now)).toEqual({ start: '2024-02-01', end: '2024-02-29' });
  expect(rangeOf('year', now)).toEqual({ start: '2023-04-01', end: '2024-03-01' });
  expect(monthsIn(rangeOf('year', now))).toHaveLength(12);
  expect(problemOfRange({ start: '2024-01-01', end: '2024-12-31' })).toBeUndefined();
  expect(problemOfRange({ start: '2024-01-01', end: '2025-01-01' })).toContain('366');
  expect(problemOfRange({ start: '', end: '2025-01-01' })).toContain('both');

  const used = { input_tokens: 5, output_tokens: 2, cost_usd: 0.5, record_count: 1 };
  const february = periodsOf(rangeOf('last-month', now), [{ date: '2024-02-29', ...used }]);
  expect(february).toHaveLength(29);
  expect(february.at(-1)).toEqual({ name: '2024-02-29', ...used });
  expect(totalsOf(february)).toEqual(used);
  const range = { start: '2024-02-29', end: '2024-03-01' };
  expect(isHourly(range)).toBe(true);
  const hours = periodsOf(range, [{ hour: '2024-02-29T23:00:00.000Z', ...used }]);
  expect(hours).toHaveLength(48);
  expect(hours[23]).toEqual({ name: '2024-02-29T23:00:00.000Z', ...used });
  expect(
    csvOf(
      ['a', 'b'],
      [
        ['=1+1', 'say "hi", you'],
        [-1, ''],
      ],
    ),
  ).toBe('a,b\r\n\'=1+1,"say ""hi"", you"\r\n-1,\r\n');
});
