import { z } from 'zod';
import { normalizePath } from './workspaces.ts';

/** Largest content that a tool writes, in bytes. */
export const maxWriteBytes = 2 ** 20;

export const workspacePath = z
  .string()
  .refine((text) => text.isWellFormed() && normalizePath(text) !== undefined, 'must be a path in the workspace')
  .meta({ description: 'Like /notes/plan.md.' });
const filePath = workspacePath.refine((text) => normalizePath(text) !== '/', 'must name a file');

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .optional()
  .meta({ description: 'Of the version that you read: fails if the file has changed since.' });

const expression = z.string().min(1).max(1_000);
const glob = expression.meta({
  description: 'Like src/**/*.{ts,tsx}, relative to path. Without a slash, as in *.md, in every folder.',
});

/** The arguments of the tools of workspaces, for models in runs and for clients of the MCP server. */
export const workspaceTools = {
  list: z.strictObject({ path: workspacePath.default('/') }),
  read: z.strictObject({ path: filePath, max_bytes: z.int().min(1).max(262_144).default(65_536) }),
  write: z.strictObject({
    path: filePath,
    content: z.string().meta({ description: 'At most 1 MiB.' }),
    encoding: z.enum(['utf8', 'base64']).default('utf8'),
    sha256,
  }),
  edit: z.strictObject({
    path: filePath,
    old_text: z.string().min(1).max(maxWriteBytes),
    new_text: z.string().max(maxWriteBytes),
    replace_all: z.boolean().default(false),
    sha256,
  }),
  glob: z.strictObject({ pattern: glob, path: workspacePath.default('/'), limit: z.int().min(1).max(1_000).default(100) }),
  grep: z.strictObject({
    pattern: expression,
    path: workspacePath.default('/').meta({ description: 'A folder or a file.' }),
    glob: glob.optional(),
    ignore_case: z.boolean().default(false),
    limit: z.int().min(1).max(500).default(100),
  }),
};
