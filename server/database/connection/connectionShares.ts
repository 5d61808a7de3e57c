import type pg from 'pg';
import { ConnectionNotAvailable, TooManyWaiting } from './connectionErrors.ts';

/** How much of a pool one name may use. */
type Kind = {
  /** The most connections at once, of `max` that the pool has. */
  most(max: number): number;
  /** The most statements and transactions that wait for one. Further ones are rejected at once. */
  maxWaiting: number;
  /** Whether the last connection may be taken. It is free for those whom the others must not shut out. */
  mayTakeLast: boolean;
  /** Whether it waits three times as long for a connection, and a transaction that got a lock not in time is repeated, up to three attempts in total. */
  isPatient?: boolean;
};

/** Whose work a connection is taken for. */
export type Share = { readonly name: string; readonly kind: Kind };

const part = (of: number) => (max: number) => Math.max(1, Math.floor(max * of));
const account: Kind = { most: part(1 / 2), maxWaiting: 128, mayTakeLast: false };
/** What it stores may have cost something. */
const background: Kind = { ...account, maxWaiting: Number.POSITIVE_INFINITY, isPatient: true };
/** Work within a transaction, which holds a connection meanwhile: it would wait for itself if it had to wait for those. */
const nested: Kind = { most: part(1 / 4), maxWaiting: Number.POSITIVE_INFINITY, mayTakeLast: true };

/** The work of an account: at most half of the connections. Also takes the id of a user without an account. */
export const accountShare = (accountId: string): Share => ({ name: accountId, kind: account });

/** What is done for an account in the background, such as its runs. It takes of the share of the account. */
export const backgroundShare = (accountId: string): Share => ({ name: accountId, kind: background });

/** What a transaction of the share does outside of itself. */
export const nestedShare = ({ name }: Share): Share => ({ name: `${name} nested`, kind: nested });

/** Requests without a credential. */
export const anonymousShare: Share = { name: 'anonymous', kind: { most: part(1 / 4), maxWaiting: 64, mayTakeLast: false } };

/** Requests that sign in. */
export const signInShare: Share = { name: 'sign-ins', kind: { most: part(1 / 2), maxWaiting: 256, mayTakeLast: true } };

/** Short reads of all callers, which share connections. They wait for no locks. */
export const shortReadShare: Share = {
  name: 'short reads',
  kind: { most: (max) => Math.ceil(max * 0.75), maxWaiting: Number.POSITIVE_INFINITY, mayTakeLast: true },
};

/** The process itself, such as its jobs. */
export const processShare: Share = {
  name: 'process',
  kind: { most: (max) => max, maxWaiting: Number.POSITIVE_INFINITY, mayTakeLast: true },
};

type Waiting = { readonly share: Share; begin(): void };

/** A connection of the pool. `release` with an error closes it. */
export type TakenConnection = { readonly client: pg.PoolClient; release(error?: Error): void };

export type ConnectionShares = {
  /** Waits for a connection. Rejects with `TooManyWaiting` if the share is used up for `maxWaitMs`, or if too many wait for it. */
  take(share: Share): Promise<TakenConnection>;
  /** How many wait. */
  waiting(): number;
};

/**
 * Distributes the connections of a pool, so that nobody can use it up: a statement that waits for a lock holds its connection, and an account may have many
 * of them. Those that cannot have a connection now wait in memory, and get one in turn by share.
 */
export function shareConnectionsOf(pool: pg.Pool, maxWaitMs: number): ConnectionShares {
  const { max } = pool.options;
  const taken = new Map<string, number>();
  /** The share whose turn is next comes first. */
  const waiting = new Map<string, Waiting[]>();
  let total = 0;

  const isUsedUp = ({ name, kind }: Share) => (taken.get(name) ?? 0) >= kind.most(max);
  const isFree = (share: Share) => total < (share.kind.mayTakeLast || max === 1 ? max : max - 1) && !isUsedUp(share);
  function count({ name }: Share, change: 1 | -1) {
    total += change;
    const now = (taken.get(name) ?? 0) + change;
    if (now > 0) taken.set(name, now);
    else taken.delete(name);
  }
  function giveBack(share: Share) {
    count(share, -1);
    // A share that is put at the end is met again.
    for (const [name, [first, ...others]] of waiting) {
      if (total >= max) return;
      if (!first || !isFree(first.share)) continue;
      waiting.delete(name);
      if (others.length > 0) waiting.set(name, others);
      count(first.share, 1);
      first.begin();
    }
  }
  function wait(share: Share): Promise<void> {
    const { name, kind } = share;
    const others = waiting.get(name) ?? [];
    if (others.length >= kind.maxWaiting) throw new TooManyWaiting();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const left = (waiting.get(name) ?? []).filter((each) => each !== mine);
      if (left.length > 0) waiting.set(name, left);
      else waiting.delete(name);
      reject(isUsedUp(share) ? new TooManyWaiting() : new ConnectionNotAvailable());
    };
    const timer = setTimeout(leave, kind.isPatient ? 3 * maxWaitMs : maxWaitMs);
    const mine: Waiting = {
      share,
      begin() {
        clearTimeout(timer);
        resolve();
      },
    };
    waiting.set(name, [...others, mine]);
    return promise;
  }
  return {
    async take(share) {
      if (isFree(share)) count(share, 1);
      else await wait(share);
      try {
        const client = await pool.connect();
        return {
          client,
          release(error) {
            client.release(error);
            giveBack(share);
          },
        };
      } catch (error) {
        giveBack(share);
        throw error;
      }
    },
    waiting: () => pool.waitingCount + [...waiting.values()].reduce((sum, each) => sum + each.length, 0),
  };
}
