import { posix } from 'node:path';
import { z } from 'zod';
import { maxAttachmentBytes, maxImageChars } from '../../../../contract/attachments.ts';
import { isPortablePath, normalizePath, workspaceLimits } from '../../../../contract/workspaces.ts';
import { workspacePath } from '../../../../contract/workspaceTools.ts';
import type { ImagePart } from '../../../models/model.ts';
import { Failure } from '../../../platform/failure.ts';
import { detectImageType, hasTooManyPixels, typeDetectionBytes } from '../../../resources/attachments/types.ts';
import { type Draft, setFile } from '../../../resources/workspaces/change.ts';
import { openContent } from '../../../resources/workspaces/content.ts';
import { fileAt, filesBelow } from '../../../resources/workspaces/folder.ts';
import type { Entries, Entry } from '../../../resources/workspaces/manifest.ts';
import { readWhole, type Storage } from '../../../storage/storage.ts';
import { type Sandbox, type SandboxFile, SandboxLimit, type SandboxResult } from '../../sandbox/sandbox.ts';
import { defineTool, type Tool, ToolFailure } from '../tool.ts';
import { workspaceOfRun } from './runWorkspace.ts';
import { type Deps, readWorkspace, withStore } from './toolStore.ts';

/** What is copied into the sandbox, at most. */
const [maxFiles, maxBytes] = [1_000, 48 * 2 ** 20];
const [defaultSeconds, maxSeconds] = [30, 120];
/** Includes waiting for other code and starting the sandbox. */
const toolTimeoutMs = 420_000;

const description = `Run Python 3 (standard library) or JavaScript (ES2023) on the files of the workspace, in a sandbox without network and programs.
Each call starts from nothing; only files remain. Returns what was printed, the value of the last expression, and the files that changed.
Python: the working directory is the workspace. JavaScript: workspace.list(), .read(path), .readBytes(path), .write(path, textOrBytes), .remove(path).
Images that the code writes (PNG, JPEG, WebP, GIF) are shown to you.`;

/** Offered only to personas whose allowlist names it, if the operator has turned a sandbox on. */
export const runCodeTool = (deps: Deps, sandbox: Sandbox): Tool =>
  defineTool({
    name: 'run_code',
    group: 'code',
    description,
    timeoutMs: toolTimeoutMs,
    parallel: false,
    input: z.strictObject({
      language: z.enum(['python', 'javascript']),
      code: z.string().min(1).max(100_000),
      timeout: z.int().min(1).max(maxSeconds).default(defaultSeconds).meta({ description: 'Seconds until the code is stopped.' }),
      paths: z
        .array(workspacePath)
        .min(1)
        .max(100)
        .default(['/'])
        .meta({ description: 'Files and folders that the code can read, if the whole workspace is more than 1,000 files or 48 MiB.' }),
    }),
    run: ({ language, code, timeout, paths }, { run, signal }) =>
      withStore(deps, async (storage) => {
        if (!code.isWellFormed()) throw new ToolFailure('tool.args_invalid', 'code holds half a character');
        let given: [string, Entry][] = [];
        const files = async () => {
          const { ref, entries } = await readWorkspace(deps, { find: () => workspaceOfRun(deps.database, run) });
          given = select(entries, paths);
          return readFiles(storage, ref, given, signal);
        };
        const job = { accountId: run.account_id, language, code, timeoutMs: timeout * 1_000, files };
        const answer = await execute(sandbox, job, signal);
        const { output, isOutputCut, value, error, changed, deleted } = answer;
        const store = (draft: Draft) => applyChanges(draft, new Map(given), changed, deleted);
        const isChanged = changed.length + deleted.length > 0;
        const stored = isChanged
          ? await deps.changeWorkspace!(() => workspaceOfRun(deps.database, run), {
              edit: store,
              addsBytes: changed.length > 0,
              signal,
            }).catch(notStored)
          : {};
        const images = await imagesOf(changed);
        return {
          result: {
            output,
            ...(isOutputCut && { output_truncated: true }),
            ...(value !== undefined && { value }),
            ...(error !== undefined && { error }),
            ...stored,
            ...(images.length > 0 && { images: images.length }),
          },
          images,
        };
      }),
  });

