import { posix } from 'node:path';
import type { WorkspaceItem } from '../../../contract/workspaces.ts';
import type { SentFile } from '../../http/bytes.ts';
import { Failure, notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Database, Sql } from '../../kernel/sql.ts';
import { type Storage, StorageUnavailable } from '../../kernel/storage.ts';
import type { ProjectRow } from '../projects/queries.ts';
import { checkQuota } from '../quotas/check.ts';
import { openContent } from './content.ts';
import { fileAt, itemsOf } from './folder.ts';
import { type Entries, readManifest, type WorkspaceObject } from './manifest.ts';
import type { WorkspaceRow } from './queries.ts';
import * as queries from './queries.ts';
import { workspaceRef } from './refs.ts';

type Place = { accountId: string; userId: string; projectId: string };

/** The workspace of a user in a project, made where there is none yet; however many ask at once, there is one. */
export async function openWorkspace(sql: Sql, { accountId, userId, projectId }: Place): Promise<WorkspaceRow> {
  const find = () => sql.row(queries.selectWorkspace, [accountId, projectId, userId]);
  const make = () => sql.row(queries.insertWorkspace, [accountId, projectId, userId, workspaceRef(accountId, userId, projectId)]);
  return (await find()) ?? (await make()) ?? (await find())!;
}

/** Count objects of a workspace against the quota of its account, before they are stored. Throws 409 `quota_exceeded`. */
export const reserveObjects = (database: Database, workspace: WorkspaceRow, objects: readonly WorkspaceObject[]): Promise<void> =>
  database.transaction(async (tx) => {
    const { account_id: accountId, owner_user_id: userId, workspace_ref } = workspace;
    const [names, sizes] = [objects.map(({ name }) => name), objects.map(({ bytes }) => bytes.byteLength)];
    await tx.run(queries.reserveObjects, [accountId, workspace_ref, names, sizes]);
    await checkQuota(database, tx, 'workspaces', { accountId, userId });
  });

/** Objects that are not stored any more count no longer. */
export const releaseObjects = (sql: Sql, { account_id, workspace_ref }: WorkspaceRow, names: readonly string[]) =>
  sql.run(queries.releaseObjects, [account_id, workspace_ref, names]);

/** Name the newest manifest of a workspace; false when another was named since `since`, or its contents may be gone. */
export const publishManifest = async (sql: Sql, { account_id, workspace_ref, sweeps }: WorkspaceRow, rev: string, since: string | null) =>
  (await sql.run(queries.replaceManifest, [account_id, workspace_ref, rev, since, sweeps])) === 1;

/** A run looks into a workspace: that is a use of it. */
export const touchWorkspace = (sql: Sql, { account_id, workspace_ref }: WorkspaceRow) =>
  sql.run(queries.touch, [account_id, workspace_ref]);

/** The caller's own workspace in a project. */
export const findWorkspace = ({ read, accountId, actor }: Scope, { id }: ProjectRow): Promise<WorkspaceRow> =>
  openWorkspace(read, { accountId, userId: actor.userId, projectId: id });

/** What lies in a folder of the caller's workspace: nothing, where there is no such folder. */
export async function listFolder(scope: Scope, project: ProjectRow, path: string): Promise<{ ref: string; items: WorkspaceItem[] }> {
  const { ref, entries } = await readEntries(scope, project);
  return { ref, items: entries ? itemsOf(entries, path) : [] };
}

/** A file of the caller's workspace, ready to be sent. Throws 404 for everything that is not one. */
export async function findFile(scope: Scope, project: ProjectRow, path: string): Promise<SentFile> {
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

async function readEntries(scope: Scope, project: ProjectRow): Promise<{ ref: string; entries: Entries | undefined }> {
  const { workspace_ref: ref, manifest_rev: rev } = await findWorkspace(scope, project);
  return { ref, entries: await withStorage(scope, async (storage) => (rev === null ? undefined : readManifest(storage, ref, rev))) };
}

async function withStorage<T>({ app, origin }: Scope, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!app.storage) throw storageUnavailable();
  try {
    return await work(app.storage);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    app.log.warn({ err: error.cause, trace_id: origin.traceId }, 'the object store is not available');
    throw storageUnavailable();
  }
}

const storageUnavailable = () => refuse('unavailable', 'workspace_storage_unavailable', 'There is no store for the files of workspaces.');
const fileNotFound = () => new Failure('not_found', notFound().message, { code: 'workspace_files.not_found' });
