/* Loaded into the servers of a soak run. On SIGUSR2, collects garbage and prints what the process uses. */

declare const gc: (() => void) | undefined;

process.on('SIGUSR2', () => {
  // Twice, because finalizers of the first collection release more.
  gc?.();
  gc?.();
  const { heapUsed, rss, external } = process.memoryUsage();
  const probe = { heap: heapUsed + external, rss, handles: process.getActiveResourcesInfo().length };
  process.stdout.write(`${JSON.stringify({ probe })}\n`);
});
