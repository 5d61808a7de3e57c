import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whileAllowed } from '../../../server/http/pipeline/recheck.ts';
import { failWith } from '../../../server/platform/failure.ts';
import { atMinimumRate, contendedRate, exportRate } from '../../../server/resources/exports/minimumRate.ts';
import { createPlaces } from '../../../server/resources/exports/places.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const kib = 1_024;
const rate = { bytesPerSecond: 64 * kib, graceMs: 60_000 };

/** Reads 100 pieces of 64 KiB, and waits before each. The source makes 1 MiB at a time, after a wait of its own. Returns how many it read in time. */
async function readSlowly({ readerMs = 0, sourceMs = 0, rateNow = () => rate }): Promise<number> {
  async function* source() {
    for (let made = 0; made < 100; made += 16) {
      await vi.advanceTimersByTimeAsync(sourceMs);
      yield new Uint8Array(1_024 * kib);
    }
  }
  let isTooSlow = false;
  let pieces = 0;
  for await (const piece of atMinimumRate(source(), rateNow, () => (isTooSlow = true))) {
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

test('while others wait for a place, those who have one must read faster', async () => {
  const take = createPlaces('test', { inAll: 1, perOwner: 1 }, 'export_rate_limited');
  const { signal } = new AbortController();
  const place = take(['first'], signal);
  const readAtHalfASecond = () => readSlowly({ readerMs: 500, rateNow: place.rate });
  expect(await readAtHalfASecond()).toBe(112);
  // The limit of its own owner is no reason.
  expect(() => take(['first'], new AbortController().signal)).toThrow();
  expect(place.rate()).toBe(exportRate);
  // Somebody tries again every 15 seconds. A piece takes half a second instead of an eighth.
  const retries = setInterval(() => expect(() => take(['second'], new AbortController().signal)).toThrow(), 15_000);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(place.rate()).toBe(contendedRate);
  const slow = readSlowly({ readerMs: 1_000, rateNow: place.rate });
  expect(await slow).toBeLessThan(80);
  clearInterval(retries);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(place.rate()).toBe(exportRate);
  place.leave();
  take(['second'], new AbortController().signal).leave();
});

test('a place that becomes free is for whoever waits longest, as long as they come back', async () => {
  const most = { inAll: 2, perOwner: 1 };
  const take = createPlaces('turns', most, 'export_rate_limited');
  const ask = (owner: string) => {
    try {
      return take([owner], new AbortController().signal);
    } catch {
      return undefined;
    }
  };
  const held = [ask('a')!, ask('b')!];
  expect([ask('victim'), ask('c')]).toEqual([undefined, undefined]);
  held[0]!.leave();
  // Not for the one who begins again at once, nor for one who came later.
  expect([ask('a'), ask('c')]).toEqual([undefined, undefined]);
  held[1]!.leave();
  // Of two free places, one is for the first.
  const later = ask('c');
  expect([later, ask('a'), ask('b')]).toEqual([expect.anything(), undefined, undefined]);
  const turn = ask('victim');
  expect(turn).toBeDefined();
  turn!.leave();
  // The next one does not come back.
  await vi.advanceTimersByTimeAsync(15_000);
  expect(ask('b')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(ask('b')).toBeDefined();
  later!.leave();
});

test('an export ends within seconds after its caller has lost access', async () => {
  async function* source() {
    for (let second = 0; second < 20; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      yield second;
    }
  }
  let mayRead = true;
  const recheck = async () => {
    if (!mayRead) throw failWith('forbidden', 'ip_blocked', 'This account does not let your address in.');
    return { accountId: '', role: 'admin', permissions: new Set<string>(), isPlatformAdmin: false, isScoped: false };
  };
  const seen: number[] = [];
  const read = async () => {
    for await (const second of whileAllowed(source(), recheck)) {
      seen.push(second);
      mayRead = second < 9;
    }
  };
  await expect(read()).rejects.toMatchObject({ status: 403 });
  expect(seen.at(-1)).toBe(10);
});
