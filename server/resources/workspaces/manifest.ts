import { z } from 'zod';
import { newId, sha256 } from '../../kernel/ids.ts';
import { readWhole, type Storage } from '../../kernel/storage.ts';

const Entry = z
  .object({
    path: z.string(),
    type: z.enum(['file', 'dir', 'symlink']),
    size: z.int().min(0).default(0),
    mtime_unix_ms: z.int().default(0),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullish(),
    deleted: z.boolean().default(false),
  })
  .refine((entry) => entry.type !== 'file' || entry.deleted || typeof entry.sha256 === 'string', 'a file has a content');
const Manifest = z.object({ entries: z.array(Entry) });

/** One name in a workspace: what it is, and which content it has. */
export type Entry = z.output<typeof Entry>;

/** The names that are there, by their whole path from the root. */
export type Entries = ReadonlyMap<string, Entry>;

const mostBytes = 64 * 2 ** 20;

const folderOf = (ref: string, kind: 'manifests' | 'blobs') => `workspaces/${ref}/${kind}/`;
const manifestKey = (ref: string, rev: string) => `${folderOf(ref, 'manifests')}${rev}.json`;

/** Where a content is kept, under the name of its SHA-256. */
export const blobKey = (ref: string, hash: string) => `${folderOf(ref, 'blobs')}${hash}`;

/** What a revision of a workspace holds; undefined when its object is missing. Throws when it is damaged. */
export async function readManifest(storage: Storage, ref: string, rev: string): Promise<Entries | undefined> {
  const object = await storage.get(manifestKey(ref, rev));
  if (!object) return undefined;
  const { entries } = Manifest.parse(JSON.parse((await readWhole(object, mostBytes)).toString()));
  const present = new Map<string, Entry>();
  for (const entry of entries) {
    const path = wholePath(entry.path);
    if (entry.deleted) present.delete(path);
    else present.set(path, entry);
  }
  return present;
}

function wholePath(path: string) {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.includes('..')) throw new Error('a manifest names a path outside of its workspace');
  return `/${steps.join('/')}`;
}

/** Store a content and say how a manifest names it. */
export async function writeBlob(storage: Storage, ref: string, bytes: Uint8Array): Promise<{ sha256: string; size: number }> {
  const hash = sha256(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  await storage.put(blobKey(ref, hash), bytes, 'application/octet-stream');
  return { sha256: hash, size: bytes.byteLength };
}

/** The names of all revisions of a workspace that are stored. */
export async function* listManifests(storage: Storage, ref: string): AsyncIterable<string> {
  const folder = folderOf(ref, 'manifests');
  for await (const key of storage.list(folder)) if (key.endsWith('.json')) yield key.slice(folder.length, -'.json'.length);
}

/** The SHA-256 of all contents of a workspace that are stored. */
export async function* listBlobs(storage: Storage, ref: string): AsyncIterable<string> {
  const folder = folderOf(ref, 'blobs');
  for await (const key of storage.list(folder)) yield key.slice(folder.length);
}

/** Remove a revision that never counted, or counts no more. */
export const dropManifest = (storage: Storage, ref: string, rev: string): Promise<void> => storage.delete(manifestKey(ref, rev));

/**
 * Store the next revision of a workspace, whose contents are stored already, and give its name. It counts once the registry names it.
 * Throws a `RangeError` for one that is too large to be read again.
 */
export async function writeManifest(storage: Storage, ref: string, entries: readonly z.input<typeof Entry>[]): Promise<string> {
  const rev = newId();
  const bytes = Buffer.from(JSON.stringify(Manifest.parse({ entries })));
  if (bytes.length > mostBytes) throw new RangeError(`a manifest of ${bytes.length} bytes is larger than the ${mostBytes} allowed`);
  await storage.put(manifestKey(ref, rev), bytes, 'application/json');
  return rev;
}
