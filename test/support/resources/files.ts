import { pino } from 'pino';
import { buildContent, buildRevision, putObject, type WorkspaceObject } from '../../../server/resources/workspaces/manifest.ts';
import { findOrCreateWorkspace, publishManifest, reserveObjects } from '../../../server/resources/workspaces/service.ts';
import { openStorage } from '../../../server/storage/open.ts';
import type { Storage } from '../../../server/storage/storage.ts';
import type { Person, TestApp } from '../app/testApp.ts';

type Installation = Pick<TestApp, 'config' | 'database'>;
type NewEntry = Parameters<typeof buildRevision>[0][number];

export const storageOf = ({ config }: Pick<TestApp, 'config'>): Storage => openStorage(config, pino({ level: 'silent' }))!;

/**
 * Publishes a workspace revision with these files (path to content) and additional manifest entries. Returns the workspace ref and the
 * revision.
 */
export async function writeFiles(
  { config, database }: Installation,
  { id: userId, accountId }: Pick<Person, 'id' | 'accountId'>,
  projectId: string,
  contents: Record<string, string | Uint8Array>,
  entries: NewEntry[] = [],
): Promise<{ ref: string; rev: string }> {
  const storage = storageOf({ config });
  const workspace = await findOrCreateWorkspace(database, { accountId, userId, projectId });
  const { workspace_ref: ref } = workspace;
  const files: NewEntry[] = [];
  const objects: WorkspaceObject[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const { object, entry } = buildContent(typeof content === 'string' ? Buffer.from(content) : content);
    objects.push(object);
    files.push({ path, type: 'file', mtime_unix_ms: 1_700_000_000_000, ...entry });
  }
  const { object, rev } = buildRevision([...files, ...entries]);
  objects.push(object);
  await reserveObjects(database, workspace, objects);
  for (const each of objects) await putObject(storage, ref, each);
  if (!(await publishManifest(database, workspace, rev, workspace.manifest_rev))) throw new Error('somebody else wrote there');
  await storage.close();
  return { ref, rev };
}

/** A new user, and calls for the files of their default project. */
export async function userWithFiles(app: TestApp) {
  const me: Person = await app.signUp();
  const [{ id: project }] = await app.sql('select id from projects where owner_user_id = $1', [me.id]);
  const base = `/v1/projects/${project}/workspace`;
  const query = (path: string) => `?path=${encodeURIComponent(path)}`;
  return {
    me,
    project: project as string,
    write: (contents: Record<string, string | Uint8Array>, entries: Parameters<typeof writeFiles>[4] = []) =>
      writeFiles(app, me, project, contents, entries),
    list: (path?: string) => app.call('GET', `${base}/files${path === undefined ? '' : query(path)}`, { token: me.token }),
    file: (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      fetch(`${app.url}${base}/file${query(path)}`, { method, headers: { authorization: `Bearer ${me.token}`, ...headers } }),
    archive: () => fetch(`${app.url}${base}/archive`, { headers: { authorization: `Bearer ${me.token}` } }),
    ask: (below: string) => app.call('GET', `${base}${below}`, { token: me.token }),
  };
}

export const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
