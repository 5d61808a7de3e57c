/**
 * Runs `work` for all callers of a time: those that come while it is under way share the next run, which starts after they came. The first run starts after
 * `gather` has called back, for callers that come at once.
 */
export function shareNext<T>(work: () => Promise<T>, gather = (then: () => void) => then()): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  function start(): Promise<T> {
    next = undefined;
    const own = work().finally(() => {
      if (running === own) running = undefined;
    });
    running = own;
    return own;
  }
  return () => {
    next ??= running ? running.then(start, start) : new Promise<void>(gather).then(start);
    return next;
  };
}
