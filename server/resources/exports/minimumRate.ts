/**
 * How fast a client must read. It may fall behind the rate by `graceMs` in all, and catches up by reading faster. An export holds one of few places, so
 * without a rate a client that reads a byte now and then would hold it for half an hour.
 */
export type ReadingRate = { bytesPerSecond: number; graceMs: number };

export const exportRate: ReadingRate = { bytesPerSecond: 64 * 1_024, graceMs: 60_000 };

/** Fits into the buffers of a connection, so that the reader of a slow connection is not taken for one that does not read. */
const pieceBytes = 64 * 1_024;

/** Passes the chunks on, and calls `onSlow` if their reader is too slow. Only the time in which the reader is waited for counts. */
export async function* atMinimumRate(
  chunks: AsyncIterable<Uint8Array>,
  { bytesPerSecond, graceMs }: ReadingRate,
  onSlow: () => void,
): AsyncGenerator<Uint8Array> {
  let leftMs = graceMs;
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
      leftMs = Math.min(graceMs, leftMs - (performance.now() - began) + (piece.length / bytesPerSecond) * 1_000);
    }
}
