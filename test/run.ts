import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/* `npm test`: the tests, and beside them the checks, which use what the tests leave of two cores. Their output follows that of the tests.
   With arguments: only the tests of the files whose path contains one of them. */

const succeeded = async (child: ChildProcess) => (await once(child, 'close'))[0] === 0;

async function checks(): Promise<{ good: boolean; output: string }> {
  const child = spawn('npm run --silent check 2>&1', { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const [good, output] = await Promise.all([succeeded(child), text(child.stdout)]);
  return { good, output };
}

const filters = process.argv.slice(2);
const checked = filters.length === 0 ? checks() : { good: true, output: '' };
const passed = await succeeded(spawn('vitest', ['run', ...filters], { stdio: 'inherit' }));
const { good, output } = await checked;
process.stdout.write(output);
if (!good) process.stderr.write('\n`npm run check` failed: see above.\n');
process.exitCode = passed && good ? 0 : 1;
