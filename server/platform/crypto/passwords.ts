import { availableParallelism } from 'node:os';
import { Argon2id } from 'oslo/password';
import { createTurnQueue, type TurnQueue } from '../concurrency.ts';
import { Failure } from '../failure.ts';

/** Hashes and verifies passwords, off the event loop. Throws 503 if too many calls are waiting. */
export type PasswordHasher = {
  hash(password: string): Promise<string>;
  /** Without a hash, does the same work and returns false, so that timing reveals nothing. */
  verify(hash: string | null | undefined, password: string): Promise<boolean>;
  /** Whether a hash was made with parameters other than the current ones. */
  isOutdated(hash: string): boolean;
};

/** The cost of a hash: memory in KiB, and passes over it. */
export type HashCost = { memorySize: number; iterations: number };

/** OWASP's minimum: 19 MiB and 2 passes. */
const owaspMinimum: HashCost = { memorySize: 19_456, iterations: 2 };

// The library applies Unicode normalization to its input. Base64 keeps the password's bytes as typed.
const verbatim = (password: string) => Buffer.from(password, 'utf8').toString('base64');

/**
 * How many hashes are computed at once, so that a burst of sign-ins exhausts neither memory nor CPU time. One core stays free for other requests: with
 * all cores hashing, their p99 was seven times as long (measured with 200 concurrent sign-ins). More waiting calls would wait longer than clients do.
 */
export const hashLimits = { most: Math.max(1, availableParallelism() - 1), maxWaiting: 64 };

/** Argon2id with one lane, in the PHC string format. `turns` limits the hashes that are computed at once; by default, those of this hasher. */
export function createPasswordHasher(cost: HashCost = owaspMinimum, turns: TurnQueue = createTurnQueue(hashLimits)): PasswordHasher {
  const algorithm = new Argon2id({ ...cost, parallelism: 1 });
  const prefix = `$argon2id$v=19$m=${cost.memorySize},t=${cost.iterations},p=1$`;
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const leave = await turns.take();
    if (!leave) throw overloaded();
    try {
      return await work();
    } finally {
      leave();
    }
  };
  let decoy: Promise<string> | undefined;
  const decoyHash = () => {
    decoy ??= algorithm.hash(verbatim('decoy'));
    return decoy;
  };
  return {
    hash: (password) => inTurn(() => algorithm.hash(verbatim(password))),
    verify: (hash, password) =>
      inTurn(async () => {
        const same = await algorithm.verify(hash ?? (await decoyHash()), verbatim(password));
        return same && typeof hash === 'string';
      }),
    isOutdated: (hash) => !hash.startsWith(prefix),
  };
}

const overloaded = () => new Failure('unavailable', 'Too many sign-ins at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
