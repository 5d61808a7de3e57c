/** Signals that end the process. A closed terminal sends SIGHUP. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `end` at the first signal, and `force` at one that comes at least `grace` milliseconds later: npm forwards each signal twice. */
export function onShutdownSignal(end: (signal: string) => void, force: () => void, grace = 5_000): void {
  let first: number | undefined;
  for (const signal of endings) {
    process.on(signal, () => {
      if (first === undefined) {
        first = performance.now();
        end(signal);
      } else if (performance.now() - first >= grace) force();
    });
  }
}

/** For a process that another one of the same group ends. */
export function ignoreSignals(): void {
  for (const signal of endings) process.on(signal, () => undefined);
}

/** The interval at which the parent process is checked, in milliseconds. */
const lookMs = 250;

/**
 * Calls `end` when the shell that npm starts between itself and this process is gone: npm sends a signal to that shell, which dies without passing it
 * on. Does nothing outside npm, where a process may outlive its parent.
 */
export function onOrphaned(end: () => void, env: NodeJS.ProcessEnv = process.env): void {
  if (env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    end();
  }, lookMs);
  look.unref();
}
