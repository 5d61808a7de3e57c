import { setTimeout as wait } from 'node:timers/promises';
import { workspaceLimits } from '../../../contract/workspaces.ts';
import type { Database } from '../../database/sql.ts';
import { databaseNow } from '../../platform/databaseClock.ts';
import { type Failure, failWith } from '../../platform/failure.ts';
import type { Storage } from '../../storage/storage.ts';
import { fileAt, hasDescendants } from './folder.ts';
import {
  buildContent,
  buildRevision,
  deleteObject,
  type Entries,
  type Entry,
  putObject,
  readManifest,
  type WorkspaceObject,
} from './manifest.ts';
import type { WorkspaceRow } from './queries.ts';
import { publishManifest, releaseObjects, reserveObjects, workspaceExists } from './service.ts';

/** Attempts of a change that conflicts with other processes. */
const maxAttempts = 50;

/** The entries of the next revision, which a change modifies, and the contents to store for it. */
export type Draft = { readonly entries: Map<string, Entry>; readonly contents: WorkspaceObject[] };

export type Change<T> = {
  /** Modifies the draft. Runs again if another process has published a revision meanwhile, so it has no other effects. */
  edit(draft: Draft, ref: string): T | Promise<T>;
  /** Whether it stores contents. A change that only removes or renames is possible when the account is full, but not without end. */
  addsBytes: boolean;
  signal?: AbortSignal;
};

/** Publishes the next revision of a workspace. `find` returns its current row. */
export type ChangeWorkspace = <T>(find: () => Promise<WorkspaceRow>, change: Change<T>) => Promise<T>;

/**
 * Serializes the changes of one process to a workspace. A conflict with another process is detected on publishing, and the change is
 * repeated on the new revision.
 */
export function createWorkspaceChanger(deps: { database: Database; storage: Storage }): ChangeWorkspace {
  const waiting = new Map<string, Promise<unknown>>();
  return async function changeWorkspace<T>(find: () => Promise<WorkspaceRow>, change: Change<T>): Promise<T> {
    const { workspace_ref: ref } = await find();
    const before = waiting.get(ref) ?? Promise.resolve();
    const own = before.then(() => publishChange(deps, find, change));
    const settled: Promise<unknown> = own
      .catch(() => {})
      .finally(() => {
        if (waiting.get(ref) === settled) waiting.delete(ref);
      });
    waiting.set(ref, settled);
    return own;
  };
}

const changers = new WeakMap<Database, ChangeWorkspace>();

/** The changer that the requests of this process share. */
export function workspaceChangerOf(database: Database, storage: Storage): ChangeWorkspace {
  const own = changers.get(database) ?? createWorkspaceChanger({ database, storage });
  changers.set(database, own);
  return own;
}

async function publishChange<T>(
  { database, storage }: { database: Database; storage: Storage },
  find: () => Promise<WorkspaceRow>,
  { edit, addsBytes, signal }: Change<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    signal?.throwIfAborted();
    const workspace = await find();
    const { workspace_ref: ref, manifest_rev: since } = workspace;
    const draft: Draft = { entries: new Map(since === null ? undefined : await readManifest(storage, ref, since)), contents: [] };
    const pathBytes = pathBytesOf(draft.entries);
    const result = await edit(draft, ref);
    if (pathBytesOf(draft.entries) > Math.max(workspaceLimits.pathBytes, pathBytes)) throw workspaceFull('its paths have at most 1 MiB');
    const { object: manifest, rev } = buildRevision([...draft.entries.values()]);
    const objects = [...draft.contents, manifest];
    // Reserve and store again on each attempt: a sweep removes objects that no revision references yet.
    await reserveObjects(database, workspace, objects, { addsBytes });
    for (const object of objects) await putObject(storage, ref, object);
    if (!signal?.aborted && (await publishManifest(database, workspace, rev, since))) return result;
    await deleteObject(storage, ref, manifest.name);
    await releaseObjects(database, workspace, [manifest.name]);
    // Erased meanwhile, or removed with its project. The sweeps only look at workspaces that exist.
    if (!(await workspaceExists(database, workspace))) for (const { name } of draft.contents) await deleteObject(storage, ref, name);
    await wait(Math.random() * 20 * Math.min(attempt, 10), undefined, signal && { signal });
  }
  throw failWith('unavailable', 'overloaded', 'Too many concurrent changes to this workspace. Try again.');
}

/** Creates or replaces a file. Throws 409 if the path is not free for a file, or a limit of the workspace is exceeded. */
export function setFile({ entries, contents }: Draft, path: string, bytes: Uint8Array): Entry {
  const old = fileAt(path, entries);
  if (!old && (entries.has(path) || hasDescendants(path, entries))) throw pathTaken(`${path} is a folder or a link.`, path);
  checkParents(path, entries);
  const files = [...entries.values()].filter(({ type }) => type !== 'dir');
  if (!old && files.length >= workspaceLimits.files) throw workspaceFull(`it holds ${workspaceLimits.files} files`);
  const total = files.reduce((sum, each) => sum + each.size, 0) - (old?.size ?? 0) + bytes.byteLength;
  if (total > workspaceLimits.totalBytes) throw workspaceFull(`it holds at most ${workspaceLimits.totalBytes / 2 ** 20} MiB`);
  const { object, entry: content } = buildContent(bytes);
  contents.push(object);
  const entry: Entry = { path, type: 'file', mtime_unix_ms: databaseNow(), deleted: false, ...content };
  entries.set(path, entry);
  return entry;
}

/** Throws 409 if a folder above `path` is a file or a link. */
export function checkParents(path: string, entries: Draft['entries']): void {
  const steps = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= steps.length; depth++) {
    const above = `/${steps.slice(0, depth).join('/')}`;
    if (entries.has(above) && entries.get(above)!.type !== 'dir' && !hasDescendants(above, entries))
      throw pathTaken(`${above} is not a folder.`, above);
  }
}

export const pathTaken = (message: string, path: string): Failure => failWith('conflict', 'path_taken', message, { path });

/** `sha256` is the current content; null if there is no file. */
export const revisionConflict = (path: string, current: Entry | undefined): Failure =>
  failWith('conflict', 'revision_conflict', current ? `${path} has changed.` : `There is no file at ${path} any more.`, {
    path,
    sha256: current?.sha256 ?? null,
  });

/** Every revision stores all paths. */
const pathBytesOf = (entries: Entries) => entries.keys().reduce((sum, path) => sum + Buffer.byteLength(path), 0);

const workspaceFull = (why: string) => failWith('conflict', 'workspace_full', `The workspace is full: ${why}.`);
