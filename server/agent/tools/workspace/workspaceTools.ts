import { posix } from 'node:path';
import { normalizePath } from '../../../../contract/workspaces.ts';
import { maxWriteBytes, workspaceTools } from '../../../../contract/workspaceTools.ts';
import type { Database } from '../../../database/sql.ts';
import { decodeBase64 } from '../../../platform/base64.ts';
import { createWorkspaceChanger, type Draft, revisionConflict, setFile } from '../../../resources/workspaces/change.ts';
import { openContent } from '../../../resources/workspaces/content.ts';
import { fileAt, itemsOf } from '../../../resources/workspaces/folder.ts';
import type { Entry } from '../../../resources/workspaces/manifest.ts';
import type { Storage } from '../../../storage/storage.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { type Tool, ToolFailure } from '../tool.ts';
import { readBytes, toFileContent } from './fileContent.ts';
import { runCodeTool } from './runCode.ts';
import { globAction, grepAction } from './searchTools.ts';
import { defineAction, type Deps, readWorkspace, type Run, type Target, toTool } from './toolStore.ts';

type Options = { database: Database; storage: Storage | undefined; sandbox?: Sandbox | undefined };

/** A part of a file, in bytes. */
export type FilePart = { path: string; offset: number; most: number };

/** One instance per process serves all runs. */
export type WorkspaceTools = { tools(run: Run): Promise<Tool[]> };

export function createWorkspaceTools({ database, storage, sandbox }: Options): WorkspaceTools {
  const changeWorkspace = storage && createWorkspaceChanger({ database, storage });
  const deps = { database, storage, changeWorkspace };
  const tools = [
    toTool(deps, listAction),
    toTool(deps, readAction),
    toTool(deps, writeAction),
    toTool(deps, editAction),
    toTool(deps, globAction),
    toTool(deps, grepAction),
  ];
  if (sandbox) tools.push(runCodeTool(deps, sandbox));
  return { tools: async () => tools };
}

export const listAction = defineAction({
  name: 'workspace_list',
  description: 'List a folder of the workspace: files that you keep for the user, also from one run to the next.',
  input: workspaceTools.list,
  parallel: true,
  async act(deps, { path: folder }, target) {
    const { entries } = await readWorkspace(deps, target);
    const at = normalizePath(folder)!;
    return { path: at, items: itemsOf(entries, at) };
  },
});

const readAction = defineAction({
  name: 'workspace_read',
  description: 'Read a file of the workspace from its beginning: its text, or base64 where it is none.',
  input: workspaceTools.read,
  parallel: true,
  act: (deps, { path, max_bytes: most }, target) => readPart(deps, target, { path, offset: 0, most }),
});

/** Reads up to `most` bytes of a file from `offset`. */
export async function readPart(deps: Deps & { storage: Storage }, target: Target, { path: wanted, offset, most }: FilePart) {
  const { ref, entries } = await readWorkspace(deps, target);
  const at = normalizePath(wanted)!;
  const entry = fileAt(at, entries);
  const file = entry && (await openContent(deps.storage, ref, posix.basename(at), entry));
  if (!file) throw failed(`There is no file at ${at}.`);
  const bytes = await readBytes(file.chunks, offset, most);
  return { ...toFileContent(bytes, file.size - offset), size: file.size, sha256: entry.sha256! };
}

export const writeAction = defineAction({
  name: 'workspace_write',
  description: 'Write a file of the workspace, whole, in place of what was there; folders are made as needed.',
  input: workspaceTools.write,
  parallel: false,
  async act(deps, { path: wanted, content, encoding, sha256: known }, { find, signal }) {
    const bytes = encoding === 'base64' ? decodeBase64(content) : content.isWellFormed() ? Buffer.from(content) : undefined;
    if (!bytes) throw invalid(encoding === 'base64' ? 'content is not base64' : 'content is not text: it holds half a character');
    if (bytes.length > maxWriteBytes) throw invalid('content is larger than 1 MiB', tooLarge);
    const at = normalizePath(wanted)!;
    const edit = (draft: Draft) => {
      checkVersion(at, fileAt(at, draft.entries), known);
      return writtenFile(at, setFile(draft, at, bytes));
    };
    return deps.changeWorkspace!(find, { edit, addsBytes: true, signal });
  },
});

export const editAction = defineAction({
  name: 'workspace_edit',
  description: 'Replace text in a file of the workspace. old_text must match exactly, and once unless replace_all is set.',
  input: workspaceTools.edit,
  parallel: false,
  async act(deps, { path: wanted, old_text: old, new_text: replacement, replace_all: all, sha256: known }, { find, signal }) {
    if (old === replacement) throw invalid('old_text and new_text are the same');
    if (!old.isWellFormed() || !replacement.isWellFormed()) throw invalid('the text holds half a character');
    const at = normalizePath(wanted)!;
    const edit = async (draft: Draft, ref: string) => {
      const entry = fileAt(at, draft.entries);
      checkVersion(at, entry, known);
      const text = await readText(deps.storage, ref, at, entry);
      const parts = text.split(old);
      const replaced = parts.length - 1;
      if (replaced === 0) throw failed(`old_text does not occur in ${at}. It must match exactly, with white space and line breaks.`);
      if (replaced > 1 && !all) throw failed(`old_text occurs ${replaced} times in ${at}. Add the text around it, or set replace_all.`);
      const size = Buffer.byteLength(text) + replaced * (Buffer.byteLength(replacement) - Buffer.byteLength(old));
      if (size > maxWriteBytes) throw failed(`${at} would be larger than 1 MiB.`, tooLarge);
      return { ...writtenFile(at, setFile(draft, at, Buffer.from(parts.join(replacement)))), replaced };
    };
    return deps.changeWorkspace!(find, { edit, addsBytes: true, signal });
  },
});

/** The text of a file of up to 1 MiB. */
async function readText(storage: Storage, ref: string, at: string, entry: Entry | undefined): Promise<string> {
  const file = entry && (await openContent(storage, ref, posix.basename(at), entry));
  if (!file) throw failed(`There is no file at ${at}.`);
  if (file.size > maxWriteBytes) {
    file.close();
    throw failed(`${at} is larger than 1 MiB.`, tooLarge);
  }
  const content = toFileContent(await readBytes(file.chunks, 0, maxWriteBytes + 1), file.size);
  if (!('content' in content)) throw failed(`${at} is not a text file.`);
  return content.content;
}

function checkVersion(path: string, entry: Entry | undefined, known: string | undefined) {
  if (known !== undefined && entry?.sha256 !== known) throw revisionConflict(path, entry);
}

const writtenFile = (path: string, { size, sha256: hash }: Entry) => ({ path, size, sha256: hash! });

/** As the API says that an upload is too large. */
const tooLarge = { reason: 'file_too_large', max_bytes: maxWriteBytes };

const failed = (message: string, details?: Record<string, unknown>) => new ToolFailure('tool.execution_failed', message, details);
const invalid = (message: string, details?: Record<string, unknown>) => new ToolFailure('tool.args_invalid', message, details);
