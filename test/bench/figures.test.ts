import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { cpuSeconds } from './cpu.ts';
import { type Figure, regressions } from './figures.ts';

const rate = (name: string, ours: number, yardstick?: number): Figure => ({
  name,
  unit: 'requests/s',
  ours,
  ...(yardstick !== undefined && { yardstick }),
  threshold: 'for information',
});

test('a ratio more than 20 % below the saved one is a regression, whatever the machine', () => {
  const saved = [rate('a', 800, 1_000), rate('b', 800, 1_000), rate('c', 5_000), rate('gone', 1, 1)];
  const figures = [rate('a', 65, 100), rate('b', 63, 100), rate('c', 1), rate('new', 1, 100)];
  expect(regressions(figures, saved)).toEqual(['b: ratio 0.63, saved 0.80']);
});

test('the CPU time of a process includes that of its descendants', async ({ skip }) => {
  skip(process.platform !== 'linux', 'reads /proc');
  const busy = 'while (process.cpuUsage().user < 400_000);';
  const child = spawn(process.execPath, [
    '-e',
    `const run = () => require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]);
    process.stdin.once('data', () => { run(); console.log('done'); });`,
  ]);
  onTestFinished(() => void child.kill());
  const before = cpuSeconds(child.pid!);
  child.stdin.write('go\n');
  await once(child.stdout, 'data');
  const used = cpuSeconds(child.pid!) - before;
  expect(used).toBeGreaterThan(0.3);
  expect(used).toBeLessThan(5);
});
