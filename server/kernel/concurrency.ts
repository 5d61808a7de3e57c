import type { Bucket } from './bucket.ts';

/** Limits how many of something are open at once in this process, for each bucket. */
export type ConcurrencyLimiter = {
  /** Takes a place and returns what gives it back; undefined when no place is free. */
  enter(bucket: Bucket): (() => void) | undefined;
};

/** `most` for each bucket; 0 is without limit. */
export function createConcurrencyLimiter(most: number): ConcurrencyLimiter {
  const open = new Map<Bucket, number>();
  return {
    enter(bucket) {
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
