import { expect, test } from 'vitest';
import { growthOf } from './growth.ts';

const limit = { unit: 'MiB', perHour: 24, noise: 4 };
const series = (valueAt: (minute: number) => number) =>
  Array.from({ length: 31 }, (_, minute) => ({ seconds: minute * 60, value: valueAt(minute) }));

test('a leak of one unit per minute is found, and growth during the warm-up is not', () => {
  const leak = growthOf(
    series((minute) => 100 + minute),
    limit,
  );
  expect(leak).toMatchObject({ first: 115, last: 130, isTooFast: true });
  expect(leak.perHour).toBeCloseTo(60);
  expect(
    growthOf(
      series((minute) => 100 + Math.min(minute, 14) * 10),
      limit,
    ).isTooFast,
  ).toBe(false);
});

test('noise, and steep growth that adds up to less than the noise, pass', () => {
  expect(
    growthOf(
      series((minute) => 100 + (minute % 2) * 3),
      limit,
    ).isTooFast,
  ).toBe(false);
  const short = series((minute) => 100 + minute).slice(0, 6);
  expect(growthOf(short, limit)).toMatchObject({ isTooFast: false });
});
