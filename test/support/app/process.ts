import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from '../resources/conversation.ts';
import { world } from '../world/world.ts';
import { onFileFinished } from './fileCleanup.ts';
import { testSecrets } from './testApp.ts';

/** A running server process. */
export type ServerProcess = {
  pid: number;
  /** Everything printed and logged so far. */
  output(): string;
  /** The address of the API or the gateway; empty for a worker. */
  url: string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and `output` is complete. */
  exited: Promise<{ code: number | null; signal: string | null }>;
};

const sources = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));
const foreign = /^(ARKLOOP_|PORT$|DATABASE_URL$|npm_lifecycle_event$)/;

/** The keys of in-process test apps, so that separate processes can decrypt their data. */
export const testKeysEnv = {
  ARKLOOP_AUTH_JWT_SECRET: testSecrets.jwtSecret.toString(),
  ARKLOOP_ENCRYPTION_KEY: testSecrets.encryptionKey.toString('hex'),
};

/** A worker that takes over runs of a dead worker within seconds. */
export const fastWorkerEnv = {
  ARKLOOP_WORKER_LEASE_SECONDS: '2',
  ARKLOOP_WORKER_HEARTBEAT_SECONDS: '0.5',
  ARKLOOP_WORKER_POLL_SECONDS: '0.25',
};

/** Registers what ends a process: `onTestFinished`, or `onFileFinished` for a process that several tests use. */
export type Lifetime = (end: () => Promise<void>) => void;

/** Starts a role as a separate process and waits until it is ready and has written the log of its start. Killed when the test ends, unless `until` selects the end of the file. */
export async function startProcess(role: string, env: Record<string, string>, until: Lifetime = onTestFinished): Promise<ServerProcess> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const defaults = {
    ARKLOOP_API_ADDR: `${world().serverHost}:0`,
    ARKLOOP_GATEWAY_ADDR: `${world().serverHost}:0`,
    ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
    // Each slot has a connection and polls.
    ARKLOOP_WORKER_MAX_CONCURRENCY: '5',
  };
  // A program that is preloaded may observe which modules are loaded.
  const entry = env.NODE_OPTIONS ? sources : (process.env.TEST_SERVER_ENTRY ?? sources);
  const child = spawn(process.execPath, [entry, role], { env: { ...own, ...defaults, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  let over = false;
  child.once('exit', () => {
    over = true;
  });
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  until(async () => {
    if (over) return;
    kill('SIGCONT');
    kill('SIGKILL');
    await exited;
  });
  await eventually(
    async () => {
      if (over) throw new Error(`${role} ended at once: ${output()}`);
      return output().includes('Arkloop is ready');
    },
    `the start of ${role}`,
    120_000,
  );
  return { pid: child.pid!, output, url: /(?:API|Gateway): +(\S+)/.exec(output())?.[1] ?? '', kill, exited };
}

/** A worker that goes on from test to test, because starting one takes a second of a core. Killed after the last test of the file. */
export function workerOfFile(env: Record<string, string>) {
  let worker: ServerProcess | undefined;
  return {
    /** Starts a worker if none is alive. */
    async start(): Promise<void> {
      worker ??= await startProcess('worker', env, onFileFinished);
    },
    /** Resolves when it has exited. */
    async end(signal: NodeJS.Signals = 'SIGKILL') {
      const { kill, exited } = worker!;
      worker = undefined;
      kill(signal);
      return await exited;
    },
  };
}

function collect({ stdout, stderr }: ChildProcess) {
  const chunks: string[] = [];
  for (const stream of [stdout, stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}
