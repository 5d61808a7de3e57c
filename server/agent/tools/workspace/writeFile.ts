import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../../database/sql.ts';
import { Failure } from '../../../platform/failure.ts';
import { fileAt, hasDescendants } from '../../../resources/workspaces/folder.ts';
import {
  buildContent,
  buildRevision,
  deleteObject,
  type Entries,
  putObject,
  readManifest,
  type WorkspaceObject,
} from '../../../resources/workspaces/manifest.ts';
import type { WorkspaceRow } from '../../../resources/workspaces/queries.ts';
import { publishManifest, releaseObjects, reserveObjects } from '../../../resources/workspaces/service.ts';
import type { Storage } from '../../../storage/storage.ts';
import { ToolFailure } from '../tool.ts';

const maxFiles = 5_000;
const maxTotalBytes = 200 * 2 ** 20;

/** Attempts of a write that conflicts with other processes. */
const maxAttempts = 50;

export type NewFile = { path: string; bytes: Uint8Array };
export type WrittenFile = { path: string; size: number; sha256: string };

const failed = (message: string) => new ToolFailure('tool.execution_failed', message);

/**
 * Serializes the writes of one process to a workspace. A conflict with another process is detected on publishing, and
 * the write is retried.
 */
export function createFileWriter({ database, storage }: { database: Database; storage: Storage }) {
  const waiting = new Map<string, Promise<unknown>>();

  /** `find` returns the current row of the workspace. */
  return async function write(find: () => Promise<WorkspaceRow>, file: NewFile, signal: AbortSignal): Promise<WrittenFile> {
    const { workspace_ref: ref } = await find();
    const before = waiting.get(ref) ?? Promise.resolve();
    const own = before.then(() => writeFile({ database, storage }, find, file, signal));
    const settled: Promise<unknown> = own
      .catch(() => {})
      .finally(() => {
        if (waiting.get(ref) === settled) waiting.delete(ref);
      });
    waiting.set(ref, settled);
    return own;
  };
}

async function writeFile(
  { database, storage }: { database: Database; storage: Storage },
  find: () => Promise<WorkspaceRow>,
  { path, bytes }: NewFile,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const content = buildContent(bytes);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    signal.throwIfAborted();
    const workspace = await find();
    const { workspace_ref: ref, manifest_rev: since } = workspace;
    const entries: Entries = (since !== null && (await readManifest(storage, ref, since))) || new Map();
    checkLimits(entries, path, bytes.byteLength);
    const next = new Map(entries).set(path, { path, type: 'file', mtime_unix_ms: Date.now(), deleted: false, ...content.entry });
    const { object: manifest, rev } = buildRevision([...next.values()]);
    // Reserve and store again on each attempt: a sweep removes objects that no revision references yet.
    await reserve(database, workspace, [content.object, manifest]);
    for (const object of [content.object, manifest]) await putObject(storage, ref, object);
    if (!signal.aborted && (await publishManifest(database, workspace, rev, since))) return { path, ...content.entry };
    await deleteObject(storage, ref, manifest.name);
    await releaseObjects(database, workspace, [manifest.name]);
    await wait(Math.random() * 20 * Math.min(attempt, 10), undefined, { signal });
  }
  throw failed('Too many others write to this workspace at once. Try again.');
}

/** Converts an exceeded quota into an error for the model. */
async function reserve(database: Database, workspace: WorkspaceRow, objects: readonly WorkspaceObject[]) {
  try {
    await reserveObjects(database, workspace, objects);
  } catch (error) {
    throw error instanceof Failure ? new ToolFailure('tool.execution_failed', error.message, error.details) : error;
  }
}

/** Throws if the path is invalid in this workspace, or a limit is exceeded. */
function checkLimits(entries: Entries, path: string, size: number) {
  const old = fileAt(path, entries);
  if (!old && (entries.has(path) || hasDescendants(path, entries))) throw failed(`${path} is a folder or a link.`);
  const steps = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= steps.length; depth++) {
    const above = `/${steps.slice(0, depth).join('/')}`;
    if (entries.has(above) && entries.get(above)!.type !== 'dir' && !hasDescendants(above, entries))
      throw failed(`${above} is not a folder.`);
  }
  const files = [...entries.values()].filter(({ type }) => type !== 'dir');
  if (!old && files.length >= maxFiles) throw failed(`The workspace is full: it holds ${maxFiles} files.`);
  const bytes = files.reduce((sum, each) => sum + each.size, 0) - (old?.size ?? 0) + size;
  if (bytes > maxTotalBytes) throw failed('The workspace is full: it holds at most 200 MiB.');
}
