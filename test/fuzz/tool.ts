import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { firstOf, must, run } from '../setup/thirdParty.ts';

const requirements = new URL('requirements.txt', import.meta.url).pathname;
const cache = new URL('../../.cache/', import.meta.url).pathname;

/** The version of Schemathesis that is pinned beside this file. */
export const pinnedVersion = /^schemathesis==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))![1]!;

/** The path of Schemathesis, fetched into a virtual environment in `.cache/` unless it is there. Throws without Python 3.10 or newer. */
export async function fetchTool(): Promise<string> {
  const folder = join(cache, `schemathesis-${pinnedVersion}`);
  const tool = join(folder, 'bin/schemathesis');
  const { code, stdout } = await run(tool, ['--version'], { cwd: '/' });
  if (code === 0 && stdout.includes(pinnedVersion)) return tool;
  const python = await firstOf(['python3', 'python'], ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))'], '/');
  if (!python) throw new Error('npm run test:fuzz needs Python 3.10 or newer with venv');
  rmSync(folder, { recursive: true, force: true });
  await must(python, ['-m', 'venv', folder], { cwd: '/' });
  await must(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', '-r', requirements], { cwd: '/', ms: 300_000 });
  return tool;
}
