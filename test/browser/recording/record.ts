import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestFile } from './recording.ts';

// Records the manifest of the playground anew: its browser tests run one after the other and add what their pages use.
rmSync(manifestFile, { force: true });
const root = fileURLToPath(new URL('../../../', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/browser/playground/', '--maxWorkers=1'], {
  cwd: root,
  env: { ...process.env, RECORD_CONSUMERS: '1' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
