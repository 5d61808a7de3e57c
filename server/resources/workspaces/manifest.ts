import { z } from 'zod';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { readWhole, type Storage } from '../../storage/storage.ts';

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

export type Entry = z.output<typeof Entry>;

/** Entries by absolute path. */
export type Entries = ReadonlyMap<string, Entry>;

const maxManifestBytes = 64 * 2 ** 20;

/** The prefix of the storage keys of a workspace. */
export const workspaceFolder = (ref: string) => `workspaces/${ref}/`;
const contentName = (hash: string) => `blobs/${hash}`;
const revisionName = (rev: string) => `manifests/${rev}.json`;

/** The storage key of a content, which is addressed by its SHA-256. */
export const blobKey = (ref: string, hash: string) => workspaceFolder(ref) + contentName(hash);

/** An object of a workspace; `name` is relative to the workspace folder. */
export type WorkspaceObject = { name: string; bytes: Uint8Array; type: string };

/** The entries of a revision; undefined if its object is missing. Throws if the manifest is invalid. */
export const readManifest = async (storage: Storage, ref: string, rev: string): Promise<Entries | undefined> =>
  (await readRevision(storage, ref, rev))?.entries;

/** Also returns the size of the manifest itself. */
export async function readRevision(storage: Storage, ref: string, rev: string): Promise<{ entries: Entries; size: number } | undefined> {
  const object = await storage.get(workspaceFolder(ref) + revisionName(rev));
  if (!object) return undefined;
  const { entries } = Manifest.parse(JSON.parse((await readWhole(object, maxManifestBytes)).toString()));
  const present = new Map<string, Entry>();
  for (const entry of entries) {
    const path = absolutePath(entry.path);
    if (entry.deleted) present.delete(path);
    else present.set(path, entry);
  }
  return { entries: present, size: object.size };
}

function absolutePath(path: string) {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.includes('..')) throw new Error('a manifest names a path outside of its workspace');
  return `/${steps.join('/')}`;
}

/** The object that stores a content, and the fields that reference it in a manifest. */
export function buildContent(bytes: Uint8Array): { object: WorkspaceObject; entry: { sha256: string; size: number } } {
  const hash = sha256(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const object = { name: contentName(hash), bytes, type: 'application/octet-stream' };
  return { object, entry: { sha256: hash, size: bytes.byteLength } };
}

/**
 * Builds the next revision. It takes effect when its content and the manifest are stored and the database row names it. Throws a
 * `RangeError` for a manifest that is too large to be read again.
 */
export function buildRevision(entries: readonly z.input<typeof Entry>[]): { object: WorkspaceObject; rev: string } {
  const rev = newId();
  const bytes = Buffer.from(JSON.stringify(Manifest.parse({ entries })));
  if (bytes.length > maxManifestBytes)
    throw new RangeError(`a manifest of ${bytes.length} bytes is larger than the ${maxManifestBytes} allowed`);
  return { object: { name: revisionName(rev), bytes, type: 'application/json' }, rev };
}

/** Reserve the object first with `reserveObjects`. */
export const putObject = (storage: Storage, ref: string, { name, bytes, type }: WorkspaceObject): Promise<void> =>
  storage.put(workspaceFolder(ref) + name, bytes, type);

/** Does nothing if the object does not exist. */
export const deleteObject = (storage: Storage, ref: string, name: string): Promise<void> => storage.delete(workspaceFolder(ref) + name);

export async function* listObjects(storage: Storage, ref: string): AsyncIterable<string> {
  for await (const key of storage.list(workspaceFolder(ref))) yield key.slice(workspaceFolder(ref).length);
}

/** The revision of a manifest object; undefined for other objects. */
export const revisionOfObject = (name: string): string | undefined => /^manifests\/(.+)\.json$/.exec(name)?.[1];

/** The names and sizes of the objects of a revision: its manifest with `size` bytes, and its contents. */
export function objectsOf(rev: string, size: number, entries: Entries): Map<string, number> {
  const contents = [...entries.values()].flatMap(({ sha256: hash, size: bytes }) => (hash ? [[contentName(hash), bytes] as const] : []));
  return new Map([[revisionName(rev), size], ...contents]);
}
