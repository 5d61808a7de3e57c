import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

/** A folder as an install leaves it, with the programs of these packages. */
function installed(packages: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'arkloop-node-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const script = join(root, 'server/ownNode.js');
  cpSync(new URL('../../server/ownNode.js', import.meta.url), script);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  for (const name of packages) {
    mkdirSync(join(root, 'node_modules', name, 'bin'), { recursive: true });
    writeFileSync(join(root, 'node_modules', name, 'bin/node'), '');
  }
  return { link: join(root, 'node_modules/.bin/node'), run: () => execFileSync(process.execPath, [script]) };
}

test.each(Object.keys(manifest.optionalDependencies))('the link to %s, which npm 10 took away, is put back', (name) => {
  const { link, run } = installed([name]);
  run();
  run();
  expect(readlinkSync(link)).toBe(`../${name}/bin/node`);
});

test('without a Node.js of our own there is no link', () => {
  const { link, run } = installed([]);
  run();
  expect(existsSync(link)).toBe(false);
});
