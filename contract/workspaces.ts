import { z } from 'zod';
import { boolParam, Id, Time } from './shared/fields.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';
import { hasControls } from './shared/text.ts';

export const Workspace = z
  .object({
    project_id: Id.meta({ description: 'The project of the workspace.' }),
    owner_user_id: Id.meta({ description: 'The user who owns the files: you.' }),
    workspace_ref: z
      .string()
      .regex(/^wsref_[0-9a-f]{32}$/)
      .meta({ description: 'Opaque reference of the workspace, the same for every request.' }),
    status: z
      .enum(['active', 'idle', 'unavailable'])
      .meta({ description: '`active` if a live session uses the workspace; `unavailable` if there is no store for files.' }),
    last_used_at: Time.meta({ description: 'When you or a run last changed the workspace or a run used it, or when it was created.' }),
    active_session: z
      .object({
        session_ref: z.string().meta({ description: 'Opaque reference of the session.' }),
        session_type: z.enum(['shell', 'browser']).meta({ description: 'What the session runs.' }),
        state: z.string().meta({ description: 'State of the session; never `closed`.' }),
        last_used_at: Time.meta({ description: 'When the session was last used.' }),
      })
      .optional()
      .meta({ description: 'Present only if `status` is `active`.' }),
  })
  .meta({ id: 'Workspace', description: 'The files of a user and their runs in a project.' });
export type Workspace = z.infer<typeof Workspace>;

const itemFields = {
  name: z.string().meta({ description: 'Last segment of the path.' }),
  path: z.string().meta({ description: 'Path from the root of the workspace.' }),
};

export const WorkspaceFolder = z
  .object({
    ...itemFields,
    type: z.literal('dir').meta({ description: 'Distinguishes folders from files.' }),
    has_children: z.literal(true).optional().meta({ description: 'Present only if the folder is not empty.' }),
  })
  .meta({ id: 'WorkspaceFolder', description: 'A folder of a workspace.' });

export const WorkspaceFile = z
  .object({
    ...itemFields,
    type: z.enum(['file', 'symlink']).meta({ description: 'Symbolic links cannot be downloaded.' }),
    size: z.int().min(0).meta({ description: 'Size in bytes.' }),
    mtime_unix_ms: z.int().meta({ description: 'Time of the last change, in Unix milliseconds.' }),
    mime_type: z.string().meta({ description: 'Determined by the file name extension.' }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .meta({ description: 'SHA-256 of the content: the `ETag` of the file without quotes. Absent for symbolic links.' }),
  })
  .meta({ id: 'WorkspaceFile', description: 'A file or symbolic link of a workspace.' });

export const WorkspaceItem = z
  .union([WorkspaceFolder, WorkspaceFile])
  .meta({ id: 'WorkspaceItem', description: 'A folder, a file or a symbolic link.' });
export type WorkspaceItem = z.infer<typeof WorkspaceItem>;
export type WorkspaceFile = z.infer<typeof WorkspaceFile>;

export const WorkspaceItems = z
  .object({
    workspace_ref: z.string().meta({ description: 'Opaque reference of the workspace.' }),
    path: z.string().meta({ description: 'The normalized path of the folder.' }),
    items: z.array(WorkspaceItem).meta({ description: 'Folders first; each kind is sorted by name in code point order.' }),
  })
  .meta({ id: 'WorkspaceItems', description: 'The content of a folder.' });
export type WorkspaceItems = z.infer<typeof WorkspaceItems>;

/** Limits of a workspace. `pathBytes` is the length of all paths together; `fileBytes` is the largest upload. */
export const workspaceLimits = { files: 5_000, totalBytes: 200 * 2 ** 20, pathBytes: 2 ** 20, fileBytes: 20 * 2 ** 20 } as const;

const maxPathBytes = 4_096;
/** Longest name that common file systems can store. */
const maxNameBytes = 255;
const byteLengthOf = (text: string) => new TextEncoder().encode(text).length;

/** The path with a leading `/` and with `.`, `..` and `//` resolved. Undefined if it is too long, leaves the root, or contains a backslash or U+0000. */
export function normalizePath(path: string): string | undefined {
  if (/[\\\0]/.test(path) || byteLengthOf(path) > maxPathBytes) return undefined;
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..' && steps.pop() === undefined) return undefined;
    if (!['', '.', '..'].includes(step)) steps.push(step);
  }
  return `/${steps.join('/')}`;
}

const invalidPath = { reason: 'invalid_path', code: 'workspace_files.invalid_path' };

/** Whether a name can be stored by common file systems: well-formed, without controls, and at most 255 bytes. */
const isPortableName = (name: string) => name.isWellFormed() && !hasControls(name) && byteLengthOf(name) <= maxNameBytes;

/** Whether users can create a file at a normalized path. Files that runs have written may have other names. */
export const isPortablePath = (path: string): boolean => path.split('/').every(isPortableName);

