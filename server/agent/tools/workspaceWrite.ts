import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../kernel/failure.ts';
import type { Database } from '../../kernel/sql.ts';
import type { Storage } from '../../kernel/storage.ts';
import { fileAt, isAbove } from '../../resources/workspaces/folder.ts';
import {
  contentOf,
  dropObject,
  type Entries,
  putObject,
  readManifest,
  revisionOf,
  type WorkspaceObject,
} from '../../resources/workspaces/manifest.ts';
import type { WorkspaceRow } from '../../resources/workspaces/queries.ts';
import { publishManifest, releaseObjects, reserveObjects } from '../../resources/workspaces/service.ts';
import { ToolFailure } from './tool.ts';

/** What a workspace holds at most. */
const mostFiles = 5_000;
const mostBytes = 200 * 2 ** 20;

/** How often a write begins again because another process was faster. */
const mostAttempts = 50;

export type NewFile = { path: string; bytes: Uint8Array };
export type WrittenFile = { path: string; size: number; sha256: string };

const failed = (message: string) => new ToolFailure('tool.execution_failed', message);

/** Writes files into workspaces. Of writers of one process each waits for those before it; one of another process is noticed, and the write begun again. */
export function createWriter({ database, storage }: { database: Database; storage: Storage }) {
  const waiting = new Map<string, Promise<unknown>>();

  /** `find` gives the workspace as it is now. */
  return async function write(find: () => Promise<WorkspaceRow>, file: NewFile, signal: AbortSignal): Promise<WrittenFile> {
    const { workspace_ref: ref } = await find();
    const before = waiting.get(ref) ?? Promise.resolve();
    const own = before.then(() => writeInTurn({ database, storage }, find, file, signal));
    const settled: Promise<unknown> = own
      .catch(() => {})
      .finally(() => {
        if (waiting.get(ref) === settled) waiting.delete(ref);
      });
    waiting.set(ref, settled);
    return own;
  };
}

async function writeInTurn(
  { database, storage }: { database: Database; storage: Storage },
  find: () => Promise<WorkspaceRow>,
  { path, bytes }: NewFile,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const content = contentOf(bytes);
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    signal.throwIfAborted();
    const workspace = await find();
    const { workspace_ref: ref, manifest_rev: since } = workspace;
    const entries: Entries = (since !== null && (await readManifest(storage, ref, since))) || new Map();
    demandRoom(entries, path, bytes.byteLength);
    const next = new Map(entries).set(path, { path, type: 'file', mtime_unix_ms: Date.now(), deleted: false, ...content.entry });
    const { object: manifest, rev } = revisionOf([...next.values()]);
    // Reserved and stored again at each attempt: a sweep removes what no revision names yet.
    await reserve(database, workspace, [content.object, manifest]);
    for (const object of [content.object, manifest]) await putObject(storage, ref, object);
    if (!signal.aborted && (await publishManifest(database, workspace, rev, since))) return { path, ...content.entry };
    await dropObject(storage, ref, manifest.name);
    await releaseObjects(database, workspace, [manifest.name]);
    await wait(Math.random() * 20 * Math.min(attempt, 10), undefined, { signal });
  }
  throw failed('Too many others write to this workspace at once. Try again.');
}

/** A quota that is exceeded is told to the model, with the reason. */
async function reserve(database: Database, workspace: WorkspaceRow, objects: readonly WorkspaceObject[]) {
  try {
    await reserveObjects(database, workspace, objects);
  } catch (error) {
    throw error instanceof Failure ? new ToolFailure('tool.execution_failed', error.message, error.details) : error;
  }
}

/** Throws where a file cannot be, and where there is no room for it. */
function demandRoom(entries: Entries, path: string, size: number) {
  const old = fileAt(path, entries);
  if (!old && (entries.has(path) || isAbove(path, entries))) throw failed(`${path} is a folder or a link.`);
  const steps = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= steps.length; depth++) {
    const above = `/${steps.slice(0, depth).join('/')}`;
    if (entries.has(above) && entries.get(above)!.type !== 'dir' && !isAbove(above, entries)) throw failed(`${above} is not a folder.`);
  }
  const files = [...entries.values()].filter(({ type }) => type !== 'dir');
  if (!old && files.length >= mostFiles) throw failed(`The workspace is full: it holds ${mostFiles} files.`);
  const bytes = files.reduce((sum, each) => sum + each.size, 0) - (old?.size ?? 0) + size;
  if (bytes > mostBytes) throw failed('The workspace is full: it holds at most 200 MiB.');
}
