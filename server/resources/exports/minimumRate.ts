/**
 * How fast a client must read. It may fall behind the rate by `graceMs` in all, and catches up by reading faster. An export holds one of few places, so
 * without a rate a client that reads a byte now and then would hold it for half an hour.
 */
export type ReadingRate = { bytesPerSecond: number; graceMs: number };

export const exportRate: ReadingRate = { bytesPerSecond: 64 * 1_024, graceMs: 60_000 };

/** While others wait for a place. Otherwise a few slow clients could hold all places for half an hour. */
export const contendedRate: ReadingRate = { ...exportRate, bytesPerSecond: 512 * 1_024 };

/** Fits into the buffers of a connection, so that the reader of a slow connection is not taken for one that does not read. */
const pieceBytes = 64 * 1_024;

/**
 * Passes the chunks on, and calls `onSlow` if their reader is too slow. Only the time in which the reader is waited for counts. `rateNow` is asked after each
 * piece.
 */
export async function* atMinimumRate(
  chunks: AsyncIterable<Uint8Array>,
  rateNow: () => ReadingRate,
  onSlow: () => void,
): AsyncGenerator<Uint8Array> {
  let leftMs = rateNow().graceMs;
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      const timer = setTimeout(onSlow, leftMs);
      const began = performance.now();
      try {
        yield piece;
      } finally {
        clearTimeout(timer);
      }
      const { bytesPerSecond, graceMs } = rateNow();
      leftMs = Math.min(graceMs, leftMs - (performance.now() - began) + (piece.length / bytesPerSecond) * 1_000);
    }
}
