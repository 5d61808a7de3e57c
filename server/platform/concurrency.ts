import type { LimiterKey } from './limiterKey.ts';

/** Limits concurrent operations per bucket in this process. */
export type ConcurrencyLimiter = {
  /** Takes a slot and returns the function that releases it. Undefined if no slot is free. */
  acquire(bucket: LimiterKey): (() => void) | undefined;
};

/** Like `ConcurrencyLimiter`, but the count may be kept by another process. */
export type SharedConcurrencyLimiter = {
  acquire(bucket: LimiterKey): Promise<(() => void) | undefined> | (() => void) | undefined;
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

/** Limits concurrent operations. Further ones wait in order. */
export type TurnQueue = {
  /** Waits for a turn, and returns the function that ends it. Undefined if too many are waiting. */
  take(): Promise<(() => void) | undefined>;
};

export function createTurnQueue({ most, maxWaiting }: { most: number; maxWaiting: number }): TurnQueue {
  let free = most;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (free > 0) free--;
      else if (waiting.length >= maxWaiting) return undefined;
      else await new Promise<void>((turn) => waiting.push(turn));
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const next = waiting.shift();
        if (next) next();
        else free++;
      };
    },
  };
}
