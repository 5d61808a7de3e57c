import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const foreign = /^(ARKLOOP_|PORT$|DATABASE_URL$|npm_lifecycle_event$|NODE_OPTIONS$)/;

/** A line that a server logged at level `error` or `fatal`. */
export type LoggedError = { name: string; message: string; line: string };

/** A server process that is started again whenever it ends, as by a process supervisor. */
export type ServerProcess = {
  name: string;
  /** Undefined while the process is down. */
  pid(): number | undefined;
  isReady(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Ends the process with a signal and starts it again `downMs` after it has ended. */
  restart(signal: NodeJS.Signals, downMs: number): Promise<void>;
  /** Resolves when the process is ready. */
  ready(): Promise<void>;
  stop(): Promise<void>;
};

type Watch = {
  /** The folder of the code that it runs. This repository by default. */
  home?: string;
  onLine?(name: string, line: string): void;
  onError(error: LoggedError): void;
  /** The process ended after it was ready, and was not told to. */
  onUnexpectedExit(name: string, how: string): void;
};

const retryMs = 300;

/** Returns at once: `ready` resolves when the process serves. */
export function superviseServer(name: string, role: string, env: Record<string, string>, watch: Watch): ServerProcess {
  const { home = root } = watch;
  const entry = (watch.home ? undefined : process.env.TEST_SERVER_ENTRY) ?? `${home}server/main.ts`;
  const own = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !foreign.test(variable)));
  let child: ChildProcess | undefined;
  let isReady = false;
  let isStopping = false;
  let expected = false;
  let pauseMs = retryMs;
  let becameReady = Promise.withResolvers<void>();

  const onLine = (line: string) => {
    if (line.includes('Arkloop is ready')) {
      isReady = true;
      becameReady.resolve();
    }
    const entry = logEntry(line);
    if (entry && entry.level >= 50) watch.onError({ name, message: entry.msg, line });
    watch.onLine?.(name, line);
  };

  async function keepRunning() {
    while (!isStopping) {
      expected = false;
      child = spawn(process.execPath, [entry, role], {
        cwd: home,
        env: { ...own, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', onLine);
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (isReady && !expected) watch.onUnexpectedExit(name, `code ${code}, signal ${signal}`);
      if (isReady) becameReady = Promise.withResolvers();
      child = undefined;
      isReady = false;
      if (!isStopping) await sleep(expected ? pauseMs : retryMs);
    }
  }

  const running = keepRunning();
  const signal = (kind: NodeJS.Signals) => void child?.kill(kind);
  return {
    name,
    pid: () => child?.pid,
    isReady: () => isReady,
    signal,
    async restart(kind, downMs) {
      pauseMs = downMs;
      expected = true;
      const ended = child && once(child, 'exit');
      // A stopped process handles no signal but SIGKILL.
      signal('SIGCONT');
      signal(kind);
      await ended;
    },
    ready: () => becameReady.promise,
    async stop() {
      isStopping = true;
      expected = true;
      signal('SIGCONT');
      signal('SIGTERM');
      const late = setTimeout(() => signal('SIGKILL'), 20_000);
      await running;
      clearTimeout(late);
    },
  };
}

function logEntry(line: string): { level: number; msg: string } | undefined {
  if (!line.startsWith('{"level"')) return undefined;
  try {
    return JSON.parse(line) as { level: number; msg: string };
  } catch {
    return undefined;
  }
}
