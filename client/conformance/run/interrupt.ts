/** A signal that aborts on Ctrl-C or SIGTERM. A second one ends the process at once. */
export function onInterrupt(tell: () => void): AbortSignal {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    tell();
    stop.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return stop.signal;
}
