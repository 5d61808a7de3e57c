import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';

/** An unhandled rejection on SIGUSR2, an uncaught exception on SIGWINCH. */
const onSignal = `
  process.on('SIGUSR2', () => { Promise.reject(new TypeError('planted rejection')); });
  process.on('SIGWINCH', () => { throw new TypeError('planted exception'); });`;

/** Fails once, as soon as the process has installed its error handlers, which is before it reads its configuration. */
const duringStart = (defect: string) => `
  const timer = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return;
    clearInterval(timer);
    ${defect}
  });`;

export const startDefects = {
  rejection: duringStart(`Promise.reject(new TypeError('planted rejection'));`),
  exception: duringStart(`throw new TypeError('planted exception');`),
};

/** The environment of a process that preloads `program`, by default one that fails on signals. */
export function defective(program = onSignal): { NODE_OPTIONS: string } {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-defects-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'defects.mjs');
  writeFileSync(file, program);
  return { NODE_OPTIONS: `--import ${pathToFileURL(file)}` };
}
