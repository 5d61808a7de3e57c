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

/** A queue of this process, where an operation can have an owner and can stop waiting. */
export type LocalTurnQueue = {
  /** Rejects with the reason of the signal. */
  take(wanted?: { owner?: string; signal?: AbortSignal }): ReturnType<TurnQueue['take']>;
};

type Waiter = { owner: string | undefined; start(): void };

/** At most `mostPerOwner` operations of the same owner have a turn; those of others overtake them. */
export function createTurnQueue({
  most,
  mostPerOwner = most,
  maxWaiting,
}: {
  most: number;
  mostPerOwner?: number;
  maxWaiting: number;
}): LocalTurnQueue {
  let free = most;
  const turns = new Map<string, number>();
  const waiting: Waiter[] = [];
  const turnsOf = (owner: string | undefined) => (owner === undefined ? 0 : (turns.get(owner) ?? 0));
  const canStart = ({ owner }: Pick<Waiter, 'owner'>) => free > 0 && turnsOf(owner) < mostPerOwner;
  /** Counts turns that begin (1) or end (-1). */
  function count(owner: string | undefined, change: 1 | -1) {
    free -= change;
    const own = turnsOf(owner) + change;
    if (own > 0 && owner !== undefined) turns.set(owner, own);
    else if (owner !== undefined) turns.delete(owner);
  }
  const waitForTurn = (owner: string | undefined, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        owner,
        start() {
          signal?.removeEventListener('abort', leave);
          count(owner, 1);
          resolve();
        },
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      waiting.push(waiter);
    });
  return {
    async take({ owner, signal } = {}) {
      signal?.throwIfAborted();
      if (canStart({ owner })) count(owner, 1);
      else if (waiting.length >= maxWaiting) return undefined;
      else await waitForTurn(owner, signal);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        count(owner, -1);
        const next = waiting.findIndex(canStart);
        if (next >= 0) waiting.splice(next, 1)[0]!.start();
      };
    },
  };
}
