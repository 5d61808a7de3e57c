import type { LimiterKey } from './limiterKey.ts';

/** Limits concurrent operations per bucket in this process. */
export type ConcurrencyLimiter = {
  /** Takes a slot and returns the function that releases it. Undefined if no slot is free. */
  acquire(bucket: LimiterKey): (() => void) | undefined;
};

/** `most` is the limit per bucket; 0 means no limit. */
export function createConcurrencyLimiter(most: number): ConcurrencyLimiter {
  const open = new Map<LimiterKey, number>();
  return {
    acquire(bucket) {
      const others = open.get(bucket) ?? 0;
      if (most > 0 && others >= most) return undefined;
      open.set(bucket, others + 1);
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        const left = open.get(bucket)! - 1;
        if (left > 0) open.set(bucket, left);
        else open.delete(bucket);
      };
    },
  };
}
