import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './alive.ts';
import type { Cluster } from './cluster.ts';

/** Where a server listens: a port of 127.0.0.1 and, unless it is empty, a folder with a Unix socket. */
export type Address = { port: number; socketFolder: string };

/** A server running on a data folder. */
export type Postmaster = Address & { pid: number; ready: boolean };

/** The live server of a folder. Removes the lock file of a dead server, whose process id another program may have by now. */
export async function findPostmaster(folder: string): Promise<Postmaster | undefined> {
  const file = join(folder, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [pid = '', , , port = '', socketFolder = '', , , status = ''] = text.split('\n');
  if (/^\d+$/.test(pid) && (await serves(Number(pid), folder)))
    return { pid: Number(pid), port: Number(port), socketFolder, ready: status.trim() === 'ready' };
  const written = await stat(file).catch(() => undefined);
  const fresh = written !== undefined && Date.now() - written.mtimeMs < 2_000;
  if (text !== '' || !fresh) await rm(file, { force: true });
  return undefined;
}

/**
 * The working directory of a postmaster is its data folder. Where that cannot be read (root without ptrace rights, macOS), its command line names the
 * folder.
 */
async function serves(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  try {
    const [here, there] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder)]);
    return here.ino === there.ino && here.dev === there.dev;
  } catch {
    return commandOf(pid).includes(folder);
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return spawnSync('ps', ['-ww', '-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' }).stdout ?? '';
  }
}

const defaultSettings = {
  listen_addresses: '127.0.0.1',
  shared_buffers: '128MB',
  max_connections: '200',
  fsync: 'on',
  synchronous_commit: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  logging_collector: 'off',
};

/** The longest path of a Unix socket in bytes (macOS; Linux has 107). */
const maxSocketPath = 103;

/**
 * The folder of the Unix socket, if the system has these and the path fits. Through a socket, a run takes a tenth less processor time than through
 * 127.0.0.1 (measured).
 */
function socketFolderOf(folder: string, port: number): string {
  const fits = Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) <= maxSocketPath && !/[,"\n]/.test(folder);
  return process.platform !== 'win32' && fits ? folder : '';
}

/** Starts a server in a session of its own, which Ctrl-C does not reach. If the server ends before it is ready, returns the last line of its log. */
export async function launchPostmaster(
  { dataDir, folder, postgres, account, settings }: Cluster,
  port: number,
  hasSocket = true,
): Promise<string | undefined> {
  const logFile = join(dataDir, 'postgres.log');
  const log = openLogFile(logFile);
  const sockets = { unix_socket_directories: hasSocket ? socketFolderOf(folder, port) : '', unix_socket_permissions: '0700' };
  const options = Object.entries({ ...defaultSettings, ...sockets, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { file, args, options: spawning } = account.command(postgres, ['-D', folder, '-p', `${port}`, ...options]);
  const child = spawn(file, args, { ...spawning, detached: true, windowsHide: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended = false;
  let failure: string | undefined;
  child.on('error', (error) => {
    failure = error.message;
  });
  child.on('exit', () => {
    ended = true;
  });
  child.unref();
  while (!ended && failure === undefined) {
    const server = await findPostmaster(folder);
    if (server?.pid === child.pid && server?.ready) return undefined;
    await sleep(15);
  }
  return failure ?? (await lastLine(logFile));
}

async function lastLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').at(-1) ?? '';
}

function openLogFile(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 10_000_000) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** Stops a server with a fast shutdown, then an immediate shutdown, then SIGKILL. */
export async function stopPostmaster(folder: string): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    const server = await findPostmaster(folder);
    if (!server) return;
    try {
      process.kill(server.pid, signal);
    } catch {
      return;
    }
    for (const until = performance.now() + patience; performance.now() < until && isAlive(server.pid);) await sleep(15);
    if (!isAlive(server.pid)) return;
  }
}
