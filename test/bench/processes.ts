import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../server/database/embedded.ts';

/** A started program: the URL that it printed, and the milliseconds until it was ready. */
export type Program = { pid: number; url: string; readyMs: number; stop(): Promise<void> };

/** Settings that the server and the yardstick share. */
export type SharedSettings = { databaseUrl: string; jwtSecret: string };

/** What the scenarios share. */
export type Shared = SharedSettings & { postgresPid: number };

const root = fileURLToPath(new URL('../..', import.meta.url));
const maxStartMs = 60_000;

/** Starts a PostgreSQL in a temporary folder, which `stop` removes. */
export async function startPostgres(): Promise<{ databaseUrl: string; postgresPid: number; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-bench-'));
  const { url, stop } = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  const [postgresPid] = (await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n').map(Number);
  return {
    databaseUrl: url,
    postgresPid: postgresPid!,
    async stop() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const newSecret = () => randomBytes(32).toString('hex');

/** Starts the server in a role on the shared database, without registration and concurrency limits. */
export const startServer = (
  role: 'all' | 'api' | 'worker' | 'gateway',
  shared: SharedSettings,
  env: Record<string, string> = {},
): Promise<Program> =>
  start(process.execPath, ['server/main.ts', role], {
    ARKLOOP_DATABASE_URL: shared.databaseUrl,
    ARKLOOP_AUTH_JWT_SECRET: shared.jwtSecret,
    ARKLOOP_ENCRYPTION_KEY: '0f'.repeat(32),
    ARKLOOP_AUTH_ACCESS_TOKEN_TTL_SECONDS: '7200',
    ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
    ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
    ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0',
    // Runs of long threads are charged, and 50 at once reserve more than a new account has.
    ARKLOOP_CREDIT_INITIAL_GRANT: '1000000',
    ...env,
  });

/** Starts the bare program that the server is compared with. */
export const startYardstick = ({ databaseUrl, jwtSecret }: SharedSettings): Promise<Program> =>
  start(process.execPath, ['test/bench/programs/yardstick.ts'], { BENCH_DATABASE_URL: databaseUrl, BENCH_JWT_SECRET: jwtSecret });

/** Starts a server that streams a long answer, or a program that reads it with the bare SDK. */
export const startDeltas = (part: 'source' | 'reader'): Promise<Program> =>
  start(process.execPath, ['test/bench/programs/deltas.ts', part], {});

/** Starts a model server that answers one word, with or without token usage. */
export const startModelServer = (): Promise<Program> => start(process.execPath, ['test/bench/programs/answers.ts'], {});

/** Runs `npm start`: role `all` on a separate data folder. */
export function npmStart(dataDir: string): Promise<Program> {
  const npm = process.env.npm_execpath;
  const [file, args] = npm ? [process.execPath, [npm, 'start']] : ['npm', ['start']];
  return start(file, args, { ARKLOOP_DATA_DIR: dataDir });
}

/** Resident memory of a process in bytes. */
export async function residentBytes({ pid }: Program): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return Number(kilobytes ?? spawnSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' }).stdout) * 1_024;
}

/** Peak resident memory of a process in bytes. Linux only. */
export async function peakBytes({ pid }: Program): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

const running = new Set<ChildProcess>();

/** Stops the processes that a failed measurement left running. */
export const stopAll = () => Promise.all([...running].map(end));

const fixed = { ARKLOOP_LOG_LEVEL: 'warn', ARKLOOP_API_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0' };

/** Starts a program and waits until it prints `is ready`. Throws if it exits before that or takes longer than 60 s. */
async function start(file: string, args: readonly string[], env: Record<string, string>): Promise<Program> {
  const began = performance.now();
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ARKLOOP_') && name !== 'DATABASE_URL');
  const child = spawn(file, args, {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...fixed, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  const output = await readyOutput(child);
  const [, url = ''] = /(?:API|Gateway): +(http\S+)/.exec(output) ?? [];
  return { pid: child.pid!, url, readyMs: performance.now() - began, stop: () => end(child) };
}

async function readyOutput(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  child.stdout!.on('data', (chunk) => {
    if (!output.includes('is ready')) output += chunk;
    if (output.includes('is ready') && output.endsWith('\n')) resolve(output);
  });
  child.on('error', reject);
  child.on('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}: ${output}`)));
  const late = setTimeout(() => reject(new Error(`${child.spawnargs.join(' ')} is not ready: ${output}`)), maxStartMs);
  return promise.finally(() => clearTimeout(late));
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
