import { availableParallelism } from 'node:os';
import { Argon2id } from 'oslo/password';
import { Failure } from './failure.ts';

/** Hashes passwords and compares them with their hashes, off the event loop. Throws 503 when too many wait. */
export type Passwords = {
  /** The hash of a new password. */
  hash(password: string): Promise<string>;
  /** Whether the password is the hashed one. Without a hash the same work is done in vain, so that time tells nothing. */
  verify(hash: string | null | undefined, password: string): Promise<boolean>;
  /** Whether a hash was made with other parameters than today's. */
  isOutdated(hash: string): boolean;
};

/** What one hash takes: memory in KiB, and passes over it. */
export type HashCost = { memorySize: number; iterations: number };

/** OWASP's minimum: 19 MiB and 2 passes. */
const owaspMinimum: HashCost = { memorySize: 19_456, iterations: 2 };

// The library normalises what it hashes; as base64 a password stays the bytes that were typed (identity 2.3).
const verbatim = (password: string) => Buffer.from(password, 'utf8').toString('base64');

/** Argon2id with one lane, in the PHC string form. */
export function createPasswords(cost: HashCost = owaspMinimum): Passwords {
  const algorithm = new Argon2id({ ...cost, parallelism: 1 });
  const prefix = `$argon2id$v=19$m=${cost.memorySize},t=${cost.iterations},p=1$`;
  const inTurn = createTurns();
  let nobody: Promise<string> | undefined;
  const nobodysHash = () => {
    nobody ??= algorithm.hash(verbatim('nobody'));
    return nobody;
  };
  return {
    hash: (password) => inTurn(() => algorithm.hash(verbatim(password))),
    verify: (hash, password) =>
      inTurn(async () => {
        const same = await algorithm.verify(hash ?? (await nobodysHash()), verbatim(password));
        return same && typeof hash === 'string';
      }),
    isOutdated: (hash) => !hash.startsWith(prefix),
  };
}

/** More would wait longer than a caller does. */
const mostWaiting = 64;

/** Fewer hashes at once than there are cores, so that a burst of sign-ins exhausts neither memory nor time. */
function createTurns() {
  // A core stays free for everything else: with all of them hashing, other requests took seven times as long (p99 of a storm of 200 sign-ins).
  let free = Math.max(1, availableParallelism() - 1);
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else if (waiting.length >= mostWaiting) throw overloaded();
    else await new Promise<void>((turn) => waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

const overloaded = () => new Failure('unavailable', 'Too many sign-ins at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
