import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { endRun } from './support/cluster/endRun.ts';

/* `npm test`: runs all tests except those of test/system, and `npm run check` in parallel, because the tests do not keep two cores busy. The
   output of the checks is printed last. Two of them are left out, because test/unit/{docs,statements}.test.ts compare the same files.
   With arguments: runs only the test files whose path contains one of them, those of test/system included, without the checks. However it ends, by a
   signal too, its processes and temporary files end with it. */

const temporary = mkdtempSync(join(tmpdir(), 'arkloop-test-'));
const run = basename(temporary);
const env = { ...process.env, TMPDIR: temporary, TEST_RUN: run };

const succeeded = async (child: ChildProcess) => (await once(child, 'close'))[0] === 0;

async function checks(): Promise<{ good: boolean; output: string }> {
  const less = { ...env, CHECKS: 'check:!(generated|statements)' };
  const child = spawn('npm run --silent check 2>&1', { shell: true, env: less, stdio: ['ignore', 'pipe', 'inherit'] });
  const [good, output] = await Promise.all([succeeded(child), text(child.stdout)]);
  return { good, output };
}

async function tests(): Promise<boolean> {
  const filters = process.argv.slice(2);
  const everything = filters.length === 0;
  const checked = everything ? checks() : { good: true, output: '' };
  const selection = everything ? ['--project=alone', '--project=shared', '--project=sequential'] : filters;
  const passed = await succeeded(spawn('vitest', ['run', ...selection], { env, stdio: 'inherit' }));
  const { good, output } = await checked;
  process.stdout.write(output);
  if (!good) {
    const last = output.trimEnd().split('\n').slice(-30);
    process.stdout.write(last.map((line) => `failed: npm run check: ${line}\n`).join(''));
  }
  return passed && good;
}

/** Rejects at a signal. Further signals are ignored, so that the end is complete. */
const interrupted = new Promise<never>((_, reject) => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => reject(new Error(`ended by ${name}`)));
});

try {
  process.exitCode = (await Promise.race([tests(), interrupted])) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
await endRun(run);
