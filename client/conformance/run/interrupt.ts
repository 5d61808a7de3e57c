/** Aborts `signal` on Ctrl-C or SIGTERM. A second one ends the process at once. `release` restores the default behavior. */
export function onInterrupt(tell: () => void): { signal: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    tell();
    stop.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return { signal: stop.signal, release: () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt) };
}
