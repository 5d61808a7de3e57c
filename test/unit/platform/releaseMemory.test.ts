import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';

const releaseMemory = new URL('../../../server/processes/releaseMemory.ts', import.meta.url).href;

/** Is busy for a second each time that it reads a line, and prints `collected` after each collection that was asked for. */
const program = `
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { releaseMemoryWhenIdle } from '${releaseMemory}';
releaseMemoryWhenIdle(1_000);
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries())
    if (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) process.stdout.write('collected\\n');
}).observe({ entryTypes: ['gc'] });
const kept = [];
process.stdin.on('data', () => {
  kept.push(Buffer.alloc(100 * 2 ** 20, 1));
  for (const end = Date.now() + 1_000; Date.now() < end; );
});
process.stdout.write('started\\n');
`;

test('a process collects its garbage once each time that it becomes idle after work', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const collections = () => printed.split('collected').length - 1;
  await expect.poll(() => printed).toContain('started');
  for (const times of [1, 2]) {
    child.stdin.write('work\n');
    await expect.poll(collections).toBe(times);
  }
});
