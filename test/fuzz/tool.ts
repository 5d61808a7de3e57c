import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand, run, runOrThrow } from '../support/checks/thirdParty.ts';

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** The Schemathesis version pinned in `requirements.txt`. */
const pinnedVersion = /^schemathesis==(\S+)$/m.exec(readFileSync(requirements, 'utf8'))![1]!;

/** Returns the path of Schemathesis. Installs it into a virtual environment in `.cache/` if needed. Throws without Python 3.10 or newer. */
export async function fetchTool(): Promise<string> {
  const folder = join(cache, `schemathesis-${pinnedVersion}`);
  const tool = join(folder, 'bin/schemathesis');
  const { code, stdout } = await run(tool, ['--version'], { cwd: '/' });
  if (code === 0 && stdout.includes(pinnedVersion)) return tool;
  const python = await findCommand(['python3', 'python'], ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))'], '/');
  if (!python) throw new Error('npm run test:fuzz needs Python 3.10 or newer with venv');
  rmSync(folder, { recursive: true, force: true });
  await runOrThrow(python, ['-m', 'venv', folder], { cwd: '/' });
  await runOrThrow(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', '-r', requirements], { cwd: '/', ms: 300_000 });
  return tool;
}
