import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/* `npm test`: runs all tests except those of test/system, and `npm run check` in parallel, because the tests do not keep two cores busy. The
   output of the checks is printed last. Two of them are left out, because test/unit/{docs,statements}.test.ts compare the same files.
   With arguments: runs only the test files whose path contains one of them, those of test/system included, without the checks. */

const succeeded = async (child: ChildProcess) => (await once(child, 'close'))[0] === 0;

async function checks(): Promise<{ good: boolean; output: string }> {
  const env = { ...process.env, CHECKS: 'check:!(generated|statements)' };
  const child = spawn('npm run --silent check 2>&1', { shell: true, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [good, output] = await Promise.all([succeeded(child), text(child.stdout)]);
  return { good, output };
}

const filters = process.argv.slice(2);
const everything = filters.length === 0;
const checked = everything ? checks() : { good: true, output: '' };
const selection = everything ? ['--project=alone', '--project=shared', '--project=sequential'] : filters;
const passed = await succeeded(spawn('vitest', ['run', ...selection], { stdio: 'inherit' }));
const { good, output } = await checked;
process.stdout.write(output);
if (!good) {
  const last = output.trimEnd().split('\n').slice(-30);
  process.stdout.write(last.map((line) => `failed: npm run check: ${line}\n`).join(''));
}
process.exitCode = passed && good ? 0 : 1;
