import { type SpawnOptions, spawnSync } from 'node:child_process';
import { lchown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../platform/operatorError.ts';

/** The OS account that runs PostgreSQL: starts its programs, and gives it ownership of a folder. */
export type OsAccount = {
  command(program: string, args: string[]): { file: string; args: string[]; options: SpawnOptions };
  takeOwnership(folder: string): Promise<void>;
};

/** Only the path is passed on, because PostgreSQL also reads PGDATA, PGPORT and the like. */
const env = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: 'C' };

/** Chooses the account. PostgreSQL does not run as root, so root runs it as the owner of `folder`, or else as `postgres` or `nobody`. */
export async function chooseOsAccount(folder: string, postgres: string): Promise<OsAccount> {
  if (process.getuid?.() !== 0)
    return { command: (file, args) => ({ file, args, options: { env } }), takeOwnership: async () => undefined };
  const user = await findUser(folder);
  const rights = accountRights(user);
  const command = (program: string, args: string[]) => ({ file: 'setpriv', args: [...rights, program, ...args], options: { env } });
  const { file, args, options } = command(postgres, ['--version']);
  if (spawnSync(file, args, { ...options, stdio: 'ignore' }).status !== 0) {
    throw new OperatorError(
      'ARKLOOP_DATABASE_URL: PostgreSQL refuses to run as root: start as another user, install setpriv, or set a PostgreSQL URL',
    );
  }
  return { command, takeOwnership: (path) => give(path, user) };
}

type User = { uid: number; gid: number };

/**
 * The account keeps one capability of root, `dac_override`: it passes through parent folders of the data and the binaries that only root may enter.
 * With `no_setuid_fixup`, the capability also counts for access(2), which the server uses to find its own files. With `uid` of `spawn` instead,
 * everything under a private folder of root is inaccessible.
 */
function accountRights({ uid, gid }: User) {
  const rights = ['inh', 'ambient'].map((set) => `--${set}-caps=-all,+dac_override`);
  return [
    '--securebits=+no_setuid_fixup',
    '--reuid',
    `${uid}`,
    '--regid',
    `${gid}`,
    '--clear-groups',
    ...rights,
    '--bounding-set=-all,+dac_override',
  ];
}

async function findUser(folder: string): Promise<User> {
  const owner = await stat(folder).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const [, , uid = '65534', gid = '65534'] = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function give(folder: string, { uid, gid }: User) {
  const { uid: owner } = await stat(folder);
  if (owner === uid) return;
  await lchown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    await lchown(join(entry.parentPath, entry.name), uid, gid);
}
