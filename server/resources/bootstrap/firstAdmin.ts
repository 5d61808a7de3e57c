import { Id } from '../../../contract/shared/fields.ts';
import type { Config } from '../../kernel/config.ts';
import { Failure } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import { OperatorError } from '../../kernel/operatorError.ts';
import { createPasswords } from '../../kernel/passwords.ts';
import type { Database, Sql } from '../../kernel/sql.ts';
import { createUser } from '../accounts/newUser.ts';
import { isGoodPassword, readEmail, readLogin } from '../auth/fields.ts';
import { preparePerson } from '../auth/person.ts';
import * as queries from './queries.ts';
import { issueSetupToken } from './service.ts';

/** What a process has before the first request. */
type Deps = { config: Config; database: Database; log: Log };
type Wanted = { login: string; email: string; password: string };

const hasAdmin = async (sql: Sql) => Boolean((await sql.row(queries.selectMarker)) ?? (await sql.row(queries.selectAdmin)));

/** Create the platform admin that the environment names, unless there is one. Throws an OperatorError that names the wrong variables. */
export async function createFirstAdmin({ database, log }: Pick<Deps, 'database' | 'log'>, wanted: Wanted): Promise<void> {
  if (await hasAdmin(database)) return;
  const prepared = await preparePerson(database, createPasswords(), readWanted(wanted)).catch(explain);
  const userId = newId();
  const made = await database
    .transaction(async (tx) => {
      // Of several processes that start together, the first one's marker decides.
      if ((await tx.run(queries.insertMarker, [userId])) === 0) return false;
      await tx.run(queries.deleteToken);
      await createUser(tx, { ...prepared, userId, isPlatformAdmin: true });
      return true;
    })
    .catch(explain);
  if (made) log.info({ user_id: userId }, 'the first platform admin was created');
}

function readWanted(wanted: Wanted) {
  const login = readLogin(wanted.login);
  const email = readEmail(wanted.email);
  const wrong = [
    login === undefined && 'ARKLOOP_ADMIN_LOGIN: expected 1 to 256 bytes without @, control or format characters',
    email === undefined && 'ARKLOOP_ADMIN_EMAIL: expected one email address',
    !isGoodPassword(wanted.password) &&
      'ARKLOOP_ADMIN_PASSWORD: expected 8 characters or more, at most 256 bytes, with a letter and a digit',
  ].filter((line) => line !== false);
  if (login === undefined || email === undefined || wrong.length > 0) throw new OperatorError(wrong.join('\n'));
  return { login, email, password: wanted.password, locale: null };
}

/** Whoever has the login or the address is no admin, and is not made one unasked. */
function explain(error: unknown): never {
  const reason = error instanceof Failure ? error.details.reason : undefined;
  if (reason === 'login_taken') throw new OperatorError('ARKLOOP_ADMIN_LOGIN: is the login of another user');
  if (reason === 'email_taken') throw new OperatorError('ARKLOOP_ADMIN_EMAIL: is the address of another user');
  throw error;
}

/** A token with which the first platform admin can be set up; undefined when there is one. A new token voids the one before. */
export async function newSetupToken({ database }: Pick<Deps, 'database'>): Promise<string | undefined> {
  return (await hasAdmin(database)) ? undefined : (await issueSetupToken(database))?.token;
}

/** Promote the user that ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN names, once. What is wrong with it is logged and stops nothing. */
export async function promoteConfiguredAdmin({ config, database, log }: Deps): Promise<void> {
  const userId = config.bootstrapPlatformAdmin;
  if (userId === undefined) return;
  // A wrong value must not keep the server from starting (identity 2.10).
  if (!Id.safeParse(userId).success) return log.error('ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: is no UUID');
  if ((await database.run(queries.promoteUser, [userId])) > 0)
    return log.info({ user_id: userId }, 'the first platform admin was promoted');
  const first = (await database.row(queries.selectMarker))?.user_id;
  if (first === userId.toLowerCase()) return;
  const why = first === undefined ? 'is no user who can sign in' : 'another user is the first platform admin';
  log.error({ user_id: userId }, `ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: ${why}`);
}
