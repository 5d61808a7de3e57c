import { monitorEventLoopDelay } from 'node:perf_hooks';

// Preloaded into a server. On SIGUSR2, prints the event loop delay since the last report in milliseconds, and the memory use in bytes.
const resolution = 1;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
let peak = process.memoryUsage.rss();
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 5).unref();

const late = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e6 - resolution));

process.on('SIGUSR2', () => {
  const rss = process.memoryUsage.rss();
  const report = { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max), rss, peak: Math.max(peak, rss) };
  process.stdout.write(`loop delay ${JSON.stringify(report)}\n`);
  delay.reset();
  peak = rss;
});
