import { availableParallelism } from 'node:os';
import { Argon2id } from 'oslo/password';
import { Failure } from './failure.ts';

// Argon2id, 19 MiB, 2 passes, 1 lane (OWASP's minimum), in the PHC string form.
const algorithm = new Argon2id({ memorySize: 19_456, iterations: 2, parallelism: 1 });

// The library normalises what it hashes; as base64 a password stays the bytes that were typed (identity 2.3).
const verbatim = (password: string) => Buffer.from(password, 'utf8').toString('base64');

/** Hash a new password, off the event loop. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => algorithm.hash(verbatim(password)));

/** Whether the password is the hashed one. Without a hash the same work is done in vain, so that time tells nothing. */
export const verifyPassword = (hash: string | null | undefined, password: string): Promise<boolean> =>
  inTurn(async () => {
    const same = await algorithm.verify(hash ?? (await nobodysHash()), verbatim(password));
    return same && typeof hash === 'string';
  });

/** Whether a hash was made with other parameters than today's. */
export const isOutdated = (hash: string): boolean => !hash.startsWith('$argon2id$v=19$m=19456,t=2,p=1$');

let nobody: Promise<string> | undefined;
const nobodysHash = () => {
  nobody ??= algorithm.hash(verbatim('nobody'));
  return nobody;
};

// A core stays free for everything else: with all of them hashing, other requests took seven times as long (p99 of a storm of 200 sign-ins).
let free = Math.max(1, availableParallelism() - 1);
const waiting: (() => void)[] = [];
/** More would wait longer than a caller does. */
const mostWaiting = 64;

/** Fewer hashes at once than there are cores, so that a burst of sign-ins exhausts neither memory nor time. Throws 503 when too many wait. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
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
}

const overloaded = () => new Failure('unavailable', 'Too many sign-ins at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
