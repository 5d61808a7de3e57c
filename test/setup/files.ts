import { pino } from 'pino';
import type { Storage } from '../../server/kernel/storage.ts';
import { contentOf, putObject, revisionOf, type WorkspaceObject } from '../../server/resources/workspaces/manifest.ts';
import { openWorkspace, publishManifest, reserveObjects } from '../../server/resources/workspaces/service.ts';
import { openStorage } from '../../server/storage/open.ts';
import type { Person, World } from './world.ts';

type Installation = Pick<World, 'config' | 'database'>;
type NewEntry = Parameters<typeof revisionOf>[0][number];

/** The object store of an installation. */
export const storageOf = ({ config }: Pick<World, 'config'>): Storage => openStorage(config, pino({ level: 'silent' }))!;

/** Give a person's workspace in a project these contents, and these entries beside them; tells its name and the revision. */
export async function writeFiles(
  { config, database }: Installation,
  { id: userId, accountId }: Pick<Person, 'id' | 'accountId'>,
  projectId: string,
  contents: Record<string, string | Uint8Array>,
  entries: NewEntry[] = [],
): Promise<{ ref: string; rev: string }> {
  const storage = storageOf({ config });
  const workspace = await openWorkspace(database, { accountId, userId, projectId });
  const { workspace_ref: ref } = workspace;
  const files: NewEntry[] = [];
  const objects: WorkspaceObject[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const { object, entry } = contentOf(typeof content === 'string' ? Buffer.from(content) : content);
    objects.push(object);
    files.push({ path, type: 'file', mtime_unix_ms: 1_700_000_000_000, ...entry });
  }
  const { object, rev } = revisionOf([...files, ...entries]);
  objects.push(object);
  await reserveObjects(database, workspace, objects);
  for (const each of objects) await putObject(storage, ref, each);
  if (!(await publishManifest(database, workspace, rev, workspace.manifest_rev))) throw new Error('somebody else wrote there');
  await storage.close();
  return { ref, rev };
}

/** Somebody, and calls about the files in his default project. */
export async function somebodyWithFiles(world: World) {
  const me: Person = await world.signUp();
  const [{ id: project }] = await world.sql('select id from projects where owner_user_id = $1', [me.id]);
  const base = `/v1/projects/${project}/workspace`;
  const query = (path: string) => `?path=${encodeURIComponent(path)}`;
  return {
    me,
    project: project as string,
    write: (contents: Record<string, string | Uint8Array>, entries: Parameters<typeof writeFiles>[4] = []) =>
      writeFiles(world, me, project, contents, entries),
    list: (path?: string) => world.call('GET', `${base}/files${path === undefined ? '' : query(path)}`, { token: me.token }),
    file: (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      fetch(`${world.url}${base}/file${query(path)}`, { method, headers: { authorization: `Bearer ${me.token}`, ...headers } }),
    ask: (below: string) => world.call('GET', `${base}${below}`, { token: me.token }),
  };
}

/** The bytes of an answer. */
export const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
