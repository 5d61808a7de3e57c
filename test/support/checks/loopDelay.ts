import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';

// Preloaded into a server. On SIGUSR2, prints the event loop delay since the last report in milliseconds, the memory use in bytes, and the bytes that have
// reached the old generation of the heap since the last report.
const resolution = 1;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
let peak = process.memoryUsage.rss();
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 5).unref();

const oldBytes = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size;
let old = oldBytes();
let promoted = 0;
new PerformanceObserver(() => {
  const now = oldBytes();
  promoted += Math.max(0, now - old);
  old = now;
}).observe({ entryTypes: ['gc'] });

const late = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e6 - resolution));

process.on('SIGUSR2', () => {
  const rss = process.memoryUsage.rss();
  const delays = { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) };
  const report = { ...delays, rss, peak: Math.max(peak, rss), promoted };
  process.stdout.write(`loop delay ${JSON.stringify(report)}\n`);
  delay.reset();
  peak = rss;
  promoted = 0;
});
