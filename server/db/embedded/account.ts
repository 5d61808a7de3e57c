import { type SpawnOptions, spawnSync } from 'node:child_process';
import { lchown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../kernel/operatorError.ts';

/** How a program of PostgreSQL is started under an account that it accepts, and how a folder is given to that account. */
export type Account = {
  command(program: string, args: string[]): { file: string; args: string[]; options: SpawnOptions };
  own(folder: string): Promise<void>;
};

/** PostgreSQL would also obey PGDATA, PGPORT and the like, so that nothing of the environment but the path is handed on. */
const env = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: 'C' };

/** Choose the account. PostgreSQL refuses root, so root runs it as the owner of `folder`, else as `postgres` or `nobody`. */
export async function chooseAccount(folder: string, postgres: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { command: (file, args) => ({ file, args, options: { env } }), own: async () => undefined };
  const user = await findUser(folder);
  const rights = accountRights(user);
  const command = (program: string, args: string[]) => ({ file: 'setpriv', args: [...rights, program, ...args], options: { env } });
  const { file, args, options } = command(postgres, ['--version']);
  if (spawnSync(file, args, { ...options, stdio: 'ignore' }).status !== 0) {
    throw new OperatorError(
      'ARKLOOP_DATABASE_URL: PostgreSQL refuses to run as root: start as another user, install setpriv, or set a PostgreSQL URL',
    );
  }
  return { command, own: (path) => give(path, user) };
}

type User = { uid: number; gid: number };

/**
 * The account keeps one right of root: to pass through parent folders that only root may enter, of the data and of the binaries.
 * `no_setuid_fixup` lets that right count for access(2) too, by which the server looks for its own files. Without it (spawn's `uid`)
 * whatever lies under a private folder of root is closed to it.
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
