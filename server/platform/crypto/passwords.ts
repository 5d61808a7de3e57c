import { availableParallelism } from 'node:os';
import type { hash, Options, verify } from '@node-rs/argon2';
import { Piscina } from 'piscina';
import { createTurnQueue, type TurnQueue } from '../concurrency.ts';
import { Failure } from '../failure.ts';
import type * as thread from './passwordThread.ts';

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

/** What this project uses of `@node-rs/argon2`. */
export type Argon2 = {
  hash(password: string, options: Options): ReturnType<typeof hash>;
  verify(hash: string, password: string): ReturnType<typeof verify>;
};

/** The base64 of a password is hashed, because that is what the hashes stored by earlier versions are of. */
const encoded = (password: string) => Buffer.from(password, 'utf8').toString('base64');

/** Whether a thread can have a lower priority than the others of its process. */
const hasThreadPriorities = process.platform === 'linux';

/** A thread takes 19 MiB for its hash, and 8 MiB more. */
const maxThreads = 8;

/**
 * How many hashes are computed at once, so that a burst of sign-ins exhausts neither memory nor CPU time. Where hashes cannot give way to other
 * requests, one core stays free for these. More waiting calls would wait longer than clients do.
 */
export const hashLimits = {
  most: Math.min(maxThreads, Math.max(1, availableParallelism() - (hasThreadPriorities ? 0 : 1))),
  maxWaiting: 64,
};

/** Time after the last hash until a thread ends, in milliseconds. */
const idleMs = 15_000;

let pool: Piscina | undefined;

/** The threads that compute hashes, at a low priority (decision 0104). They start when they are needed. */
function threads(): Piscina {
  pool ??= new Piscina({
    filename: new URL('./passwordThread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: hashLimits.most,
    idleTimeout: idleMs,
    niceIncrement: hasThreadPriorities ? 10 : 0,
    recordTiming: false,
    // The threads get neither our flags nor our environment.
    execArgv: [],
    env: {},
  });
  return pool;
}

const inThreads: Argon2 = {
  hash: (password, options) => threads().run({ password, options } satisfies Parameters<typeof thread.hash>[0], { name: 'hash' }),
  verify: (hash, password) => threads().run({ hash, password } satisfies Parameters<typeof thread.verify>[0], { name: 'verify' }),
};

type HasherOptions = {
  cost?: HashCost;
  /** Limits the hashes that are computed at once. By default, those of this hasher. */
  turns?: TurnQueue;
  argon2?: Argon2;
};

/** Argon2id with one lane, in the PHC string format. */
export function createPasswordHasher({
  cost: { memorySize: memoryCost, iterations: timeCost } = owaspMinimum,
  turns = createTurnQueue(hashLimits),
  argon2 = inThreads,
}: HasherOptions = {}): PasswordHasher {
  const prefix = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=1$`;
  const hashOf = (password: string) => argon2.hash(encoded(password), { memoryCost, timeCost, parallelism: 1 });
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
    decoy ??= hashOf('decoy');
    return decoy;
  };
  return {
    hash: (password) => inTurn(() => hashOf(password)),
    verify: (hash, password) =>
      inTurn(async () => {
        const same = await argon2.verify(hash ?? (await decoyHash()), encoded(password));
        return same && typeof hash === 'string';
      }),
    isOutdated: (hash) => !hash.startsWith(prefix),
  };
}

const overloaded = () => new Failure('unavailable', 'Too many sign-ins at once.', { reason: 'overloaded' }, { 'retry-after': '1' });
