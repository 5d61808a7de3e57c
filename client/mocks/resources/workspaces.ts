import type { workspaces as routes, WorkspaceFile, WorkspaceItem } from '../../../contract/workspaces.ts';
import { type Context, RawBody, type RouteHandlers } from '../context.ts';
import { apiError, invalidField, MockApiError, notFound } from '../http/errors.ts';

type Scope = Pick<Context, 'engine'> & { caller: NonNullable<Context['caller']>; params: { project_id: string } };
type Conditions = { 'if-match'?: string | undefined; 'if-none-match'?: string | undefined };

/** A zip file without entries. */
export const emptyZip = new Uint8Array([0x50, 0x4b, 5, 6, ...Array.from({ length: 18 }, () => 0)]);

const rootOf = ({ caller, params }: Scope) => `workspaces/${caller.user.id}/${params.project_id}`;
const fileNotFound = () => new MockApiError('not_found', 'There is nothing here.', { code: 'workspace_files.not_found' });

/** The keys of the files at or below a path. */
const keysBelow = (scope: Scope, path: string) =>
  [...scope.engine.state.files.keys()].filter((key) => key === rootOf(scope) + path || key.startsWith(`${rootOf(scope)}${path}/`));

const hashOf = async (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function fileAt(scope: Scope, path: string): Promise<WorkspaceFile | undefined> {
  const file = scope.engine.state.files.get(rootOf(scope) + path);
  if (!file) return undefined;
  const facts = { size: file.bytes.byteLength, mtime_unix_ms: Number(file.name), mime_type: file.type, sha256: await hashOf(file.bytes) };
  return { name: path.slice(path.lastIndexOf('/') + 1), path, type: 'file', ...facts };
}

async function requireVersion(scope: Scope, path: string, { 'if-match': match, 'if-none-match': noneMatch }: Conditions) {
  const current = await fileAt(scope, path);
  const isWanted = match === undefined || (current && (match === '*' || match.includes(`"${current.sha256}"`)));
  if (!isWanted || (noneMatch === '*' && current))
    throw apiError('conflict', 'revision_conflict', `${path} has changed.`, { path, sha256: current?.sha256 ?? null });
}

async function itemsOf(scope: Scope, folder: string): Promise<WorkspaceItem[]> {
  const above = folder === '/' ? '' : folder;
  const names = keysBelow(scope, above).map((key) => key.slice(rootOf(scope).length + above.length + 1).split('/')[0]!);
  const items = [...new Set(names)].filter(Boolean).map(async (name): Promise<WorkspaceItem> => {
    const path = `${above}/${name}`;
    return (await fileAt(scope, path)) ?? { name, path, type: 'dir', has_children: true };
  });
  const isFile = ({ type }: WorkspaceItem) => Number(type !== 'dir');
  return (await Promise.all(items)).sort((a, b) => isFile(a) - isFile(b) || (a.name < b.name ? -1 : 1));
}

export const workspaces: RouteHandlers<typeof routes> = {
  files: async (context) => {
    const { engine, query } = context;
    const workspace_ref = `wsref_${engine.fakes.branch(rootOf(context)).hex(32)}`;
    return { status: 200, body: { workspace_ref, path: query.path, items: await itemsOf(context, query.path) } };
  },
  file: async (context) => {
    const { engine, query, headers } = context;
    const file = await fileAt(context, query.path);
    if (!file) throw fileNotFound();
    const etag = `"${file.sha256}"`;
    if (headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: { etag } };
    const shown = { etag, 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` };
    return { status: 200, body: new RawBody(engine.state.files.get(rootOf(context) + query.path)!.bytes, file.mime_type), headers: shown };
  },
  upload: async (context) => {
    const { engine, caller, query, headers, body } = context;
    await requireVersion(context, query.path, headers);
    if (keysBelow(context, `${query.path}`).some((key) => key !== rootOf(context) + query.path))
      throw apiError('conflict', 'path_taken', `${query.path} is a folder.`, { path: query.path });
    const bytes = await body.file.arrayBuffer();
    const type = body.file.type || 'application/octet-stream';
    engine.state.files.set(rootOf(context) + query.path, { bytes, type, name: String(engine.now()), owner: caller.accountId });
    return { status: 200, body: (await fileAt(context, query.path))! };
  },
  rename: async (context) => {
    const { engine, headers, body } = context;
    const { path, new_path } = body;
    if (new_path.startsWith(`${path}/`)) throw invalidField('/new_path', 'is inside of the folder that moves', 'invalid_path');
    const moved = keysBelow(context, path);
    if (moved.length === 0) throw fileNotFound();
    await requireVersion(context, path, moved.includes(rootOf(context) + path) ? headers : {});
    if (path !== new_path && keysBelow(context, new_path).length > 0)
      throw apiError('conflict', 'path_taken', `${new_path} exists already.`, { path: new_path });
    for (const key of moved) {
      const file = engine.state.files.get(key)!;
      engine.state.files.delete(key);
      engine.state.files.set(rootOf(context) + new_path + key.slice((rootOf(context) + path).length), file);
    }
    const name = new_path.slice(new_path.lastIndexOf('/') + 1);
    return { status: 200, body: (await fileAt(context, new_path)) ?? { name, path: new_path, type: 'dir', has_children: true } };
  },
  delete: async (context) => {
    const { engine, query, headers } = context;
    const deleted = keysBelow(context, query.path);
    if (deleted.length === 0) throw fileNotFound();
    const isFile = deleted.includes(rootOf(context) + query.path);
    await requireVersion(context, query.path, isFile ? headers : {});
    if (!isFile && !query.recursive) throw apiError('conflict', 'folder_not_empty', `${query.path} is not empty.`, { path: query.path });
    for (const key of deleted) engine.state.files.delete(key);
    return { status: 204, body: undefined };
  },
  /** The zip file is empty. */
  archive: (context) => {
    if (context.query.path !== '/' && keysBelow(context, context.query.path).length === 0) throw notFound();
    const etag = `"${context.engine.fakes.branch(rootOf(context)).hex(64)}"`;
    if (context.headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: { etag } };
    const shown = { etag, 'content-disposition': `attachment; filename*=UTF-8''workspace.zip` };
    return { status: 200, body: new RawBody(emptyZip, 'application/zip'), headers: shown };
  },
};
