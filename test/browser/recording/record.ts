import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manifestFile, readManifest } from './recording.ts';

// Records the manifest of the playground anew: its browser tests run one after the other and add what their pages use.
const earlier = readManifest();
rmSync(manifestFile, { force: true });
const root = fileURLToPath(new URL('../../../', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/browser/playground/', '--maxWorkers=1'], {
  cwd: root,
  env: { TEST_WORLD: 'home', ...process.env, RECORD_CONSUMERS: '1' },
  stdio: 'inherit',
});
// Only a slow machine asks for the next page of some lists, before the user has finished typing: what was seen once stays.
const cursor = 'before';
const recorded = readManifest();
for (const [id, used] of Object.entries(recorded?.operations ?? {}))
  if (earlier?.operations[id]?.query.includes(cursor)) used.query = [...new Set([...used.query, cursor])].sort();
if (recorded) writeFileSync(manifestFile, `${JSON.stringify(recorded, null, 2)}\n`);
process.exitCode = status ?? 1;
