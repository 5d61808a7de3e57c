import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Id, Time } from './shared/fields.ts';
import { bytesOf, type Resource } from './shared/route.ts';

/** The files that a user's runs in a project have made. */
export const Workspace = z
  .object({
    project_id: Id,
    owner_user_id: Id,
    workspace_ref: z.string().regex(/^wsref_[0-9a-f]{32}$/),
    status: z
      .enum(['active', 'idle', 'unavailable'])
      .meta({ description: '`active`: a live session uses it; `unavailable`: there is no store for files.' }),
    last_used_at: Time,
    active_session: z
      .object({ session_ref: z.string(), session_type: z.enum(['shell', 'browser']), state: z.string(), last_used_at: Time })
      .optional()
      .meta({ description: 'Only when `active`.' }),
  })
  .meta({ id: 'Workspace' });
export type Workspace = z.infer<typeof Workspace>;

const place = { name: z.string(), path: z.string().meta({ description: 'From the root of the workspace.' }) };

export const WorkspaceFolder = z
  .object({
    ...place,
    type: z.literal('dir'),
    has_children: z.literal(true).optional().meta({ description: 'Only when something lies below.' }),
  })
  .meta({ id: 'WorkspaceFolder' });

export const WorkspaceFile = z
  .object({
    ...place,
    type: z.enum(['file', 'symlink']),
    size: z.int().min(0).meta({ description: 'Bytes.' }),
    mtime_unix_ms: z.int(),
    mime_type: z.string().meta({ description: 'By the extension of the name.' }),
  })
  .meta({ id: 'WorkspaceFile' });

export const WorkspaceItem = z.union([WorkspaceFolder, WorkspaceFile]).meta({ id: 'WorkspaceItem' });
export type WorkspaceItem = z.infer<typeof WorkspaceItem>;

export const WorkspaceItems = z
  .object({
    workspace_ref: z.string(),
    path: z.string().meta({ description: 'The folder, normalised.' }),
    items: z.array(WorkspaceItem).meta({ description: 'Folders first, each kind by name in the order of code points.' }),
  })
  .meta({ id: 'WorkspaceItems' });
export type WorkspaceItems = z.infer<typeof WorkspaceItems>;

const longestPath = 4_096;
const bytesIn = (text: string) => new TextEncoder().encode(text).length;

/** A path in a workspace with a leading `/` and nothing to resolve; undefined when it is too long, leaves the root, or holds a backslash or U+0000. */
export function normalPath(path: string): string | undefined {
  if (/[\\\0]/.test(path) || bytesIn(path) > longestPath) return undefined;
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..' && steps.pop() === undefined) return undefined;
    if (!['', '.', '..'].includes(step)) steps.push(step);
  }
  return `/${steps.join('/')}`;
}

const invalidPath = { reason: 'invalid_path', code: 'workspace_files.invalid_path' };

const workspacePath = (isRootGood: boolean) =>
  z
    .string()
    .transform((path, check) => {
      const normal = normalPath(path);
      if (normal !== undefined && (isRootGood || normal !== '/')) return normal;
      check.issues.push({ code: 'custom', message: 'is not a path in the workspace', params: invalidPath, input: path });
      return z.NEVER;
    })
    .pipe(z.string())
    .meta({ description: 'At most 4096 bytes; `.`, `..` and `//` are resolved.' });

const read = 'data.projects.read';
const readFiles = ['data.projects.read', 'data.runs.read'] as const;

/** Files of a user in a project. */
export const workspaces = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace',
    summary: 'Read the state of your workspace in a project',
    responses: { 200: Workspace },
    metadata: { auth: 'user+key', read },
  },
  files: {
    method: 'GET',
    path: '/v1/projects/{project_id}/workspace/files',
    summary: 'List a folder of your workspace',
    description: 'What is no folder has no items.',
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
    responses: { 200: bytesOf(), 304: null },
    metadata: { auth: 'user+key', read: readFiles },
  },
} as const satisfies Resource);
