import { posix } from 'node:path';
import type { WorkspaceItem } from '../../../contract/workspaces.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import type { DownloadableFile } from '../../http/fileResponse.ts';
import type { Scope } from '../../http/scope.ts';
import { Failure, failWith, notFound } from '../../platform/failure.ts';
import { type Storage, StorageUnavailable } from '../../storage/storage.ts';
import type { ProjectRow } from '../projects/queries.ts';
import { checkQuota } from '../quotas/check.ts';
import { openContent } from './content.ts';
import { fileAt, itemsOf } from './folder.ts';
import { type Entries, readManifest, type WorkspaceObject } from './manifest.ts';
import type { WorkspaceRow } from './queries.ts';
import * as queries from './queries.ts';
import { workspaceRef } from './refs.ts';

type WorkspaceOwner = { accountId: string; userId: string; projectId: string };

/** Finds the workspace of a user in a project or creates it. Concurrent calls create only one. */
export async function findOrCreateWorkspace(sql: Queryable, { accountId, userId, projectId }: WorkspaceOwner): Promise<WorkspaceRow> {
  const find = () => sql.row(queries.selectWorkspace, { accountId, projectId, userId });
  const make = () => sql.row(queries.insertWorkspace, { accountId, projectId, userId, ref: workspaceRef(accountId, userId, projectId) });
  return (await find()) ?? (await make()) ?? (await find())!;
}

/** What the manifests of one workspace may take when the account is full. The sweep removes old ones after an hour. */
const manifestAllowance = 64 * 2 ** 20;

/**
 * Counts objects against the quota of the account, before they are stored. Throws 409 `quota_exceeded`; for a manifest without new contents
 * only if the allowance is exceeded as well.
 */
export const reserveObjects = (
  database: Database,
  workspace: WorkspaceRow,
  objects: readonly WorkspaceObject[],
  { addsBytes = true } = {},
): Promise<void> =>
  database.transaction(async (tx) => {
    const { account_id: accountId, owner_user_id: userId, workspace_ref } = workspace;
    const [names, sizes] = [objects.map(({ name }) => name), objects.map(({ bytes }) => bytes.byteLength)];
    await tx.run(queries.reserveObjects, { accountId, ref: workspace_ref, names, sizes });
    if (!addsBytes && (await tx.row(queries.sumManifests, { accountId, ref: workspace_ref }))!.bytes <= manifestAllowance) return;
    await checkQuota(database, tx, 'workspaces', { accountId, userId });
  });

/** Call after the objects were removed from the store. */
export const releaseObjects = (sql: Queryable, { account_id, workspace_ref }: WorkspaceRow, names: readonly string[]) =>
  sql.run(queries.releaseObjects, { accountId: account_id, ref: workspace_ref, names });

/** Sets the current manifest. Returns false if it is no longer `since`, or if contents of the new one may have been removed. */
export const publishManifest = async (
  sql: Queryable,
  { account_id, workspace_ref, sweeps }: WorkspaceRow,
  rev: string,
  since: string | null,
) => (await sql.run(queries.replaceManifest, { accountId: account_id, ref: workspace_ref, rev, since, sweeps })) === 1;

export const workspaceExists = async (
  sql: Queryable,
  { account_id: accountId, project_id: projectId, owner_user_id: userId }: WorkspaceRow,
) => (await sql.row(queries.selectWorkspace, { accountId, projectId, userId })) !== undefined;

export const touchWorkspace = (sql: Queryable, { account_id, workspace_ref }: WorkspaceRow) =>
  sql.run(queries.touch, { accountId: account_id, ref: workspace_ref });

export const findWorkspace = ({ db, accountId, actor }: Scope, { id }: ProjectRow): Promise<WorkspaceRow> =>
  findOrCreateWorkspace(db, { accountId, userId: actor.userId, projectId: id });

/** The items of a folder; empty if the folder does not exist. */
export async function listFolder(scope: Scope, project: ProjectRow, path: string): Promise<{ ref: string; items: WorkspaceItem[] }> {
  const { ref, entries } = await readEntries(scope, project);
  return { ref, items: entries ? itemsOf(entries, path) : [] };
}

/** Throws 404 if the path is not a file. */
export async function findFile(scope: Scope, project: ProjectRow, path: string): Promise<DownloadableFile> {
  const { ref, entries } = await readEntries(scope, project);
  const entry = entries && fileAt(path, entries);
  if (!entry) throw fileNotFound();
  const name = posix.basename(path);
  const open = async () => {
    const content = await withStorage(scope, (storage) => openContent(storage, ref, name, entry));
    if (!content) throw fileNotFound();
    return content;
  };
  return { sha256: entry.sha256!, name, open };
}

/** The newest revision; `entries` is undefined if there is none. */
export async function readEntries(
  scope: Scope,
  project: ProjectRow,
): Promise<{ ref: string; rev: string | null; entries: Entries | undefined }> {
  const { workspace_ref: ref, manifest_rev: rev } = await findWorkspace(scope, project);
  return { ref, rev, entries: await withStorage(scope, async (storage) => (rev === null ? undefined : readManifest(storage, ref, rev))) };
}

/** Throws 503 `workspace_storage_unavailable` if no object store is configured or it does not respond. */
export async function withStorage<T>({ app, client }: Scope, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!app.storage) throw storageUnavailable();
  try {
    return await work(app.storage);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    app.log.warn({ err: error.cause, trace_id: client.traceId }, 'the object store is not available');
    throw storageUnavailable();
  }
}

const storageUnavailable = () => failWith('unavailable', 'workspace_storage_unavailable', 'There is no store for the files of workspaces.');
export const fileNotFound = () => new Failure('not_found', notFound().message, { code: 'workspace_files.not_found' });
