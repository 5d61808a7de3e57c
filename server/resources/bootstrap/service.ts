import { timingSafeEqual } from 'node:crypto';
import type { BootstrapToken, BootstrapTokenState, PlatformSetup } from '../../../contract/bootstrap.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId, newToken, sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { createUser } from '../accounts/newUser.ts';
import { preparePerson, readPerson } from '../auth/person.ts';
import { openSession, type SignedIn } from '../auth/sessions.ts';
import * as queries from './queries.ts';

/** Make the token that setup asks for, to those who can reach this machine or know its secret. Throws 404 to others, 409 once there is an admin. */
export async function initBootstrap(scope: RequestScope, secret: string | undefined): Promise<BootstrapToken> {
  if (!isNear(scope) && !isSecret(scope.app.config.bootstrapSecret, secret)) throw notFound();
  const made = await issueSetupToken(scope.tx);
  if (!made) throw alreadyInitialized();
  return made;
}

const isNear = ({ origin: { ip, forwarded } }: RequestScope) => !forwarded && (ip === '::1' || /^127\./.test(ip));

const isSecret = (wanted: string | undefined, given: string | undefined) =>
  wanted !== undefined && given !== undefined && timingSafeEqual(Buffer.from(sha256(wanted)), Buffer.from(sha256(given)));

/** A new setup token, which voids the one before; undefined once there is an admin. */
export async function issueSetupToken(sql: Sql): Promise<BootstrapToken | undefined> {
  const token = newToken();
  const made = await sql.row(queries.upsertToken, [sha256(token)]);
  return made && { token, expires_at: made.expires_at };
}

/** Whether a token is good; when it ends is told only of the current one. */
export async function verifyToken({ read }: RequestScope, token: string): Promise<BootstrapTokenState> {
  const [initialized, found] = await Promise.all([read.row(queries.selectMarker), read.row(queries.selectToken, [sha256(token)])]);
  return initialized || !found ? { valid: false } : { valid: found.live, expires_at: found.expires_at };
}

/** Create the first platform admin, and sign in. Of parallel calls one succeeds. */
export async function setUpPlatform(scope: RequestScope, { token, ...typed }: PlatformSetup): Promise<SignedIn & { userId: string }> {
  const { read, tx } = scope;
  const hash = sha256(token);
  if (await read.row(queries.selectMarker)) throw alreadyInitialized();
  if (!(await read.row(queries.selectToken, [hash]))?.live) throw badToken();
  const prepared = await preparePerson(read, scope.app.passwords, readPerson(typed));

  const userId = newId();
  if ((await tx.run(queries.insertMarker, [userId])) === 0) throw alreadyInitialized();
  if ((await tx.run(queries.consumeToken, [hash])) === 0) throw badToken();
  const accountId = await createUser(tx, { ...prepared, userId, isPlatformAdmin: true });
  const signedIn = await openSession(scope, { userId, accountId, role: 'platform_admin' });
  scope.audit({ accountId, actorId: userId, targetId: userId });
  return { ...signedIn, userId };
}

const alreadyInitialized = () => refuse('conflict', 'already_initialized', 'There is a platform admin already.');
const badToken = () => refuse('unauthenticated', 'bootstrap_token_invalid', 'The setup token is not valid.');