const pathThat = (fits: (path: string) => boolean) =>
  z
    .string()
    .transform((path, check) => {
      const normal = normalizePath(path);
      if (normal !== undefined && fits(normal)) return normal;
      check.issues.push({ code: 'custom', message: 'is not a path in the workspace', params: invalidPath, input: path });
      return z.NEVER;
    })
    .pipe(z.string());

const workspacePath = (allowRoot: boolean) =>
  pathThat((path) => allowRoot || path !== '/').meta({ description: 'At most 4,096 bytes; `.`, `..` and `//` are resolved.' });
const newPath = () =>
  pathThat((path) => path !== '/' && isPortablePath(path)).meta({
    description: 'At most 4,096 bytes, and 255 for each name, without control characters; `.`, `..` and `//` are resolved.',
  });

export const NewWorkspaceFile = z
  .strictObject({
    file: z.file().meta({ description: `The content, at most ${workspaceLimits.fileBytes / 2 ** 20} MiB. Its name is ignored.` }),
  })
  .meta({ id: 'NewWorkspaceFile', description: 'A form with one file.' });

export const WorkspaceRename = z
  .strictObject({ path: workspacePath(false), new_path: newPath() })
  .meta({ id: 'WorkspaceRename', description: 'A file or folder of the workspace, and its new path.' });

/** The version of the file that a change expects (RFC 9110, section 13.1). Ignored for folders. */
const conditions = z.object({ 'if-match': z.string().optional() });

const read = 'data.projects.read';
const readFiles = ['data.projects.read', 'data.runs.read'] as const;
/** For changes. The workspace belongs to the caller, so who can read the project can change its files. */
const change = { auth: 'user+key', read: readFiles, permission: 'data.runs.write', allowReaders: true } as const;

export const workspaces = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace',
    summary: 'Retrieve your workspace in a project',
    description:
      'Creates the workspace on the first request. Each user has their own workspace in a project; runs in its threads write files there.',
    responses: { 200: Workspace },
    metadata: { auth: 'user+key', read },
  },
  files: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/files',
    summary: 'List a folder of your workspace',
    description: 'Use this to show what runs have produced. Returns only direct children; a path that is not a folder has no items.',
    query: z.object({ path: workspacePath(true).default('/') }),
    responses: { 200: WorkspaceItems },
    metadata: { auth: 'user+key', read: readFiles },
  },
  file: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/file',
    summary: 'Download a file of your workspace',
    description: 'Returns the content with its media type. Symbolic links are not followed: they are 404.',
    query: z.object({ path: workspacePath(false) }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: declareFile(), 304: null },
    metadata: { auth: 'user+key', read: readFiles },
  },
  upload: {
    method: 'PUT',
    path: '/v1/projects/{project_id}/workspace/file',
    summary: 'Upload a file to your workspace',
    description:
      'Creates the file and its folders, or replaces the content. Send `If-Match` with the `ETag` that you read to detect changes by runs, or `If-None-Match: *` to create only. A workspace has at most 5,000 files, 200 MiB, and 1 MiB of paths. A path that differs from an existing one only in case or Unicode normalization is 409 `path_taken`.',
    contentType: 'multipart/form-data',
    maxBody: workspaceLimits.fileBytes + 2 ** 20,
    query: z.object({ path: newPath() }),
    headers: conditions.extend({ 'if-none-match': z.string().optional() }),
    body: NewWorkspaceFile,
    responses: { 200: WorkspaceFile },
    metadata: { ...change, quota: 'workspaces', audit: ['workspace.upload', 'project'] },
  },
  rename: {
    method: 'POST',
    path: '/v1/projects/{project_id}/workspace/rename',
    summary: 'Rename or move a file or folder of your workspace',
    description:
      'A folder moves with everything in it, and missing parent folders are created. Nothing is overwritten: an existing `new_path` is 409 `path_taken`. All paths of a workspace together have at most 1 MiB.',
    body: WorkspaceRename,
    headers: conditions,
    responses: { 200: WorkspaceItem },
    metadata: { ...change, extraErrors: [409], audit: ['workspace.rename', 'project'] },
  },
  delete: {
    method: 'DELETE',
    path: '/v1/projects/{project_id}/workspace/file',
    summary: 'Delete a file or folder of your workspace',
    description:
      'A folder is deleted only with `recursive=true`, otherwise the response is 409 `folder_not_empty`. The storage counts until the old revision is removed, about an hour later. This works when the account is full, but not thousands of times in an hour: 409 `quota_exceeded`.',
    query: z.object({
      path: workspacePath(false),
      recursive: boolParam().default(false).meta({ description: 'Whether a folder is deleted with everything in it.' }),
    }),
    headers: conditions,
    body: null,
    responses: { 204: null },
    metadata: { ...change, extraErrors: [409], audit: ['workspace.delete', 'project'] },
  },
  archive: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/archive',
    summary: 'Download a folder of your workspace as a zip file',
    description:
      'Contains all files of one revision below the folder, without compression. Symbolic links and empty folders are left out. A folder that does not exist is 404.',
    query: z.object({ path: workspacePath(true).default('/') }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: declareFile(), 304: null },
    metadata: { auth: 'user+key', read: readFiles },
  },
} as const satisfies Resource);
