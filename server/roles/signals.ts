/** Signals that ask a process to end; a closed terminal sends the last. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Call `end` at the first ending signal and `force` at one that comes `grace` milliseconds later or more; npm forwards each of them twice. */
export function onEnding(end: (signal: string) => void, force: () => void, grace = 5_000): void {
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

/** How often the parent is looked for. */
const lookMs = 250;

/**
 * Call `end` when the shell that npm put between itself and this process is gone: npm passes a signal to that shell, which dies of it
 * without passing it on. Outside npm a process may outlive its parent.
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
