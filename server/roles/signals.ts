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
