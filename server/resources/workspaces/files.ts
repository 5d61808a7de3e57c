import { type WorkspaceFile, type WorkspaceItem, workspaceLimits } from '../../../contract/workspaces.ts';
import { fileTooLarge, type Form } from '../../http/body/multipart.ts';
import { countUpload } from '../../http/body/uploadMemory.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import type { ProjectRow } from '../projects/queries.ts';
import { type Change, checkParents, pathTaken, revisionConflict, setFile, workspaceChangerOf } from './change.ts';
import { fileAt, hasDescendants, itemAt, viewFile } from './folder.ts';
import type { Entries, Entry } from './manifest.ts';
import { fileNotFound, findWorkspace, withStorage } from './service.ts';

/** Conditions of a change, as in the headers of the same names (RFC 9110, section 13.1). */
export type Conditions = { 'if-match'?: string | undefined; 'if-none-match'?: string | undefined };

/** Creates or replaces a file. Throws 409 if a condition is not met, the path is not free or a limit is exceeded; 413, 422, 503. */
export async function uploadFile(
  scope: Scope,
  project: ProjectRow,
  { path, form, conditions }: { path: string; form: Form; conditions: Conditions },
): Promise<WorkspaceFile> {
  using memory = countUpload(scope.app.config);
  const bytes = await readFile(form, memory);
  const entry = await change(scope, project, {
    addsBytes: true,
    edit(draft) {
      const old = fileAt(path, draft.entries);
      checkConditions(path, old, conditions);
      if (!old) checkName(path, draft.entries);
      return setFile(draft, path, bytes);
    },
  });
  scope.audit({ metadata: { path, size: bytes.length } });
  return viewFile(path, entry);
}

/** A form is valid only if it is complete, so it is read to the end. */
async function readFile(form: Form, memory: { add(bytes: number): void }): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of form) {
    if (!('chunks' in part)) continue;
    for await (const chunk of part.chunks) {
      size += chunk.length;
      if (size > workspaceLimits.fileBytes) throw fileTooLarge(workspaceLimits.fileBytes);
      memory.add(chunk.length);
      parts.push(chunk);
    }
  }
  return Buffer.concat(parts);
}

/** Moves a file, a link or a folder with everything in it. Throws 404, and 409 if the new path exists. */
export async function renameItem(
  scope: Scope,
  project: ProjectRow,
  { path, newPath, conditions }: { path: string; newPath: string; conditions: Conditions },
): Promise<WorkspaceItem> {
  if (newPath.startsWith(`${path}/`)) throw invalidField('/new_path', 'is inside of the folder that moves', 'invalid_path');
  const item = await change(scope, project, {
    addsBytes: false,
    edit({ entries }) {
      const moved = itemsBelow(path, entries);
      checkConditions(path, fileAt(path, entries), conditions, moved);
      for (const [from] of moved) entries.delete(from);
      if (entries.has(newPath) || hasDescendants(newPath, entries)) throw pathTaken(`${newPath} exists already.`, newPath);
      checkParents(newPath, entries);
      checkName(newPath, entries);
      for (const [from, entry] of moved) {
        const to = newPath + from.slice(path.length);
        if (Buffer.byteLength(to) > maxPathBytes) throw invalidField('/new_path', 'makes a path longer than 4,096 bytes', 'invalid_path');
        entries.set(to, { ...entry, path: to });
      }
      return itemAt(newPath, entries)!;
    },
  });
  scope.audit({ metadata: { path, new_path: newPath } });
  return item;
}

/** Deletes a file, a link or a folder. Throws 404, and 409 `folder_not_empty` unless `recursive`. */
export async function deleteItem(
  scope: Scope,
  project: ProjectRow,
  { path, recursive, conditions }: { path: string; recursive: boolean; conditions: Conditions },
): Promise<void> {
  const count = await change(scope, project, {
    addsBytes: false,
    edit({ entries }) {
      const deleted = itemsBelow(path, entries);
      checkConditions(path, fileAt(path, entries), conditions, deleted);
      if (!recursive && deleted.some(([each]) => each !== path))
        throw failWith('conflict', 'folder_not_empty', `${path} is not empty.`, { path });
      for (const [each] of deleted) entries.delete(each);
      return deleted.length;
    },
  });
  scope.audit({ metadata: { path, count } });
}

const maxPathBytes = 4_096;

/** The entry at a path and those below it. */
const itemsBelow = (path: string, entries: Entries) => [...entries].filter(([each]) => each === path || each.startsWith(`${path}/`));

/** Throws 404 if nothing of `existing` exists, 409 `revision_conflict` if a file is not in the version that the caller expects. */
function checkConditions(path: string, file: Entry | undefined, conditions: Conditions, existing?: readonly unknown[]) {
  const { 'if-match': match, 'if-none-match': noneMatch } = conditions;
  if (existing?.length === 0) throw match === undefined ? fileNotFound() : revisionConflict(path, undefined);
  // A folder has no version.
  if (existing && !file) return;
  const isExpected = (match === undefined || names(match, file)) && (noneMatch === undefined || !names(noneMatch, file));
  if (!isExpected) throw revisionConflict(path, file);
}

/** Whether a list of entity tags, or `*`, names the current version of a file. */
const names = (list: string, file: Entry | undefined) =>
  file !== undefined && (list.trim() === '*' || list.split(',').some((each) => each.trim() === `"${file.sha256}"`));

/** Equal for names that some file systems do not distinguish: by case, or by Unicode normalization. */
const fold = (path: string) => path.normalize('NFC').toLowerCase().normalize('NFC');

/** Throws 409 `path_taken` if the path, or a folder above it, differs from an existing one only in case or normalization. */
function checkName(path: string, entries: Entries) {
  const wanted = path.split('/');
  const folded = fold(path).split('/');
  for (const each of entries.keys()) {
    const steps = each.split('/');
    for (let at = 1; at < Math.min(steps.length, wanted.length); at++) {
      if (steps[at] === wanted[at]) continue;
      if (fold(steps[at]!) === folded[at]) {
        const existing = steps.slice(0, at + 1).join('/');
        throw pathTaken(`${existing} exists already; the name differs only in case or Unicode normalization.`, existing);
      }
      break;
    }
  }
}

/**
 * The revision is published outside of the transaction of the request, because that would hold the lock of the workspace while the next attempt
 * waits for it. If the request fails afterwards, the change stays; repeating the request is safe.
 */
const change = <T>(scope: Scope, project: ProjectRow, what: Change<T>): Promise<T> =>
  withStorage(scope, (storage) => {
    const changeWorkspace = workspaceChangerOf(scope.app.database, storage);
    return changeWorkspace(() => findWorkspace(scope, project), what);
  });
