import { createConcurrencyLimiter, createTurnQueue, type SharedConcurrencyLimiter, type TurnQueue } from '../../platform/concurrency.ts';
import { hashLimits } from '../../platform/crypto/passwords.ts';
import type { Command, Report, SharedLimit } from './messages.ts';

/** Counts the slots of all API processes, in the primary process. */
export type SharedLimits = {
  acquire(owner: Owner, message: Extract<Report, { type: 'acquire' }>): void;
  release(owner: Owner, message: Extract<Report, { type: 'release' }>): void;
  /** Releases the slots of a process that has ended. */
  releaseAll(owner: Owner): void;
};

/** An API process. `send` returns whether the process can still be reached. */
type Owner = { send(command: Command): boolean };

export function createSharedLimits({ maxStreamsPerUser }: { maxStreamsPerUser: number }): SharedLimits {
  const streams = createConcurrencyLimiter(maxStreamsPerUser);
  const hashes = createTurnQueue(hashLimits);
  const ended = new WeakSet<Owner>();
  const held = new Map<Owner, Map<number, () => void>>();

  async function acquire(owner: Owner, { id, limit }: Extract<Report, { type: 'acquire' }>) {
    const leave = limit.name === 'streams' ? streams.acquire(limit.bucket) : await hashes.take();
    // The process may have ended while it waited for its turn.
    if (ended.has(owner) || !owner.send({ type: 'slot', id, isGranted: leave !== undefined })) return leave?.();
    if (leave) held.set(owner, (held.get(owner) ?? new Map<number, () => void>()).set(id, leave));
  }
  return {
    acquire: (owner, message) => void acquire(owner, message),
    release(owner, { id }) {
      held.get(owner)?.get(id)?.();
      held.get(owner)?.delete(id);
    },
    releaseAll(owner) {
      ended.add(owner);
      for (const leave of held.get(owner)?.values() ?? []) leave();
      held.delete(owner);
    },
  };
}

/** The limits of the primary process, as an API process uses them. */
export type RemoteLimits = {
  streams: SharedConcurrencyLimiter;
  hashes: TurnQueue;
  /** Handles the response of the primary process. */
  onSlot(message: Extract<Command, { type: 'slot' }>): void;
};

export function createRemoteLimits(send: (report: Report) => void): RemoteLimits {
  const pending = new Map<number, (isGranted: boolean) => void>();
  let lastId = 0;

  async function acquire(limit: SharedLimit): Promise<(() => void) | undefined> {
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    pending.set(id, resolve);
    send({ type: 'acquire', id, limit });
    if (!(await promise)) return undefined;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      send({ type: 'release', id });
    };
  }
  return {
    streams: { acquire: (bucket) => acquire({ name: 'streams', bucket }) },
    hashes: { take: () => acquire({ name: 'hashes' }) },
    onSlot({ id, isGranted }) {
      pending.get(id)?.(isGranted);
      pending.delete(id);
    },
  };
}
