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

const folderOf = (ref: string) => `workspaces/${ref}/`;
const contentName = (hash: string) => `blobs/${hash}`;
const revisionName = (rev: string) => `manifests/${rev}.json`;

/** Where a content is kept, under the name of its SHA-256. */
export const blobKey = (ref: string, hash: string) => folderOf(ref) + contentName(hash);

/** An object of a workspace, by its name in the folder of the workspace. */
export type WorkspaceObject = { name: string; bytes: Uint8Array; type: string };

/** What a revision of a workspace holds; undefined when its object is missing. Throws when it is damaged. */
export const readManifest = async (storage: Storage, ref: string, rev: string): Promise<Entries | undefined> =>
  (await readRevision(storage, ref, rev))?.entries;

/** The same with the size of the manifest itself. */
export async function readRevision(storage: Storage, ref: string, rev: string): Promise<{ entries: Entries; size: number } | undefined> {
  const object = await storage.get(folderOf(ref) + revisionName(rev));
  if (!object) return undefined;
  const { entries } = Manifest.parse(JSON.parse((await readWhole(object, mostBytes)).toString()));
  const present = new Map<string, Entry>();
  for (const entry of entries) {
    const path = wholePath(entry.path);
    if (entry.deleted) present.delete(path);
    else present.set(path, entry);
  }
  return { entries: present, size: object.size };
}

function wholePath(path: string) {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.includes('..')) throw new Error('a manifest names a path outside of its workspace');
  return `/${steps.join('/')}`;
}

/** A content as it is stored, and how a manifest names it. */
export function contentOf(bytes: Uint8Array): { object: WorkspaceObject; entry: { sha256: string; size: number } } {
  const hash = sha256(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const object = { name: contentName(hash), bytes, type: 'application/octet-stream' };
  return { object, entry: { sha256: hash, size: bytes.byteLength } };
}

/**
 * The next revision of a workspace as it is stored. It counts once its contents and itself are stored and the registry names it.
 * Throws a `RangeError` for one that is too large to be read again.
 */
export function revisionOf(entries: readonly z.input<typeof Entry>[]): { object: WorkspaceObject; rev: string } {
  const rev = newId();
  const bytes = Buffer.from(JSON.stringify(Manifest.parse({ entries })));
  if (bytes.length > mostBytes) throw new RangeError(`a manifest of ${bytes.length} bytes is larger than the ${mostBytes} allowed`);
  return { object: { name: revisionName(rev), bytes, type: 'application/json' }, rev };
}

/** Store an object of a workspace. It must be reserved first. */
export const putObject = (storage: Storage, ref: string, { name, bytes, type }: WorkspaceObject): Promise<void> =>
  storage.put(folderOf(ref) + name, bytes, type);

/** Remove an object of a workspace, if there is one. */
export const dropObject = (storage: Storage, ref: string, name: string): Promise<void> => storage.delete(folderOf(ref) + name);

/** The names of all objects of a workspace that are stored. */
export async function* listObjects(storage: Storage, ref: string): AsyncIterable<string> {
  for await (const key of storage.list(folderOf(ref))) yield key.slice(folderOf(ref).length);
}

/** The revision whose manifest has a name; undefined for other objects. */
export const revisionIn = (name: string): string | undefined => /^manifests\/(.+)\.json$/.exec(name)?.[1];

/** The objects that a revision consists of: its manifest of `size` bytes, and its contents. */
export function objectsOf(rev: string, size: number, entries: Entries): Map<string, number> {
  const contents = [...entries.values()].flatMap(({ sha256: hash, size: bytes }) => (hash ? [[contentName(hash), bytes] as const] : []));
  return new Map([[revisionName(rev), size], ...contents]);
}
