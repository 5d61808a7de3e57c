import type { StorageState } from '../../contract/health.ts';

/** An object that was found: its length, and its bytes as they come. Whoever does not read it to its end must close it. */
export type StoredObject = { readonly size: number; readonly chunks: AsyncIterable<Uint8Array>; close(): void };

/**
 * Where contents are kept that are too large for the database. Keys are words of `a-z 0-9 . _ -` between slashes, none of which begins with a
 * dot, so that they mean the same in a folder and in a bucket. Everything throws `StorageUnavailable` when the store does not answer.
 */
export type Storage = {
  /** The object, or undefined. */
  get(key: string): Promise<StoredObject | undefined>;
  /** Store an object whole and durably, in place of the one that had its key. */
  put(key: string, bytes: Uint8Array, type: string): Promise<void>;
  /** Remove an object, if there is one. */
  delete(key: string): Promise<void>;
  /** The keys that begin with a prefix, which is empty or ends with a slash, in no order. */
  list(prefix: string): AsyncIterable<string>;
  /** Throws `StorageUnavailable` with its reason where the store cannot be used. */
  check(): Promise<void>;
  close(): Promise<void>;
};

/** Why a store cannot be used, for those who run it. */
export type StorageProblem = Exclude<StorageState, 'ok' | 'not_configured'>;

/** The store is not reachable, or refuses. */
export class StorageUnavailable extends Error {
  override name = 'StorageUnavailable';
  readonly reason: StorageProblem;
  constructor(reason: StorageProblem, cause?: unknown) {
    super(`The object store is not available: ${reason}.`, { cause });
    this.reason = reason;
  }
}

const word = '[a-z0-9_-][a-z0-9._-]*';
const keyForm = new RegExp(`^(?=.{1,500}$)${word}(/${word})*$`);
const prefixForm = new RegExp(`^(${word}/)*$`);

/** Throws when a key or prefix is not one: they are made by the server, never by a caller. */
export function checkKey(key: string, form: 'key' | 'prefix' = 'key'): void {
  if (!(form === 'key' ? keyForm : prefixForm).test(key)) throw new TypeError(`not a ${form} of the object store: ${JSON.stringify(key)}`);
}

/** All bytes of an object. Throws when there are more than `most`. */
export async function readWhole({ size, chunks, close }: StoredObject, most: number): Promise<Buffer> {
  if (size > most) {
    close();
    throw new RangeError(`an object of ${size} bytes is larger than the ${most} expected`);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
