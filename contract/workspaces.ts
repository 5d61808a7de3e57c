import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { declareFile, initContract, type Resource } from './shared/route.ts';

export const Workspace = z
  .object({
    project_id: Id.meta({ description: 'The project of the workspace.' }),
    owner_user_id: Id.meta({ description: 'The user whose runs write the files: you.' }),
    workspace_ref: z
      .string()
      .regex(/^wsref_[0-9a-f]{32}$/)
      .meta({ description: 'Opaque reference of the workspace, the same for every request.' }),
    status: z
      .enum(['active', 'idle', 'unavailable'])
      .meta({ description: '`active` if a live session uses the workspace; `unavailable` if there is no store for files.' }),
    last_used_at: Time.meta({ description: 'When a run last used the workspace, or when it was created.' }),
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
  .meta({ id: 'Workspace', description: "The files created by a user's runs in a project." });
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
  })
  .meta({ id: 'WorkspaceFile', description: 'A file or symbolic link of a workspace.' });

export const WorkspaceItem = z
  .union([WorkspaceFolder, WorkspaceFile])
  .meta({ id: 'WorkspaceItem', description: 'A folder, a file or a symbolic link.' });
export type WorkspaceItem = z.infer<typeof WorkspaceItem>;

export const WorkspaceItems = z
  .object({
    workspace_ref: z.string().meta({ description: 'Opaque reference of the workspace.' }),
    path: z.string().meta({ description: 'The normalized path of the folder.' }),
    items: z.array(WorkspaceItem).meta({ description: 'Folders first; each kind is sorted by name in code point order.' }),
  })
  .meta({ id: 'WorkspaceItems', description: 'The content of a folder.' });
export type WorkspaceItems = z.infer<typeof WorkspaceItems>;

const maxPathBytes = 4_096;
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

const workspacePath = (allowRoot: boolean) =>
  z
    .string()
    .transform((path, check) => {
      const normal = normalizePath(path);
      if (normal !== undefined && (allowRoot || normal !== '/')) return normal;
      check.issues.push({ code: 'custom', message: 'is not a path in the workspace', params: invalidPath, input: path });
      return z.NEVER;
    })
    .pipe(z.string())
    .meta({ description: 'At most 4,096 bytes; `.`, `..` and `//` are resolved.' });

const read = 'data.projects.read';
const readFiles = ['data.projects.read', 'data.runs.read'] as const;

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
} as const satisfies Resource);
