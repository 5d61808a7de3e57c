import { timingSafeEqual } from 'node:crypto';
import type { BootstrapToken, BootstrapTokenState, PlatformSetup } from '../../../contract/bootstrap.ts';
import type { Queryable } from '../../database/sql.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newId, newToken, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { createUser } from '../accounts/createUser.ts';
import { parseNewUser, prepareNewUser } from '../auth/newUserInput.ts';
import { openSession, type SignedIn } from '../auth/sessions/sessions.ts';
import * as queries from './queries.ts';

/**
 * Issues the setup token to callers on the loopback interface or with the bootstrap secret. Throws 404 for others, 409 if there is an
 * admin.
 */
export async function initBootstrap(scope: RequestScope, secret: string | undefined): Promise<BootstrapToken> {
  if (!isLoopback(scope) && !isBootstrapSecret(scope.app.config.bootstrapSecret, secret)) throw notFound();
  const made = await issueSetupToken(scope.tx);
  if (!made) throw alreadyInitialized();
  return made;
}

const isLoopback = ({ client: { ip, forwarded } }: RequestScope) => !forwarded && (ip === '::1' || ip.startsWith('127.'));

const isBootstrapSecret = (wanted: string | undefined, given: string | undefined) =>
  wanted !== undefined && given !== undefined && timingSafeEqual(Buffer.from(sha256(wanted)), Buffer.from(sha256(given)));

/** The previous token becomes invalid. Returns undefined if there is an admin. */
export async function issueSetupToken(sql: Queryable): Promise<BootstrapToken | undefined> {
  const token = newToken();
  const made = await sql.row(queries.upsertToken, { hash: sha256(token) });
  return made && { token, expires_at: made.expires_at };
}

/** Returns the expiry only of the current token. */
export async function verifyToken({ db }: RequestScope, token: string): Promise<BootstrapTokenState> {
  const [initialized, found] = await Promise.all([db.row(queries.selectMarker), db.row(queries.selectToken, { hash: sha256(token) })]);
  return initialized || !found ? { valid: false } : { valid: found.live, expires_at: found.expires_at };
}

/** Creates the first platform admin and signs in. Of parallel calls, one succeeds. */
export async function setUpPlatform(scope: RequestScope, { token, ...typed }: PlatformSetup): Promise<SignedIn & { userId: string }> {
  const { db, tx } = scope;
  const hash = sha256(token);
  const found = await db.row(queries.selectToken, { hash });
  // Read after the token: a parallel setup deletes the token in the transaction that sets the marker.
  if (await db.row(queries.selectMarker)) throw alreadyInitialized();
  if (!found?.live) throw invalidToken();
  const prepared = await prepareNewUser(db, scope.app.passwords, parseNewUser(typed));

  const userId = newId();
  if ((await tx.run(queries.insertMarker, { userId })) === 0) throw alreadyInitialized();
  if ((await tx.run(queries.consumeToken, { hash })) === 0) throw invalidToken();
  const accountId = await createUser(tx, { ...prepared, userId, isPlatformAdmin: true });
  const signedIn = await openSession(scope, { userId, accountId, role: 'platform_admin' });
  scope.audit({ accountId, actorId: userId, targetId: userId });
  return { ...signedIn, userId };
}

const alreadyInitialized = () => failWith('conflict', 'already_initialized', 'There is a platform admin already.');
const invalidToken = () => failWith('unauthenticated', 'bootstrap_token_invalid', 'The setup token is not valid.');
