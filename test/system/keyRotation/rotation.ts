import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Rotation } from '../../../server/platform/config/config.ts';

const entry = fileURLToPath(new URL('../../../server/main.ts', import.meta.url));

/** Runs `rotate` or `rotate-erasure-key` as a separate process. Killed when the test ends. */
export function startRotation(env: Record<string, string>, command: Rotation = 'rotate') {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ARKLOOP_|PORT$|DATABASE_URL$)/.test(name)));
  const child = spawn(process.execPath, [entry, command], { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    ...output,
  }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output, ended };
}
