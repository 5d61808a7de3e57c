import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCodeOf, OperatorError } from '../operatorError.ts';

const whyNot: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the quota of the user is used up',
  ENOENT: 'it cannot be created there',
  ENOTDIR: 'it, or a part of its path, is not a folder',
  EEXIST: 'it is not a folder',
};

/** Creates the data folder if it is missing, checks that it is writable, and returns its real path. */
export const openDataDir = (path: string): Promise<string> => openFolder(path, 'ARKLOOP_DATA_DIR');

/** The same for another folder, which the variable names. */
export async function openFolder(path: string, variable: string): Promise<string> {
  try {
    const made = await makeFolder(path);
    const folder = await realpath(path);
    if (made) await chmod(folder, 0o700);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    const probe = join(folder, `.probe-${randomUUID()}`);
    try {
      // A full file system still takes empty files.
      await writeFile(probe, 'probe\n', { mode: 0o600, flush: true });
    } finally {
      await rm(probe, { force: true });
    }
    return folder;
  } catch (error) {
    throw notWritable(path, error, variable);
  }
}

/** Creates a folder and those above it. `mkdir` with `recursive` never returns where the system answers ENOENT, as below /proc. */
async function makeFolder(path: string): Promise<boolean> {
  const make = () => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return false;
    if (errorCodeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make();
  }
  return true;
}

function notWritable(path: string, error: unknown, variable = 'ARKLOOP_DATA_DIR'): OperatorError {
  const code = errorCodeOf(error) ?? 'unknown error';
  return new OperatorError(`${variable}: cannot write to ${path}: ${whyNot[code] ?? code}`);
}

/** Reads a file of the data folder, and creates it once with mode 0600. If several processes create it at once, all get the same text. */
export async function secretFile(dataDir: string, name: string, make: () => string): Promise<string> {
  const path = join(dataDir, name);
  const existing = await readSecret(path);
  if (existing !== undefined) return existing;
  const draft = join(dataDir, `.${name}-${randomUUID()}`);
  try {
    await writeFile(draft, `${make()}\n`, { mode: 0o600, flush: true });
    await link(draft, path).catch(async (error: unknown) => {
      if (errorCodeOf(error) !== 'EEXIST') await writeFile(path, await readFile(draft), { mode: 0o600, flag: 'wx' });
    });
  } catch (error) {
    throw notWritable(path, error);
  } finally {
    await rm(draft, { force: true });
  }
  return (await readSecret(path)) ?? '';
}

/** The trimmed text of a file. Undefined if it does not exist. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw new OperatorError(`ARKLOOP_DATA_DIR: cannot read ${path}`);
  }
}
