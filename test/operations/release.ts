import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const git = async (...args: string[]) => (await run('git', ['-C', root, ...args], { maxBuffer: 1e8 })).stdout.trim();

/** The code of a release in a folder of its own. */
export type Release = {
  version: string;
  commit: string;
  home: string;
  /** Whether its processes end connections by `Connection: close` before they stop, and not under requests. */
  announcesClose: boolean;
  remove(): Promise<void>;
};

/**
 * Puts the code of the last release, or of `commit`, into `folder`. Returns the reason if the history does not contain it, as in a copy without
 * `.git`.
 */
export async function checkOutRelease(folder: string, commit?: string): Promise<Release | string> {
  const from = commit ?? (await lastRelease().catch((error: Error) => error));
  if (from instanceof Error) return `there is no history of git: ${from.message.split('\n')[0]}`;
  if (!from) return `no commit in the history has version ${releasedVersion()}`;
  const home = `${join(folder, 'release')}/`;
  await git('worktree', 'add', '--detach', '--force', home, from);
  const remove = async () => {
    rmSync(home, { recursive: true, force: true });
    await git('worktree', 'prune');
  };
  try {
    await installPackages(home);
  } catch (error) {
    await remove();
    throw error;
  }
  const version = versionIn(readFileSync(join(home, 'package.json'), 'utf8'));
  const announcesClose = readFileSync(join(home, 'server/http/connections.ts'), 'utf8').includes('announceClose');
  return { version, commit: from, home, announcesClose, remove };
}

/** The tag of the newest released document, or the commit that has set its version. */
async function lastRelease(): Promise<string | undefined> {
  const version = releasedVersion();
  const tag = await git('rev-parse', '--verify', '--quiet', `v${version}^{commit}`).catch(() => '');
  if (tag !== '') return tag;
  const commits = (await git('log', '--first-parent', '--format=%H', '--', 'package.json')).split('\n').filter((commit) => commit !== '');
  let release: string | undefined;
  for (const commit of commits) {
    if (versionIn(await git('show', `${commit}:package.json`)) === version) release = commit;
    else if (release !== undefined) break;
  }
  return release;
}

/** `npm run check:breaking -- --release` stores the document of each release. */
function releasedVersion(): string {
  const names = readdirSync(join(root, 'docs/released')).flatMap((name) => /^openapi-(\d+\.\d+\.\d+)\.json$/.exec(name)?.[1] ?? []);
  return names.toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true })).at(-1)!;
}

const versionIn = (text: string): string => (JSON.parse(text) as { version: string }).version;

type Manifest = { dependencies: Record<string, string> };

/** Uses the installed packages if they contain what the release runs with, in the same versions, and installs its own otherwise. */
async function installPackages(home: string): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest;
  const isInstalled = ([name, version]: [string, string]) => {
    const file = join(root, 'node_modules', name, 'package.json');
    return existsSync(file) && versionIn(readFileSync(file, 'utf8')) === version;
  };
  const missing = Object.entries(dependencies).filter((each) => !isInstalled(each) && !renderedOnly.has(each[0]));
  if (missing.length === 0) return symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: home, maxBuffer: 1e8, timeout: 600_000 });
}

/** Read when the page of the reference is opened. */
const renderedOnly = new Set(['@scalar/fastify-api-reference']);
