import { expect } from 'vitest';

/** Polls until `ask` returns `expected`, which must take less than `ms` milliseconds. */
export async function expectWithin(ms: number, ask: () => unknown, expected: unknown): Promise<void> {
  const began = performance.now();
  await expect.poll(() => ask(), { interval: 20 }).toEqual(expected);
  expect(performance.now() - began).toTakeLessThan(ms);
}
