import { expect, test } from 'vitest';
import { costOf } from '../../../docs/playground/src/components/money.ts';
import {
  csvOf,
  daysInUtc,
  daysOf,
  isHourly,
  monthsIn,
  periodsIn,
  periodsOf,
  problemOfRange,
  rangeOf,
  totalsOf,
  usageZone,
  zoneOfRange,
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

test('days and hours of the usage are those of the zone, if they begin with an hour of UTC', () => {
  const now = Date.parse('2026-11-01T03:30:00Z');
  const newYork = 'America/New_York';
  expect([newYork, 'Europe/Berlin', 'Asia/Kolkata', 'Etc/UTC'].map((zone) => usageZone(zone, now))).toEqual([
    newYork,
    'Europe/Berlin',
    'UTC',
    'UTC',
  ]);
  const week = daysOf('7', newYork, now);
  expect(week).toEqual({ start: '2026-10-25', end: '2026-10-31' });
  expect([zoneOfRange(week, newYork), zoneOfRange({ start: '2026-01-01', end: '2026-10-31' }, newYork)]).toEqual([newYork, 'UTC']);
  // Days of UTC, of which the current one has begun.
  expect(daysOf('year', newYork, now)).toEqual({ start: '2025-12-01', end: '2026-11-01' });
  expect(daysInUtc(week, newYork)).toEqual({ start: '2026-10-25', end: '2026-11-01' });

  const used = { input_tokens: 5, output_tokens: 2, cost_usd: 0.5, record_count: 1 };
  // The last hour before the first day, its first one, and the last hour of the last day.
  const rows = ['2026-10-25T03:00:00.000Z', '2026-10-25T04:00:00.000Z', '2026-11-01T03:00:00.000Z'].map((hour) => ({ hour, ...used }));
  const days = periodsIn(newYork, week, rows);
  expect(days).toHaveLength(7);
  expect([days[0], totalsOf(days)]).toEqual([{ name: '2026-10-25', ...used }, { ...totalsOf([used, used]) }]);
  expect(days.at(-1)).toEqual({ name: '2026-10-31', ...used });
  // Clocks are set back on that day.
  expect(periodsIn(newYork, { start: '2026-11-01', end: '2026-11-01' }, [])).toHaveLength(25);
});

test('tokens without a price are not said to be free', () => {
  expect([costOf(0, 12), costOf(null, 12), costOf(0, 0), costOf(null, 0), costOf(0.5, 12)]).toEqual([
    'No price',
    'No price',
    '$0.00',
    '$0.00',
    '$0.50',
  ]);
});
