import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

type Isolation = {
  /** Absolute path of the program. */
  program: string;
  args?: readonly string[];
  /** Flags of Node.js. */
  flags: readonly string[];
  /** Files and folders that the process may read. */
  readable: readonly string[];
  cpuSeconds: number;
};

/**
 * Starts Node.js for work on what is not trusted: with an empty environment, three pipes, the permission to read some files, and no other
 * permission. The shell sets limits of the kernel: CPU time, which also ends a busy process whose parent was killed, and no files, core dumps and
 * further descriptors.
 */
export function startIsolated({ program, args = [], flags, readable, cpuSeconds }: Isolation): ChildProcessWithoutNullStreams {
  const all = [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--no-addons',
    // Resolving links would need the right to read all folders above.
    '--preserve-symlinks',
    '--preserve-symlinks-main',
    '--no-warnings',
    ...flags,
    program,
    ...args,
  ];
  const limits = `ulimit -c 0; ulimit -f 0; ulimit -n 64; ulimit -t ${cpuSeconds}; exec "$0" "$@"`;
  return spawn('/bin/sh', ['-c', limits, process.execPath, ...all], { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Calls `stop` when the resident memory of the process exceeds `maxMb`. Where the system does not tell it, only the limits of V8 apply. */
export function watchMemory(pid: number | undefined, { maxMb, everyMs }: { maxMb: number; everyMs: number }, stop: () => void): Disposable {
  const timer = setInterval(() => {
    residentMb(pid).then(
      (used) => used > maxMb && stop(),
      () => undefined,
    );
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Resident memory of a process. Rejects where there is no /proc. */
async function residentMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

const require = createRequire(import.meta.url);

/** Where Node.js looks for a package, and the folder where it is, which may be elsewhere because of links. */
export function packageFolders(name: string): string[] {
  return [`${realFolder(name)}${name}/`, ...(require.resolve.paths(name) ?? []).map((folder) => join(folder, name))];
}

/** As `packageFolders`, with all packages beside it, for one that needs others. */
export const packageFoldersBeside = (name: string): string[] => [realFolder(name), ...(require.resolve.paths(name) ?? [])];

/** The `node_modules` folder that contains the package. */
function realFolder(name: string): string {
  const entry = require.resolve(name);
  const end = `/node_modules/${name}/`;
  return entry.slice(0, entry.lastIndexOf(end) + '/node_modules/'.length);
}
