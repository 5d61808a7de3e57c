import { z } from 'zod';
import { normalizePath } from '../../../../contract/workspaces.ts';
import type { Database } from '../../../database/sql.ts';
import { Failure } from '../../../platform/failure.ts';
import type { ChangeWorkspace } from '../../../resources/workspaces/change.ts';
import { type Entries, readManifest } from '../../../resources/workspaces/manifest.ts';
import { touchWorkspace } from '../../../resources/workspaces/service.ts';
import { type Storage, StorageUnavailable } from '../../../storage/storage.ts';
import { type ToolContext, ToolFailure } from '../tool.ts';
import { workspaceOfRun } from './runWorkspace.ts';

/** What the tools of workspaces work with. Without a store, there is no `changeWorkspace`. */
export type Deps = { database: Database; storage: Storage | undefined; changeWorkspace: ChangeWorkspace | undefined };
export type Run = ToolContext['run'];

export const path = z
  .string()
  .refine((text) => text.isWellFormed() && normalizePath(text) !== undefined, 'must be a path in the workspace')
  .meta({ description: 'Like /notes/plan.md.' });
export const filePath = path.refine((text) => normalizePath(text) !== '/', 'must name a file');

/** The newest revision of the workspace of a run. */
export async function readWorkspace({ database, storage }: Deps, run: Run): Promise<{ ref: string; entries: Entries }> {
  const workspace = await workspaceOfRun(database, run);
  const { workspace_ref: ref, manifest_rev: rev } = workspace;
  await touchWorkspace(database, workspace);
  return { ref, entries: (rev !== null && (await readManifest(storage!, ref, rev))) || new Map() };
}

/** Converts errors of the workspace, such as an exceeded quota, into errors for the model. */
export async function withStore<T>({ storage }: Deps, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!storage) throw new ToolFailure('tool.not_available', 'There is no store for files here.');
  try {
    return await work(storage);
  } catch (error) {
    if (error instanceof Failure) throw new ToolFailure('tool.execution_failed', error.message, error.details);
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new ToolFailure('tool.not_available', 'The store for files does not answer.');
  }
}
