import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { memoryFolder } from '../../support/cluster/memoryFolder.ts';
import { commandsAndEnvironments } from '../../support/cluster/processes.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Starts `npm test` with one test file, in a folder for temporary files of its own. */
function startTests(filter: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-end-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const child = spawn(process.execPath, ['test/run.ts', filter], {
    cwd: root,
    env: { ...process.env, ...env, PATH: path, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]).then((parts) => parts.join(''));
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGTERM'));
  /** The name of the folder that the run has made. */
  let run = '';
  return {
    child,
    output,
    exited,
    /** Command lines of what it has started. */
    processes() {
      run ||= readdirSync(folder)[0] ?? '';
      const belongs = ({ pid, text: all }: { pid: number; text: string }) =>
        pid !== child.pid && (all.includes(folder) || (run !== '' && all.includes(run)));
      return [...commandsAndEnvironments()].filter(belongs).map(({ command }) => command);
    },
    inMemory: () => readdirSync(memoryFolder).filter((name) => run !== '' && name.startsWith(run)),
    folders: () => readdirSync(folder),
  };
}

// In the file, an installation starts its own PostgreSQL.
test.each(['SIGTERM', 'SIGINT'] as const)('%s ends every process of the tests and deletes their folders', async (signal) => {
  const tests = startTests('test/system/ops/cleanStop');
  const servers = () => tests.processes().filter((command) => /server\/main\.ts|\/postgres(?:\0| )-D/.test(command)).length;
  await expect.poll(servers).toBeGreaterThanOrEqual(3);
  if (process.platform === 'linux') expect([...tests.inMemory(), ...tests.folders()]).not.toEqual([]);
  tests.child.kill(signal);
  expect(await tests.exited).toEqual([1, null]);
  expect(tests.processes()).toEqual([]);
  expect([...tests.inMemory(), ...tests.folders()]).toEqual([]);
  expect(await tests.output).toContain(`ended by ${signal}`);
});

test('a setup that fails leaves nothing behind', async () => {
  // The last call of the setup throws.
  const planted = `AsyncDisposableStack.prototype.move = () => { throw new Error('planted'); };`;
  const tests = startTests('test/unit/title', { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(planted)}` });
  await expect.poll(() => tests.processes().length).toBeGreaterThan(0);
  expect(await tests.exited).toEqual([1, null]);
  expect(tests.processes()).toEqual([]);
  expect([...tests.inMemory(), ...tests.folders()]).toEqual([]);
  expect(await tests.output).toContain('planted');
});
