import { accessSync, constants, statSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What `npm ci` and `npm start` need on every machine, and as root, or without `/proc`. PostgreSQL does not run as root (`osAccount.ts`). */
const own = ['node', 'npm', 'npx', 'sh', ...(process.getuid?.() === 0 ? ['setpriv'] : []), ...(process.platform === 'linux' ? [] : ['ps'])];

/** The PATH of this machine, for tests that say which programs they need (`missingPrograms`). */
export const machinePath = (): string => process.env.TEST_MACHINE_PATH ?? process.env.PATH ?? '';

/** Limits the PATH of this process, and of those that it starts, to a folder with the programs that every machine has. The folder is empty. */
export function limitPrograms(folder: string): void {
  process.env.TEST_MACHINE_PATH ??= process.env.PATH ?? '';
  for (const name of own) {
    const program = name === 'node' ? process.execPath : findProgram(name);
    if (program) symlinkSync(program, join(folder, name));
  }
  process.env.PATH = folder;
}

/** Says which of these programs are not installed. Undefined if all are: otherwise a test that needs them is skipped with this reason. */
export function missingPrograms(...names: string[]): string | undefined {
  const missing = names.filter((name) => !findProgram(name));
  return missing.length > 0 ? `${missing.join(' and ')} not installed` : undefined;
}

function findProgram(name: string): string | undefined {
  const isProgram = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  };
  return machinePath()
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}
