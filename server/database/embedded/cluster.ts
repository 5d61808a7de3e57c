import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { secretFile } from '../../platform/config/dataDir.ts';
import { errorCodeOf, OperatorError } from '../../platform/operatorError.ts';
import { isAlive } from './alive.ts';
import { findBinaries } from './binaries.ts';
import { chooseOsAccount, type OsAccount } from './osAccount.ts';

/** A database cluster on disk, and what is needed to run it. */
export type Cluster = {
  dataDir: string;
  folder: string;
  /** Of the superuser. */
  password: string;
  servingPassword: string;
  postgres: string;
  account: OsAccount;
  /** Override the defaults. */
  settings?: Readonly<Record<string, string>> | undefined;
};

/** The name of the superuser, and of the product database, which another role owns. */
export const superuserAndDatabaseName = 'arkloop';
const major = '18';
const passwordFile = 'postgres-password';
const servingPasswordFile = 'postgres-app-password';

/**
 * Opens the cluster of a data folder. On the first start, it is created under a temporary name and renamed, so that an interruption leaves nothing
 * incomplete.
 */
export async function openCluster(dataDir: string): Promise<Cluster> {
  const folder = join(dataDir, 'postgres');
  const { postgres, initdb } = await findBinaries();
  const account = await chooseOsAccount(folder, postgres);
  const version = await versionOf(folder);
  if (version && !(await readdir(dataDir)).includes(passwordFile)) {
    throw new OperatorError(`ARKLOOP_DATA_DIR: ${join(dataDir, passwordFile)} is missing, but ${folder} holds a database`);
  }
  const newPassword = () => randomBytes(24).toString('base64url');
  const password = await secretFile(dataDir, passwordFile, newPassword);
  // The password is set again at each start, so losing the file does no harm.
  const servingPassword = await secretFile(dataDir, servingPasswordFile, newPassword);
  await removeAbandoned(dataDir);
  if (!version) await makeCluster(dataDir, folder, initdb, account);
  await account.takeOwnership(folder);
  return { dataDir, folder, password, servingPassword, postgres, account };
}

async function versionOf(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder).catch((error) => {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw new OperatorError(`ARKLOOP_DATA_DIR: cannot read ${folder}`);
  });
  if (entries.length === 0) return undefined;
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => '');
  if (version.trim() === major) return major;
  const what = version.trim()
    ? `was made by PostgreSQL ${version.trim()}, and this version needs ${major}`
    : 'is not a PostgreSQL data folder';
  throw new OperatorError(`ARKLOOP_DATA_DIR: ${folder} ${what}`);
}

async function makeCluster(dataDir: string, folder: string, initdb: string, account: OsAccount) {
  const draft = join(dataDir, `postgres.new-${process.pid}`);
  await mkdir(draft, { mode: 0o700 });
  await account.takeOwnership(draft);
  const text = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${superuserAndDatabaseName}`, `--pwfile=${join(dataDir, passwordFile)}`, '--auth=scram-sha-256'];
  const { code, output } = await run(account.command(initdb, ['-D', draft, ...access, ...text]));
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    const lines = output.trim().split('\n');
    // The last lines say that it cleans up.
    const reason = lines.find((line) => /error:|FATAL:|PANIC:/.test(line)) ?? lines.at(-1);
    throw new OperatorError(`ARKLOOP_DATA_DIR: cannot make a database in ${dataDir}: ${reason}`);
  }
  await rename(draft, folder).catch(async (error) => {
    await rm(draft, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes(errorCodeOf(error) ?? '')) throw error;
  });
}

/** Removes drafts of dead processes. A draft with the id of this process is older than this process. */
async function removeAbandoned(dataDir: string) {
  const drafts = (await readdir(dataDir)).filter((name) => /^postgres\.new-\d+$/.test(name));
  const abandoned = drafts.filter((name) => {
    const pid = Number(basename(name).split('-')[1]);
    return pid === process.pid || !isAlive(pid);
  });
  await Promise.all(abandoned.map((name) => rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })));
}

function run({ file, args, options }: ReturnType<OsAccount['command']>) {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; output: string }>();
  // Detached, so that Ctrl-C in a terminal does not interrupt `initdb` while this process waits for it.
  const child = spawn(file, args, { ...options, detached: true, windowsHide: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr?.on('data', (chunk) => {
    output = (output + chunk).slice(-4_000);
  });
  child.on('error', (error) => resolve({ code: null, output: error.message }));
  child.on('close', (code) => resolve({ code, output }));
  return promise;
}
