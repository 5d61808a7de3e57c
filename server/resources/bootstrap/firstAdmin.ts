import { Id } from '../../../contract/shared/fields.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import type { Config } from '../../platform/config/config.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { createPasswordHasher } from '../../platform/crypto/passwords.ts';
import { Failure } from '../../platform/failure.ts';
import { OperatorError } from '../../platform/operatorError.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { createUser } from '../accounts/createUser.ts';
import { isGoodPassword, readEmail, readLogin } from '../auth/fields.ts';
import { prepareNewUser } from '../auth/newUserInput.ts';
import * as queries from './queries.ts';
import { issueSetupToken } from './service.ts';

type Deps = { config: Config; database: Database; log: Log };
type AdminCredentials = { login: string; email: string; password: string };

const hasAdmin = async (sql: Queryable) => Boolean((await sql.row(queries.selectMarker)) ?? (await sql.row(queries.selectAdmin)));

/** Creates the platform admin from the environment, unless there is one. Throws an OperatorError that names the invalid variables. */
export async function createFirstAdmin({ database, log }: Pick<Deps, 'database' | 'log'>, wanted: AdminCredentials): Promise<void> {
  if (await hasAdmin(database)) return;
  const prepared = await prepareNewUser(database, createPasswordHasher(), readAdminCredentials(wanted)).catch(rethrowAsOperatorError);
  const userId = newId();
  const made = await database
    .transaction(async (tx) => {
      // If several processes start together, the first marker wins.
      if ((await tx.run(queries.insertMarker, { userId })) === 0) return false;
      await tx.run(queries.deleteToken);
      await createUser(tx, { ...prepared, userId, isPlatformAdmin: true });
      return true;
    })
    .catch(rethrowAsOperatorError);
  if (made) log.info({ user_id: userId }, 'the first platform admin was created');
}

function readAdminCredentials(wanted: AdminCredentials) {
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

/** An existing user with the login or the address is not promoted. */
function rethrowAsOperatorError(error: unknown): never {
  const reason = error instanceof Failure ? error.details.reason : undefined;
  if (reason === 'login_taken') throw new OperatorError('ARKLOOP_ADMIN_LOGIN: is the login of another user');
  if (reason === 'email_taken') throw new OperatorError('ARKLOOP_ADMIN_EMAIL: is the address of another user');
  throw error;
}

/** Issues a token for the setup of the first platform admin. Returns undefined if there is one. The previous token becomes invalid. */
export async function newSetupToken({ database }: Pick<Deps, 'database'>): Promise<string | undefined> {
  return (await hasAdmin(database)) ? undefined : (await issueSetupToken(database))?.token;
}

/** Promotes the user in ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN, once. An invalid value is logged and does not prevent the start. */
export async function promoteConfiguredAdmin({ config, database, log }: Deps): Promise<void> {
  const userId = config.bootstrapPlatformAdmin;
  if (userId === undefined) return;
  if (!Id.safeParse(userId).success) return log.error('ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: is no UUID');
  if ((await database.run(queries.promoteUser, { userId })) > 0)
    return log.info({ user_id: userId }, 'the first platform admin was promoted');
  const first = (await database.row(queries.selectMarker))?.user_id;
  if (first === userId.toLowerCase()) return;
  const why = first === undefined ? 'is no user who can sign in' : 'another user is the first platform admin';
  log.error({ user_id: userId }, `ARKLOOP_BOOTSTRAP_PLATFORM_ADMIN: ${why}`);
}
