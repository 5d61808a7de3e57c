import { expect, test } from 'vitest';
import { parseRetryAfter, retryDelaySeconds } from '../../../server/resources/webhooks/sending/retryDelay.ts';

const noJitter = () => 0.5;

test('with a base of 15 seconds the delays are 30, 60, 120 and 240 seconds, with 10% jitter', () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelaySeconds(attempt, 15, 0, noJitter))).toEqual([30, 60, 120, 240]);
  expect([1, 2].map((attempt) => retryDelaySeconds(attempt, 15, 0, () => 0))).toEqual([27, 54]);
  expect(retryDelaySeconds(1, 15, 0, () => 1)).toBeCloseTo(33);
  const waits = Array.from({ length: 1_000 }, () => retryDelaySeconds(1, 15));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(27);
  expect(Math.max(...waits)).toBeLessThanOrEqual(33);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(4);
});

test('delays are at most one hour, plus jitter', () => {
  expect([8, 9, 50, 100].map((attempt) => retryDelaySeconds(attempt, 15, 0, noJitter))).toEqual([3_600, 3_600, 3_600, 3_600]);
  expect(retryDelaySeconds(2_000, 15, 0, noJitter)).toBe(3_600);
});

test('a longer Retry-After is used, up to one hour', () => {
  expect(retryDelaySeconds(1, 15, 29, noJitter)).toBe(30);
  expect(retryDelaySeconds(1, 15, 31, noJitter)).toBe(31);
  expect(retryDelaySeconds(1, 15, 86_400, noJitter)).toBe(3_600);
  expect(retryDelaySeconds(1, 15, Number.POSITIVE_INFINITY, noJitter)).toBe(3_600);
});

test('Retry-After is parsed as seconds or a date', () => {
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
  for (const [text, seconds] of cases) expect([text, parseRetryAfter(text, now)]).toEqual([text, seconds]);
});
