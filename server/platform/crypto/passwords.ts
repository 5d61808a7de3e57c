import { availableParallelism } from 'node:os';
import { Argon2id } from 'oslo/password';
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

/** Argon2id with one lane, in the PHC string format. */
export function createPasswordHasher(cost: HashCost = owaspMinimum): PasswordHasher {
  const algorithm = new Argon2id({ ...cost, parallelism: 1 });
  const prefix = `$argon2id$v=19$m=${cost.memorySize},t=${cost.iterations},p=1$`;
  const inTurn = createHashQueue();
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

/** Maximum number of waiting calls. Further calls would wait longer than clients do. */
const maxWaiting = 64;

/** Computes fewer hashes at once than there are cores, so that a burst of sign-ins exhausts neither memory nor CPU time. */
function createHashQueue() {
  // One core stays free for other requests. With all cores hashing, their p99 was seven times as long (measured with 200 concurrent sign-ins).
  let free = Math.max(1, availableParallelism() - 1);
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else if (waiting.length >= maxWaiting) throw overloaded();
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
