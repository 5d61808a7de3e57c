import type { StorageState } from '../../contract/health.ts';

/** A stored object: its size in bytes and its content as a stream. Must be read to the end or closed. */
export type StoredObject = { readonly size: number; readonly chunks: AsyncIterable<Uint8Array>; close(): void };

/**
 * Stores content that is too large for the database. Keys are segments of `a-z 0-9 . _ -` separated by slashes. No segment begins with a dot, so a
 * key means the same in a folder and in a bucket. All methods throw `StorageUnavailable` if the store does not respond.
 */
export type Storage = {
  get(key: string): Promise<StoredObject | undefined>;
  /** Stores an object atomically and durably, replacing the object that has the same key. */
  put(key: string, bytes: Uint8Array, type: string): Promise<void>;
  /** Succeeds if there is no such object. */
  delete(key: string): Promise<void>;
  /** The keys with a prefix, unordered. The prefix is empty or ends with a slash. */
  list(prefix: string): AsyncIterable<string>;
  /** Throws `StorageUnavailable` with the reason if the store cannot be used. */
  check(): Promise<void>;
  close(): Promise<void>;
};

/** Why a store cannot be used, as shown to operators. */
export type StorageProblem = Exclude<StorageState, 'ok' | 'not_configured'>;

/** The store is unreachable or rejected the request. */
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

/** Throws a `TypeError`. Keys and prefixes come from the server, never from a caller. */
export function checkKey(key: string, form: 'key' | 'prefix' = 'key'): void {
  if (!(form === 'key' ? keyForm : prefixForm).test(key)) throw new TypeError(`not a ${form} of the object store: ${JSON.stringify(key)}`);
}

/** Reads a whole object. Throws a `RangeError` if it is larger than `most` bytes. */
export async function readWhole({ size, chunks, close }: StoredObject, most: number): Promise<Buffer> {
  if (size > most) {
    close();
    throw new RangeError(`an object of ${size} bytes is larger than the ${most} expected`);
  }
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
