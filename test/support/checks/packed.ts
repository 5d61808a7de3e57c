import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildClient } from '../../../docs/client/build.ts';
import { onFileFinished } from '../app/fileCleanup.ts';

export const root = new URL('../../..', import.meta.url).pathname;
const run = promisify(execFile);

/** Peer dependencies of the client entries that use schemas. */
export const schemaPeers = ['zod', 'msw', 'zod-schema-faker', '@faker-js/faker'];

/** The client, packed as for publication. */
export type Packed = {
  /** The unpacked package. */
  folder: string;
  tarball: Buffer;
  /** Paths in the tarball. */
  files: string[];
  buildMs: number;
  /** Creates a project with the tarball installed and `peers` linked from this repository, and returns its folder. */
  install(peers?: readonly string[]): Promise<string>;
};

/** Builds and packs the client in a temporary folder, which is deleted after the last test of the file. Works offline. */
export async function packClient(): Promise<Packed> {
  const place = await realpath(await mkdtemp(join(tmpdir(), 'arkloop-package-')));
  onFileFinished(() => rm(place, { recursive: true, force: true }));
  const folder = join(place, 'package');
  await mkdir(folder);
  for (const file of ['package.json', 'README.md', 'LICENSE']) await cp(join(root, 'client', file), join(folder, file));
  const before = performance.now();
  await buildClient(folder);
  const buildMs = performance.now() - before;
  const { stdout } = await npm(place, ['pack', folder, '--json', '--ignore-scripts']);
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(place, packed.filename);
  return {
    folder,
    tarball: await readFile(tarball),
    files: packed.files.map(({ path }) => path),
    buildMs,
    install: (peers = []) => installIn(place, tarball, peers),
  };
}

const npm = (cwd: string, args: string[]) => run('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd });

async function installIn(place: string, tarball: string, peers: readonly string[]): Promise<string> {
  const project = await mkdtemp(join(place, 'project-'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await npm(project, ['install', tarball, '--ignore-scripts']);
  const consumers = join(root, 'test/system/package/consumers');
  for (const file of await readdir(consumers)) await cp(join(consumers, file), join(project, file));
  for (const peer of peers) {
    const link = join(project, 'node_modules', peer);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', peer), link);
  }
  return project;
}
