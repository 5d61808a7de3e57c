import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { freePort } from '../app/ports.ts';
import { buildOnce, MissingToolError } from '../checks/counterparts.ts';
import { findCommand, run, runOrThrow } from '../checks/thirdParty.ts';
import { eventually } from '../resources/conversation.ts';

/** An executable and its leading arguments. */
export type Program = readonly [string, ...string[]];

/** The shared libraries of PgBouncer by Debian release. Only programs of the same release can use them. */
const needs = {
  bookworm: ['libc6', 'libc-ares2', 'libevent-2.1-7', 'libpam0g', 'libssl3', 'libsystemd0'],
  trixie: ['libc6', 'libcares2', 'libevent-2.1-7t64', 'libpam0g', 'libssl3t64', 'libsystemd0'],
};
const common = [
  'libaudit1',
  'libcap-ng0',
  'libcap2',
  'libgcc-s1',
  'libgcrypt20',
  'libgpg-error0',
  'liblz4-1',
  'liblzma5',
  'libzstd1',
  'zlib1g',
];

/** PgBouncer of a Debian release with the libraries that it was built for, unpacked outside the system folders. */
export async function pgBouncerOf(release: keyof typeof needs): Promise<Program> {
  if (!(await findCommand(['apt-get'], ['--version'], '.'))) throw new MissingToolError('there is no apt-get on this machine');
  const folder = await buildOnce(`pgbouncer-${release}`, (cwd) => unpack(cwd, release));
  const libraries = ['usr/lib', 'lib'].map((place) => join(folder, 'root', place, 'x86_64-linux-gnu'));
  const loader = ['usr/lib64', 'lib64'].map((place) => join(folder, 'root', place, 'ld-linux-x86-64.so.2')).find(existsSync);
  if (!loader) throw new MissingToolError('PgBouncer is unpacked for x86-64 alone');
  return [loader, '--library-path', libraries.join(':'), join(folder, 'root/usr/sbin/pgbouncer')];
}

/** Downloads from the package mirror that this machine is configured to use. */
async function unpack(cwd: string, release: keyof typeof needs) {
  const places = await runOrThrow('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Label: Debian'], { cwd });
  const place = places.split('\n')[0];
  if (!place) throw new MissingToolError('this system has no packages of Debian');
  const signed = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await writeFile(join(cwd, 'sources.list'), `deb [signed-by=${signed}] ${place} ${release} main\n`);
  for (const part of ['lists/partial', 'cache/archives/partial', 'packages']) await mkdir(join(cwd, part), { recursive: true });
  const settings = {
    ...{ 'Dir::Etc::SourceList': join(cwd, 'sources.list'), 'Dir::Etc::SourceParts': '/dev/null' },
    ...{ 'Dir::State::Lists': join(cwd, 'lists'), 'Dir::Cache': join(cwd, 'cache'), 'Acquire::Languages': 'none' },
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await runOrThrow('apt-get', [...options, 'update'], { cwd, ms: 300_000 });
  const packages = join(cwd, 'packages');
  await runOrThrow('apt-get', [...options, 'download', 'pgbouncer', ...needs[release], ...common], { cwd: packages, ms: 300_000 });
  for (const file of await readdir(packages)) await runOrThrow('dpkg-deb', ['-x', join(packages, file), join(cwd, 'root')], { cwd });
}

/** For example `1.18.0`. */
export async function versionOf([program, ...args]: Program): Promise<string> {
  const { stdout, stderr } = await run(program, [...args, '--version'], { cwd: '.' });
  return /PgBouncer (\S+)/.exec(stdout)?.[1] ?? `no version: ${stdout}${stderr}`;
}

/** PgBouncer in front of a database. */
export type PgBouncer = { url: string; restart(): Promise<void>; output(): string };

/**
 * Starts PgBouncer until the test ends. In `configuration`, `db.internal:5432`, port 6432 and the user list file are replaced by actual
 * values.
 */
export async function startPgBouncer([program, ...args]: Program, configuration: string, databaseUrl: string): Promise<PgBouncer> {
  const target = new URL(databaseUrl);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-pgbouncer-'));
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(join(folder, 'userlist.txt'), `"${target.username}" "${decodeURIComponent(target.password)}"\n`);
  writeFileSync(file, fill(configuration, { target, port, users: join(folder, 'userlist.txt') }));
  const url = new URL(databaseUrl);
  Object.assign(url, { host: `127.0.0.1:${port}`, pathname: '/arkloop' });
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  let output = '';
  const start = async () => {
    const child = spawn(program, [...args, ...asUser, file], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const exited = once(child, 'exit');
    await eventually(() => answers(url.href), `PgBouncer (${output})`);
    return async () => {
      child.kill('SIGKILL');
      await exited;
    };
  };
  let stop = await start();
  onTestFinished(() => stop());
  return {
    url: url.href,
    output: () => output,
    async restart() {
      await stop();
      stop = await start();
    },
  };
}

type Filling = { target: URL; port: number; users: string };

function fill(configuration: string, { target, port, users }: Filling) {
  const place = `host=${target.hostname} port=${target.port} dbname=${target.pathname.slice(1)}`;
  return configuration
    .replace('host=db.internal port=5432 dbname=arkloop', place)
    .replace('listen_port = 6432', `listen_port = ${port}\nunix_socket_dir =`)
    .replace('/etc/pgbouncer/userlist.txt', users);
}

async function answers(connectionString: string) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}
