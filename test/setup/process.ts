import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { eventually } from './conversation.ts';
import { testKeys } from './world.ts';

/** A process of the product; `exited` tells how it ended. */
export type Running = {
  pid: number;
  /** What it has printed and logged so far. */
  output(): string;
  /** Where the API or the gateway listens; empty for a worker. */
  url: string;
  kill(signal: NodeJS.Signals): void;
  exited: Promise<{ code: number | null; signal: string | null }>;
};

const entry = new URL('../../server/main.ts', import.meta.url).pathname;
const foreign = /^(ARKLOOP_|PORT$|DATABASE_URL$|npm_lifecycle_event$)/;

/** The keys of in-process installations, so that processes beside them can open what those sealed. */
export const sameKeys = {
  ARKLOOP_AUTH_JWT_SECRET: testKeys.jwtSecret.toString(),
  ARKLOOP_ENCRYPTION_KEY: testKeys.encryptionKey.toString('hex'),
};

/** A worker that notices quickly when another one died. */
export const quickWorker = {
  ARKLOOP_WORKER_LEASE_SECONDS: '2',
  ARKLOOP_WORKER_HEARTBEAT_SECONDS: '0.5',
  ARKLOOP_WORKER_POLL_SECONDS: '0.1',
};

/** Start a role as a process of its own and wait until it is ready; it is killed when the test ends. */
export async function startProcess(role: string, env: Record<string, string>): Promise<Running> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const defaults = { ARKLOOP_API_ADDR: '127.0.0.1:0', ARKLOOP_GATEWAY_ADDR: '127.0.0.1:0', ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1' };
  const child = spawn(process.execPath, [entry, role], { env: { ...own, ...defaults, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  let over = false;
  child.once('exit', () => {
    over = true;
  });
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  onTestFinished(async () => {
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

function collect({ stdout, stderr }: ChildProcess) {
  const chunks: string[] = [];
  for (const stream of [stdout, stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}