function select(entries: Entries, paths: readonly string[]): [string, Entry][] {
  const wanted = paths.map((each) => normalizePath(each)!);
  const files = filesBelow('/', entries).filter(([at]) => wanted.some((each) => each === '/' || at === each || at.startsWith(`${each}/`)));
  const bytes = files.reduce((sum, [, { size }]) => sum + size, 0);
  if (files.length > maxFiles || bytes > maxBytes)
    throw new ToolFailure(
      'tool.execution_failed',
      `${files.length} files of ${Math.ceil(bytes / 2 ** 20)} MiB are more than the ${maxFiles} files or ${maxBytes / 2 ** 20} MiB that code can read. Name those that it needs in paths.`,
      { reason: 'input_limit', files: files.length, bytes, max_files: maxFiles, max_bytes: maxBytes },
    );
  return files;
}

async function readFiles(storage: Storage, ref: string, files: readonly [string, Entry][], signal: AbortSignal): Promise<SandboxFile[]> {
  const read: SandboxFile[] = [];
  for (const [at, entry] of files) {
    signal.throwIfAborted();
    const content = await openContent(storage, ref, posix.basename(at), entry);
    if (!content) throw new Error('the content of a workspace file is missing');
    read.push({ path: at, bytes: await readWhole(content, maxBytes) });
  }
  return read;
}

/** Limits of the sandbox become errors for the model. */
async function execute(sandbox: Sandbox, job: Parameters<Sandbox['run']>[0], signal: AbortSignal): Promise<SandboxResult> {
  try {
    return await sandbox.run(job, signal);
  } catch (error) {
    // Others are logged, and the model reads only that the tool failed.
    if (!(error instanceof SandboxLimit)) throw error;
    throw new ToolFailure('tool.execution_failed', error.message, { reason: `${error.limit}_limit` });
  }
}

type Stored = { files?: { path: string; size: number }[]; deleted?: string[]; not_stored?: { path: string; why: string }[] };

/** Stores the changes of the code. A file that somebody else has changed meanwhile stays as it is. */
function applyChanges(draft: Draft, given: Map<string, Entry>, changed: readonly SandboxFile[], deleted: readonly string[]): Stored {
  const files: { path: string; size: number }[] = [];
  const removed: string[] = [];
  const failed: { path: string; why: string }[] = [];
  const isSame = (at: string) => fileAt(at, draft.entries)?.sha256 === given.get(at)?.sha256;
  for (const { path: named, bytes } of changed) {
    const at = normalizePath(named);
    const fail = (why: string) => void failed.push({ path: named.slice(0, 300).toWellFormed(), why });
    if (at === undefined || at === '/' || !named.isWellFormed() || !isPortablePath(at)) fail('the name is not possible in a workspace');
    else if (bytes.byteLength > workspaceLimits.fileBytes) fail('larger than 20 MiB');
    else if (!isSame(at)) fail(given.has(at) ? 'changed by another writer' : 'exists already');
    else
      try {
        setFile(draft, at, bytes);
        files.push({ path: at, size: bytes.byteLength });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        fail(error.message);
      }
  }
  for (const at of deleted) {
    if (!given.has(at)) continue;
    if (!isSame(at)) failed.push({ path: at, why: 'changed by another writer' });
    else if (draft.entries.delete(at)) removed.push(at);
  }
  return {
    ...(files.length > 0 && { files }),
    ...(removed.length > 0 && { deleted: removed }),
    ...(failed.length > 0 && { not_stored: failed }),
  };
}

/** What the code printed is not lost if the account is full. */
function notStored(error: unknown): Stored {
  if (!(error instanceof Failure)) throw error;
  return { not_stored: [{ path: '/', why: error.message }] };
}

/** The images among the files, as many as one result can hold. The content decides, not the name. */
async function imagesOf(files: readonly SandboxFile[]): Promise<ImagePart[]> {
  const images: ImagePart[] = [];
  let room = maxImageChars;
  for (const { bytes } of files) {
    const type =
      bytes.byteLength <= maxAttachmentBytes.image && (await detectImageType(Buffer.from(bytes.subarray(0, typeDetectionBytes))));
    if (!type || hasTooManyPixels(bytes, type)) continue;
    const data = Buffer.from(bytes).toString('base64');
    if (data.length > room) continue;
    room -= data.length;
    images.push({ type: 'image', mime_type: type, data });
  }
  return images;
}
