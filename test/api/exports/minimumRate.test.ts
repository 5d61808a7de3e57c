import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMinimumRate } from '../../../server/resources/exports/minimumRate.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const kib = 1_024;
const rate = { bytesPerSecond: 64 * kib, graceMs: 60_000 };

/** Reads 100 pieces of 64 KiB, and waits before each. The source makes 1 MiB at a time, after a wait of its own. Returns how many it read in time. */
async function readSlowly({ readerMs = 0, sourceMs = 0 }): Promise<number> {
  async function* source() {
    for (let made = 0; made < 100; made += 16) {
      await vi.advanceTimersByTimeAsync(sourceMs);
      yield new Uint8Array(1_024 * kib);
    }
  }
  let isTooSlow = false;
  let pieces = 0;
  for await (const piece of atMinimumRate(source(), rate, () => (isTooSlow = true))) {
    expect(piece.length).toBe(64 * kib);
    await vi.advanceTimersByTimeAsync(readerMs);
    if (isTooSlow) break;
    pieces++;
  }
  return pieces;
}

test('a reader below the rate uses up its grace and is too slow, also if it never pauses', async () => {
  expect(await readSlowly({ readerMs: 61_000 })).toBe(0);
  // Each piece takes four seconds instead of one.
  expect(await readSlowly({ readerMs: 4_000 })).toBe(19);
});

test('a reader at the rate is not too slow, and a slow source is not its fault', async () => {
  expect(await readSlowly({ readerMs: 1_000 })).toBe(112);
  expect(await readSlowly({ sourceMs: 300_000 })).toBe(112);
});
