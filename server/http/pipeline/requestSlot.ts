import type { ConcurrencyLimiter } from '../../platform/concurrency.ts';
import type { LimiterKey } from '../../platform/limiterKey.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';

/** The concurrency slot of a request. A request releases it while it waits for its body. */
export type RequestSlot = {
  pause(): void;
  /** Takes a slot again. False if none is free. */
  resume(): boolean;
  /** Releases the slot permanently. */
  close(): void;
};

const inProgress: LimiterKey = limiterKeyOf('requests in progress');

/** Undefined if no slot is free. */
export function acquireRequestSlot(limiter: ConcurrencyLimiter): RequestSlot | undefined {
  let leave = limiter.acquire(inProgress);
  if (!leave) return undefined;
  let isClosed = false;
  const pause = () => {
    leave?.();
    leave = undefined;
  };
  return {
    pause,
    resume() {
      if (!isClosed) leave ??= limiter.acquire(inProgress);
      return isClosed || leave !== undefined;
    },
    close() {
      isClosed = true;
      pause();
    },
  };
}
