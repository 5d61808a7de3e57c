import { expect, test } from 'vitest';
import { dueTimes, nextTimes, requireCron, shortestInterval } from '../../../server/resources/schedules/times.ts';

const from = (cron: string, timezone: string, time: string, count = 3) =>
  nextTimes({ cron, run_at: null, timezone }, new Date(time), count).map((each) => each.toISOString().slice(0, 16));

test('a local time that daylight saving skips becomes the first time after the gap, on that day only', () => {
  // Clocks in Berlin go from 02:00 to 03:00 on 29 March 2026.
  expect(from('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z')).toEqual(['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']);
  expect(from('15,45 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z')).toEqual([
    '2026-03-29T01:00',
    '2026-03-30T00:15',
    '2026-03-30T00:45',
  ]);
});

test('a local time that is repeated counts once for fixed times, and twice for intervals', () => {
  // Clocks in Berlin go from 03:00 to 02:00 on 25 October 2026, and in New York from 02:00 to 01:00 on 1 November.
  expect(from('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z')).toEqual(['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30']);
  expect(from('0 1,2 * * *', 'America/New_York', '2026-11-01T04:30:00Z')).toEqual([
    '2026-11-01T05:00',
    '2026-11-01T07:00',
    '2026-11-02T06:00',
  ]);
  expect(from('*/30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 5)).toEqual([
    '2026-10-25T00:00',
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
    '2026-10-26T01:00',
  ]);
  // An hourly schedule keeps an hour between its times on both days.
  for (const day of ['2026-03-28T22:00:00Z', '2026-10-24T22:00:00Z']) {
    const times = from('0 * * * *', 'Europe/Berlin', day, 8).map((time) => Date.parse(`${time}:00Z`));
    expect(times.slice(1).map((time, at) => time - times[at]!)).toEqual(Array.from({ length: 7 }, () => 3_600_000));
  }
});

test('the same pattern has other instants in other zones, with offsets of less than an hour', () => {
  const noon = (zone: string) => from('0 12 1 7 *', zone, '2026-01-01T00:00:00Z', 1);
  expect(noon('UTC')).toEqual(['2026-07-01T12:00']);
  expect(noon('Asia/Kathmandu')).toEqual(['2026-07-01T06:15']);
  expect(noon('Australia/Lord_Howe')).toEqual(['2026-07-01T01:30']);
});

test('the times that are due include the first and the present one, and of many the last', () => {
  const due = (first: string, now: string, count = 10) =>
    dueTimes({ cron: '0 * * * *', run_at: null, timezone: 'UTC' }, new Date(first), new Date(now), count).map((time) => time.toISOString());
  expect(due('2026-01-01T07:00:00Z', '2026-01-01T07:00:00.000Z')).toEqual(['2026-01-01T07:00:00.000Z']);
  expect(due('2026-01-01T07:00:00Z', '2026-01-01T06:59:59.999Z')).toEqual([]);
  expect(due('2026-01-01T07:00:00Z', '2026-01-01T09:00:00.400Z')).toEqual([
    '2026-01-01T07:00:00.000Z',
    '2026-01-01T08:00:00.000Z',
    '2026-01-01T09:00:00.000Z',
  ]);
  expect(due('2020-01-01T00:00:00Z', '2026-01-01T00:30:00Z', 2)).toEqual(['2025-12-31T23:00:00.000Z', '2026-01-01T00:00:00.000Z']);
});

test('a pattern that is not valid or never matches is rejected with the reason, in time', () => {
  const messageOf = (cron: string) => {
    try {
      requireCron(cron, 'UTC', new Date());
    } catch (error) {
      return (error as { details: { reason: string; issues: { message: string }[] } }).details;
    }
    return undefined;
  };
  const wrong = [
    '',
    '* * * *',
    '* * * * * *',
    '61 * * * *',
    '* * 30 2 *',
    '@daily',
    '? * * * *',
    '*/0 * * * *',
    'a b c d e',
    '5-1 * * * *',
    '* * * * 8',
  ];
  for (const cron of wrong) expect([cron, messageOf(cron)?.reason]).toEqual([cron, 'invalid_cron']);
  expect(messageOf('61 * * * *')?.issues[0]?.message).toContain('61');
  for (const cron of ['* * * * *', '0 9 * * MON-FRI', '0 0 L * *', '0 0 * * 5#2', '0 0 29 2 *', '0 0 * * 7'])
    expect([cron, messageOf(cron)]).toEqual([cron, undefined]);
});

test('the shortest interval is found across hours, days and months', () => {
  const shortest = (cron: string) => shortestInterval(cron, 'UTC', new Date('2026-01-02T12:00:00Z'), 60) / 60;
  expect(shortest('*/5 * * * *')).toBe(5);
  expect(shortest('0,59 0,23 1,15,16 * *')).toBe(1);
  expect(shortest('0 0,23 1,15,16 * *')).toBe(60);
  expect(shortest('0 9 * * 1')).toBe(7 * 24 * 60);
});
