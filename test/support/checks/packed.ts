import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { buildClient } from '../../../docs/client/build.ts';
import { onFileFinished } from '../app/fileCleanup.ts';
import { eventually } from '../resources/conversation.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

/** Peer dependencies of the client entries that use schemas. */
export const schemaPeers = ['zod', 'msw', 'zod-schema-faker', '@faker-js/faker'];

/** The client, packed as for publication. */
export type Packed = {
  /** The unpacked package. */
  folder: string;
  tarball: Buffer;
  tarballPath: string;
  /** Paths in the tarball. */
  files: string[];
  buildMs: number;
  /** Copies the project into which npm installed the tarball, links `peers` from this repository, and returns its folder. */
  install(peers?: readonly string[]): Promise<string>;
};

/** Builds, packs and installs the client, once for all files of a run. Projects are deleted after the last test of the file. Works offline. */
export async function packClient(): Promise<Packed> {
  const shared = join(await realpath(inject('runFolder')), 'client');
  const made = await packOnce(shared);
  const projects = await realpath(await mkdtemp(join(tmpdir(), 'arkloop-package-')));
  onFileFinished(() => rm(projects, { recursive: true, force: true }));
  const tarballPath = join(shared, made.filename);
  return {
    folder: join(shared, 'package'),
    tarball: await readFile(tarballPath),
    tarballPath,
    files: made.files,
    buildMs: made.buildMs,
    install: (peers = []) => copyProject(join(shared, 'project'), projects, peers),
  };
}

type Made = { filename: string; files: string[]; buildMs: number };

/** The first file of a run that creates the folder packs into it; the others wait for the result. */
async function packOnce(place: string): Promise<Made> {
  const result = join(place, 'result.json');
  const isFirst = await mkdir(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
  if (isFirst) {
    const made = await pack(place).catch((error) => ({ problem: String(error) }));
    await writeFile(`${result}.new`, JSON.stringify(made));
    await rename(`${result}.new`, result);
  }
  const text = await eventually(() => readFile(result, 'utf8').catch(() => undefined), 'the packed client', 300_000);
  const made = JSON.parse(text) as Made | { problem: string };
  if ('problem' in made) throw new Error(made.problem);
  return made;
}

async function pack(place: string): Promise<Made> {
  const folder = join(place, 'package');
  await mkdir(folder);
  for (const file of ['package.json', 'README.md', 'LICENSE']) await cp(join(root, 'client', file), join(folder, file));
  const before = performance.now();
  await buildClient(folder);
  const buildMs = performance.now() - before;
  const { stdout } = await npm(place, ['pack', folder, '--json', '--ignore-scripts']);
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  await installIn(join(place, 'project'), join(place, packed.filename));
  return { filename: packed.filename, files: packed.files.map(({ path }) => path), buildMs };
}

const npm = (cwd: string, args: string[]) => run('npm', [...args, '--offline', '--no-audit', '--no-fund'], { cwd });

async function installIn(project: string, tarball: string) {
  await mkdir(project);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await npm(project, ['install', tarball, '--ignore-scripts']);
  const consumers = join(root, 'test/system/package/consumers');
  for (const file of await readdir(consumers)) await cp(join(consumers, file), join(project, file));
}

async function copyProject(installed: string, place: string, peers: readonly string[]): Promise<string> {
  const project = await mkdtemp(join(place, 'project-'));
  await cp(installed, project, { recursive: true, verbatimSymlinks: true });
  for (const peer of peers) {
    const link = join(project, 'node_modules', peer);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', peer), link);
  }
  return project;
}
