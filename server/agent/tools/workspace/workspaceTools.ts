import { posix } from 'node:path';
import { z } from 'zod';
import { normalizePath } from '../../../../contract/workspaces.ts';
import type { Database } from '../../../database/sql.ts';
import { decodeBase64 } from '../../../platform/base64.ts';
import { openContent } from '../../../resources/workspaces/content.ts';
import { fileAt, itemsOf } from '../../../resources/workspaces/folder.ts';
import { type Entries, readManifest } from '../../../resources/workspaces/manifest.ts';
import { touchWorkspace } from '../../../resources/workspaces/service.ts';
import { type Storage, StorageUnavailable } from '../../../storage/storage.ts';
import { defineTool, type Tool, type ToolContext, ToolFailure } from '../tool.ts';
import { readFirstBytes, toFileContent } from './fileContent.ts';
import { workspaceOfRun } from './runWorkspace.ts';
import { createFileWriter } from './writeFile.ts';

type Deps = { database: Database; storage: Storage | undefined };
type Run = ToolContext['run'];

/** One instance per process serves all runs. */
export type WorkspaceTools = { tools(run: Run): Promise<Tool[]> };

const maxWriteBytes = 2 ** 20;

const path = z
  .string()
  .refine((text) => text.isWellFormed() && normalizePath(text) !== undefined, 'must be a path in the workspace')
  .meta({ description: 'From the root of the workspace, like /notes/plan.md; at most 4096 bytes.' });
const filePath = path.refine((text) => normalizePath(text) !== '/', 'must name a file');

const common = { group: 'workspace', timeoutMs: 30_000 };

export function createWorkspaceTools({ database, storage }: Deps): WorkspaceTools {
  const tools = [listTool({ database, storage }), readTool({ database, storage }), writeTool({ database, storage })];
  return { tools: async () => tools };
}

const listTool = (deps: Deps) =>
  defineTool({
    ...common,
    name: 'workspace_list',
    description: 'List a folder of the workspace: files that you keep for the user, also from one run to the next.',
    input: z.strictObject({ path: path.default('/') }),
    parallel: true,
    run: ({ path: folder }, { run }) =>
      withStore(deps, async () => {
        const { entries } = await readWorkspace(deps, run);
        const at = normalizePath(folder)!;
        return { result: { path: at, items: itemsOf(entries, at) } };
      }),
  });

const readTool = (deps: Deps) =>
  defineTool({
    ...common,
    name: 'workspace_read',
    description: 'Read a file of the workspace from its beginning: its text, or base64 where it is none.',
    input: z.strictObject({ path: filePath, max_bytes: z.int().min(1).max(262_144).default(65_536) }),
    parallel: true,
    run: ({ path: wanted, max_bytes: most }, { run }) =>
      withStore(deps, async (storage) => {
        const { ref, entries } = await readWorkspace(deps, run);
        const at = normalizePath(wanted)!;
        const entry = fileAt(at, entries);
        const file = entry && (await openContent(storage, ref, posix.basename(at), entry));
        if (!file) throw new ToolFailure('tool.execution_failed', `There is no file at ${at}.`);
        return { result: { ...toFileContent(await readFirstBytes(file.chunks, most), file.size), size: file.size } };
      }),
  });

function writeTool(deps: Deps) {
  const { database, storage } = deps;
  const write = storage && createFileWriter({ database, storage });
  return defineTool({
    ...common,
    name: 'workspace_write',
    description: 'Write a file of the workspace, whole, in place of what was there; folders are made as needed.',
    input: z.strictObject({
      path: filePath,
      content: z.string().meta({ description: 'At most 1 MiB.' }),
      encoding: z.enum(['utf8', 'base64']).default('utf8'),
    }),
    parallel: false,
    run: ({ path: wanted, content, encoding }, { run, signal }) =>
      withStore(deps, async () => {
        const bytes = encoding === 'base64' ? decodeBase64(content) : content.isWellFormed() ? Buffer.from(content) : undefined;
        if (!bytes) throw invalid(encoding === 'base64' ? 'content is not base64' : 'content is not text: it holds half a character');
        if (bytes.length > maxWriteBytes) throw invalid('content is larger than 1 MiB');
        return { result: await write!(() => workspaceOfRun(database, run), { path: normalizePath(wanted)!, bytes }, signal) };
      }),
  });
}

const invalid = (message: string) => new ToolFailure('tool.args_invalid', message);

async function readWorkspace({ database, storage }: Deps, run: Run): Promise<{ ref: string; entries: Entries }> {
  const workspace = await workspaceOfRun(database, run);
  const { workspace_ref: ref, manifest_rev: rev } = workspace;
  await touchWorkspace(database, workspace);
  return { ref, entries: (rev !== null && (await readManifest(storage!, ref, rev))) || new Map() };
}

async function withStore<T>({ storage }: Deps, work: (storage: Storage) => Promise<T>): Promise<T> {
  if (!storage) throw new ToolFailure('tool.not_available', 'There is no store for files here.');
  try {
    return await work(storage);
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    throw new ToolFailure('tool.not_available', 'The store for files does not answer.');
  }
}
