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
  /**
   * Waits for a turn, and returns the function that ends it. Undefined if too many are waiting. Rejects with the reason of `signal` if it is
   * aborted before the turn.
   */
  take(options?: { signal?: AbortSignal; owner?: string }): Promise<(() => void) | undefined>;
};

type Limits = {
  most: number;
  maxWaiting: number;
  /** Limits of one owner, so that its operations do not hold up those of others. */
  perOwner?: { most: number; maxWaiting: number };
};

const noLimit = { most: Number.POSITIVE_INFINITY, maxWaiting: Number.POSITIVE_INFINITY };

export function createTurnQueue({ most, maxWaiting, perOwner = noLimit }: Limits): TurnQueue {
  const running: string[] = [];
  const waiting: { owner: string; begin: () => void }[] = [];
  const countOf = (owner: string) => running.filter((each) => each === owner).length;
  const canRun = (owner: string) => running.length < most && countOf(owner) < perOwner.most;
  function end(owner: string) {
    running.splice(running.indexOf(owner), 1);
    const next = waiting.findIndex((each) => canRun(each.owner));
    for (const { begin } of next < 0 ? [] : waiting.splice(next, 1)) begin();
  }
  function wait(owner: string, signal: AbortSignal | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      waiting.splice(waiting.indexOf(turn), 1);
      reject(signal!.reason);
    };
    const begin = () => {
      signal?.removeEventListener('abort', leave);
      running.push(owner);
      resolve();
    };
    const turn = { owner, begin };
    waiting.push(turn);
    signal?.addEventListener('abort', leave, { once: true });
    return promise;
  }
  return {
    async take({ signal, owner = '' } = {}) {
      signal?.throwIfAborted();
      if (canRun(owner)) running.push(owner);
      else if (waiting.length >= maxWaiting || waiting.filter((each) => each.owner === owner).length >= perOwner.maxWaiting)
        return undefined;
      else await wait(owner, signal);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        end(owner);
      };
    },
  };
}
