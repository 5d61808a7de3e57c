import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { declareFile, type Resource } from './shared/route.ts';

/** The files created by a user's runs in a project. */
export const Workspace = z
  .object({
    project_id: Id,
    owner_user_id: Id,
    workspace_ref: z.string().regex(/^wsref_[0-9a-f]{32}$/),
    status: z
      .enum(['active', 'idle', 'unavailable'])
      .meta({ description: '`active` if a live session uses the workspace; `unavailable` if there is no store for files.' }),
    last_used_at: Time,
    active_session: z
      .object({ session_ref: z.string(), session_type: z.enum(['shell', 'browser']), state: z.string(), last_used_at: Time })
      .optional()
      .meta({ description: 'Present only if `status` is `active`.' }),
  })
  .meta({ id: 'Workspace' });
export type Workspace = z.infer<typeof Workspace>;

const itemFields = { name: z.string(), path: z.string().meta({ description: 'Path from the root of the workspace.' }) };

export const WorkspaceFolder = z
  .object({
    ...itemFields,
    type: z.literal('dir'),
    has_children: z.literal(true).optional().meta({ description: 'Present only if the folder is not empty.' }),
  })
  .meta({ id: 'WorkspaceFolder' });

export const WorkspaceFile = z
  .object({
    ...itemFields,
    type: z.enum(['file', 'symlink']),
    size: z.int().min(0).meta({ description: 'Size in bytes.' }),
    mtime_unix_ms: z.int(),
    mime_type: z.string().meta({ description: 'Determined by the file name extension.' }),
  })
  .meta({ id: 'WorkspaceFile' });

export const WorkspaceItem = z.union([WorkspaceFolder, WorkspaceFile]).meta({ id: 'WorkspaceItem' });
export type WorkspaceItem = z.infer<typeof WorkspaceItem>;

export const WorkspaceItems = z
  .object({
    workspace_ref: z.string(),
    path: z.string().meta({ description: 'The normalized path of the folder.' }),
    items: z.array(WorkspaceItem).meta({ description: 'Folders first; each kind is sorted by name in code point order.' }),
  })
  .meta({ id: 'WorkspaceItems' });
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
    responses: { 200: Workspace },
    metadata: { auth: 'user+key', read },
  },
  files: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/files',
    summary: 'List a folder of your workspace',
    description: 'A path that is not a folder has no items.',
    query: z.object({ path: workspacePath(true).default('/') }),
    responses: { 200: WorkspaceItems },
    metadata: { auth: 'user+key', read: readFiles },
  },
  file: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/file',
    summary: 'Download a file of your workspace',
    description: 'Symbolic links are not followed.',
    query: z.object({ path: workspacePath(false) }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    responses: { 200: declareFile(), 304: null },
    metadata: { auth: 'user+key', read: readFiles },
  },
} as const satisfies Resource);
