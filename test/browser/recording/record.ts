import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestFile } from './recording.ts';

/* Records the manifest of the playground anew: its browser tests run one after the other and add what their pages use. With `--check`, fails
   if the manifest lacks something. `npm test` does neither, because recording takes half as much time again. */
const checks = process.argv.includes('--check');
if (!checks) rmSync(manifestFile, { force: true });
const root = fileURLToPath(new URL('../../../', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/browser/playground/', '--maxWorkers=1'], {
  cwd: root,
  env: { ...process.env, RECORD_CONSUMERS: checks ? 'check' : 'record' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
