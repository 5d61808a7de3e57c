import { createHash } from 'node:crypto';
import type { OpenedFile } from '../../http/bytes.ts';
import type { Storage, StoredObject } from '../../kernel/storage.ts';
import { blobKey, type Entry } from './manifest.ts';
import { contentTypeOf } from './mediaTypes.ts';

/** Contents up to this size are known to be whole before the first byte is sent. */
const heldBytes = 2 ** 20;

/** Open the content of a file, checked against its name; undefined when it is missing. Throws when it is damaged. */
export async function openContent(storage: Storage, ref: string, name: string, { sha256, size }: Entry): Promise<OpenedFile | undefined> {
  const object = await storage.get(blobKey(ref, sha256!));
  if (!object) return undefined;
  if (object.size !== size) {
    object.close();
    throw damaged();
  }
  const checked = whole(object, sha256!);
  const first = await checked.next();
  const head = first.done ? new Uint8Array() : first.value;
  const close = () => {
    checked.return().catch(() => undefined);
  };
  return { type: contentTypeOf(name, head), size, chunks: resumed(first, checked), close };
}

const damaged = () => new Error('the content of a workspace file is damaged');

/** The chunks of an object. The last is held back until the hash of all is right, so that nobody gets a damaged content to its end. */
async function* whole({ chunks }: StoredObject, sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    if (bytes + chunk.length > heldBytes && held.length > 0) {
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

/** A generator whose first value was taken already. */
const resumed = (
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
