import type { Bucket } from '../kernel/bucket.ts';
import { bucketOf } from '../kernel/bucket.ts';
import type { ConcurrencyLimiter } from '../kernel/concurrency.ts';

/** The place of one request among those in progress. A request that waits for its sender gives it back for that time. */
export type Slot = {
  pause(): void;
  /** Takes a place again; false when there is none. */
  resume(): boolean;
  /** Gives the place back for good. */
  close(): void;
};

const inProgress: Bucket = bucketOf('requests in progress');

/** Takes a slot; undefined when all are taken. */
export function takeSlot(limiter: ConcurrencyLimiter): Slot | undefined {
  let leave = limiter.enter(inProgress);
  if (!leave) return undefined;
  let isClosed = false;
  const pause = () => {
    leave?.();
    leave = undefined;
  };
  return {
    pause,
    resume() {
      if (!isClosed) leave ??= limiter.enter(inProgress);
      return isClosed || leave !== undefined;
    },
    close() {
      isClosed = true;
      pause();
    },
  };
}
