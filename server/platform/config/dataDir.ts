import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf, OperatorError } from '../operatorError.ts';

const whyNot: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'it, or a part of its path, is not a folder',
  EEXIST: 'it is not a folder',
};

/** Creates the data folder if it is missing, checks that it is writable, and returns its real path. */
export async function openDataDir(path: string): Promise<string> {
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    const folder = await realpath(path);
    if (made) await chmod(folder, 0o700);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    const probe = join(folder, `.probe-${randomUUID()}`);
    await writeFile(probe, '', { mode: 0o600 });
    await rm(probe);
    return folder;
  } catch (error) {
    const code = errorCodeOf(error) ?? 'unknown error';
    throw new OperatorError(`ARKLOOP_DATA_DIR: cannot write to ${path}: ${whyNot[code] ?? code}`);
  }
}

/** Reads a file of the data folder, and creates it once with mode 0600. If several processes create it at once, all get the same text. */
export async function secretFile(dataDir: string, name: string, make: () => string): Promise<string> {
  const path = join(dataDir, name);
  const existing = await readSecret(path);
  if (existing !== undefined) return existing;
  const draft = join(dataDir, `.${name}-${randomUUID()}`);
  await writeFile(draft, `${make()}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') await writeFile(path, await readFile(draft), { mode: 0o600, flag: 'wx' });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readSecret(path)) ?? '';
}

/** The text of a secret file; undefined if there is none. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw new OperatorError(`ARKLOOP_DATA_DIR: cannot read ${path}`);
  }
}
