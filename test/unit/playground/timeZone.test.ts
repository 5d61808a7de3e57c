import { expect, test } from 'vitest';
import { instantIn, localTime, setTimeZone, timeFormat, timeZone } from '../../../docs/playground/src/components/timeZone.ts';
import { groupByDay } from '../../../docs/playground/src/shell/threads/groups.ts';

const berlin = 'Europe/Berlin';
const newYork = 'America/New_York';

test('a local time is the instant at which a clock of the zone shows it, also when clocks change', () => {
  for (const [local, zone, instant] of [
    ['2026-07-01T09:00', berlin, '2026-07-01T07:00:00.000Z'],
    ['2026-11-29T00:00', 'Asia/Kathmandu', '2026-11-28T18:15:00.000Z'],
    ['2026-01-31T23:59', 'Pacific/Kiritimati', '2026-01-31T09:59:00.000Z'],
    // 2:30 occurs twice in Berlin, and 1:30 in New York: the first is meant.
    ['2026-10-25T02:30', berlin, '2026-10-25T00:30:00.000Z'],
    ['2026-11-01T01:30', newYork, '2026-11-01T05:30:00.000Z'],
  ] as const) {
    expect(instantIn(local, zone), `${local} ${zone}`).toBe(instant);
    expect(localTime(instant, zone), `${local} ${zone}`).toBe(local);
  }
  // 2:30 is skipped.
  expect(instantIn('2026-03-29T02:30', berlin)).toBe('2026-03-29T01:30:00.000Z');
  expect(instantIn('2026-03-08T02:30', newYork)).toBe('2026-03-08T07:30:00.000Z');
  expect(instantIn('', berlin)).toBeUndefined();
  expect(instantIn('2026-13-01T00:00', berlin)).toBeUndefined();
});

test('times are in the first zone that is set, and a zone that the browser does not know counts as not set', () => {
  const ofBrowser = timeZone();
  const hour = timeFormat({ hour: 'numeric', hourCycle: 'h23', timeZoneName: undefined }, 'en');
  setTimeZone('Mars/Olympus_Mons', newYork);
  expect(timeZone()).toBe(newYork);
  expect(hour('2026-07-01T12:00:00Z', timeZone())).toBe('08');
  expect(hour('2026-07-01T12:00:00Z', 'Mars/Olympus_Mons')).toBe(hour('2026-07-01T12:00:00Z', ofBrowser));
  setTimeZone(null, undefined);
  expect(timeZone()).toBe(ofBrowser);
});

test('chats are grouped by the days and months of the zone', () => {
  const now = Date.parse('2026-01-02T03:00:00Z');
  const groupsIn = (zone: string) =>
    groupByDay(
      ['2026-01-02T02:00:00Z', '2026-01-01T20:00:00Z', '2025-12-31T23:30:00Z', '2025-12-26T00:00:00Z', '2025-11-30T00:00:00Z'].map(
        (updated_at) => ({ updated_at }) as Parameters<typeof groupByDay>[0][number],
      ),
      zone,
      now,
    ).map(({ name, rows }) => [name, rows.length]);
  expect(groupsIn('UTC')).toEqual([
    ['Today', 1],
    ['Yesterday', 1],
    ['Previous 7 days', 2],
    [expect.stringContaining(new Intl.NumberFormat(undefined, { useGrouping: false }).format(2025)), 1],
  ]);
  // There it is still the first of January.
  expect(groupsIn(newYork).slice(0, 2)).toEqual([
    ['Today', 2],
    ['Yesterday', 1],
  ]);
});
