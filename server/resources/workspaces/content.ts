import { createHash } from 'node:crypto';
import type { OpenedFile } from '../../http/fileResponse.ts';
import type { Storage, StoredObject } from '../../storage/storage.ts';
import { blobKey, type Entry } from './manifest.ts';
import { contentTypeOf } from './mediaTypes.ts';

/** Content up to this size is verified before the first byte is sent. */
const bufferedBytes = 2 ** 20;

/** Opens the content of a file; undefined if it is missing. Throws if size or hash do not match. */
export async function openContent(storage: Storage, ref: string, name: string, { sha256, size }: Entry): Promise<OpenedFile | undefined> {
  const object = await storage.get(blobKey(ref, sha256!));
  if (!object) return undefined;
  if (object.size !== size) {
    object.close();
    throw damaged();
  }
  const checked = verifiedChunks(object, sha256!);
  const first = await checked.next();
  const head = first.done ? new Uint8Array() : first.value;
  const close = () => {
    checked.return().catch(() => undefined);
  };
  return { type: contentTypeOf(name, head), size, chunks: prepend(first, checked), close };
}

const damaged = () => new Error('the content of a workspace file is damaged');

/** The chunks of an object. Holds back the last chunk until the hash is verified, so that damaged content is never sent in full. */
async function* verifiedChunks({ chunks }: StoredObject, sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    if (bytes + chunk.length > bufferedBytes && held.length > 0) {
      yield Buffer.concat(held);
      held = [];
      bytes = 0;
    }
    held.push(chunk);
    bytes += chunk.length;
  }
  if (hash.digest('hex') !== sha256) throw damaged();
  if (bytes > 0) yield Buffer.concat(held);
}

/** An iterator that returns `first`, then the remaining values. */
const prepend = (
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]() {
    let taken = false;
    const next = () => {
      if (taken) return rest.next();
      taken = true;
      return Promise.resolve(first);
    };
    return { next, return: () => rest.return() };
  },
});
