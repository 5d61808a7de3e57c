import { expect, test } from 'vitest';
import { readRetryAfter, waitAfter } from '../../server/jobs/webhooks/schedule.ts';

const middle = () => 0.5;

test('with the base of 15 seconds it waits 30, 60, 120 and 240, a tenth more or less', () => {
  expect([1, 2, 3, 4].map((attempt) => waitAfter(attempt, 15, 0, middle))).toEqual([30, 60, 120, 240]);
  expect([1, 2].map((attempt) => waitAfter(attempt, 15, 0, () => 0))).toEqual([27, 54]);
  expect(waitAfter(1, 15, 0, () => 1)).toBeCloseTo(33);
  const waits = Array.from({ length: 1_000 }, () => waitAfter(1, 15));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(27);
  expect(Math.max(...waits)).toBeLessThanOrEqual(33);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(4);
});

test('an hour is the most, but for the tenth that keeps receivers from being called all at once', () => {
  expect([8, 9, 50, 100].map((attempt) => waitAfter(attempt, 15, 0, middle))).toEqual([3_600, 3_600, 3_600, 3_600]);
  expect(waitAfter(2_000, 15, 0, middle)).toBe(3_600);
});

test('what the receiver asks for counts when it is more, an hour at most', () => {
  expect(waitAfter(1, 15, 29, middle)).toBe(30);
  expect(waitAfter(1, 15, 31, middle)).toBe(31);
  expect(waitAfter(1, 15, 86_400, middle)).toBe(3_600);
  expect(waitAfter(1, 15, Number.POSITIVE_INFINITY, middle)).toBe(3_600);
});

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  const cases: [text: string | null, seconds: number][] = [
    [null, 0],
    ['0', 0],
    ['120', 120],
    ['Fri, 02 Jan 2026 03:06:05 GMT', 120],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['-1', 0],
    ['1.5', 0],
    ['1e3', 0],
    ['120 seconds', 0],
    ['2026-01-02T03:06:05Z', 0],
    ['soon', 0],
    ['', 0],
  ];
  for (const [text, seconds] of cases) expect([text, readRetryAfter(text, now)]).toEqual([text, seconds]);
});
