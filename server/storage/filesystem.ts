import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCodeOf } from '../platform/operatorError.ts';
import { checkKey, type Storage, StorageUnavailable, type StoredObject } from './storage.ts';

/** Stores objects as files under a folder, which is created with the first object. */
export function fileStorage(root: string): Storage {
  const folder = resolve(root);
  const pathOf = (key: string) => {
    checkKey(key);
    return join(folder, key);
  };
  return {
    get: async (key) => {
      const path = pathOf(key);
      return withStorageErrors(() => openFile(path), undefined);
    },
    put: async (key, bytes) => {
      const path = pathOf(key);
      await withStorageErrors(() => writeAtomically(path, bytes));
    },
    delete: async (key) => {
      const path = pathOf(key);
      await withStorageErrors(async () => {
        await rm(path);
        await sync(dirname(path));
      }, undefined);
    },
    list: (prefix) => {
      checkKey(prefix, 'prefix');
      return keysUnder(folder, prefix);
    },
    check: () => withStorageErrors(() => checkFolder(folder)),
    close: async () => {},
  };
}

/** A missing folder is no error: it is created with the first file. */
async function checkFolder(folder: string) {
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(`${folder} is not a folder`), { code: 'ENOTDIR' });
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
}

/** Error codes for a missing file. A folder at the path counts as missing. */
const missingFileCodes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ERR_FS_EISDIR'];

/** Runs `work` and turns its errors into `StorageUnavailable`. If the file is missing, returns `none`, if given. */
async function withStorageErrors<T>(work: () => Promise<T>, ...none: T[]): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (none.length > 0 && missingFileCodes.includes(errorCodeOf(error) ?? '')) return none[0]!;
    throw new StorageUnavailable('folder_unusable', error);
  }
}

async function openFile(path: string): Promise<StoredObject | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const stat = await file.stat();
  if (!stat.isFile()) {
    await file.close();
    return undefined;
  }
  const chunks = file.createReadStream({ highWaterMark: 256 * 1024 });
  return { size: stat.size, chunks, close: () => void chunks.destroy() };
}

const draftName = () => `.${randomUUID()}`;
const isDraft = (name: string) => name.startsWith('.');

/**
 * Atomic and durable: writes beside the file, flushes, renames, and flushes the folder. Readers see the old file or the new one, even after a crash.
 */
async function writeAtomically(path: string, bytes: Uint8Array) {
  const folder = dirname(path);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, draftName());
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await sync(folder);
  for (let each = folder; made !== undefined && each.length >= made.length; each = dirname(each)) await sync(dirname(each));
}

/** Makes changes to the names in a folder durable. */
async function sync(folder: string) {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* keysUnder(root: string, prefix: string): AsyncIterable<string> {
  const entries = await withStorageErrors<Dirent[]>(() => readdir(join(root, prefix), { withFileTypes: true }), []);
  for (const entry of entries)
    if (entry.isDirectory()) yield* keysUnder(root, `${prefix}${entry.name}/`);
    else if (entry.isFile() && !isDraft(entry.name)) yield prefix + entry.name;
}
