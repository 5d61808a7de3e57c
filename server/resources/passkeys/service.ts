import type { NewPasskey, PasskeyChanges, PasskeyOptions, PasskeyRegistrationStart } from '../../../contract/passkeys.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { requirePassword } from '../auth/changePassword.ts';
import { auditInOwnAccount, ownAccountOf } from '../auth/ownAccount.ts';
import { lockActiveUser } from '../auth/queries.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { userSuspended } from '../auth/signIn.ts';
import { requireWayToSignIn } from '../auth/waysToSignIn.ts';
import { mailTransport } from '../email/transport.ts';
import { notifyUsers } from '../notifications/service.ts';
import { lockUser } from '../secondFactor/queries.ts';
import { getSecondFactor, requireCode } from '../secondFactor/service.ts';
import { issueChallenge, takeChallenge } from './challenges.ts';
import { creationOptions } from './options.ts';
import type { PasskeyRow } from './queries.ts';
import * as queries from './queries.ts';
import { relyingParty } from './relyingParty.ts';
import { verifyAttestation } from './verify.ts';

const maxPasskeys = 20;

/** Newest first. */
export const listPasskeys = ({ app, db, actor: { userId } }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['passkeys', userId],
    (key) => db.rows(queries.selectPasskeys, { userId, ...key }),
    (row) => [row.created_at, row.id],
  );

export async function findPasskey({ db, actor }: Scope, id: string): Promise<PasskeyRow> {
  const passkey = await db.row(queries.selectPasskey, { userId: actor.userId, id });
  if (!passkey) throw notFound();
  return passkey;
}

/**
 * Returns the options of a new passkey, which signs in without a second factor. So it takes as much as a sign-in: the password, and a code if there
 * is a second factor. If mail is delivered, the address must be verified, for the reason of `setUpSecondFactor`.
 */
export async function startRegistration(
  scope: Scope,
  { current_password: password, code }: PasskeyRegistrationStart,
): Promise<PasskeyOptions> {
  const { app, tx, actor } = scope;
  const { userId, sessionId } = actor;
  await relyingParty(app);
  await requirePassword(scope, password);
  if ((await getSecondFactor(scope)).enabled_at !== null) await requireCode(scope, code);
  const { login } = await lockForPasskeys(scope);
  const existing = await tx.rows(queries.selectDescriptors, { userId });
  requireRoom(existing.length);
  const challenge = await issueChallenge(tx, { purpose: 'registration', userId, sessionId });
  const { username } = (await tx.row(queries.selectUsername, { userId }))!;
  await auditInOwnAccount(scope, userId);
  return creationOptions(app, { userId, login, username, challenge, existing });
}

/** Throws 401 for a response that is not right, 409 `passkey_exists`, and 409 `passkey_limit_reached`. */
export async function registerPasskey(scope: Scope, { name, credential }: NewPasskey): Promise<PasskeyRow> {
  const { db, tx, actor } = scope;
  const { userId, sessionId } = actor;
  const taken = await takeChallenge(db, 'registration', credential.response.clientDataJSON, sessionId);
  const { credential: made, credentialDeviceType, credentialBackedUp: backedUp } = await verifyAttestation(scope, taken, credential);
  await lockForPasskeys(scope);
  requireRoom((await tx.row(queries.countPasskeys, { userId }))!.count);
  const passkey = await tx.row(queries.insertPasskey, {
    id: newId(),
    userId,
    credentialId: made.id,
    publicKey: Buffer.from(made.publicKey).toString('base64url'),
    counter: made.counter,
    name,
    transports: [...new Set(credential.response.transports ?? [])],
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp,
  });
  if (!passkey) throw failWith('conflict', 'passkey_exists', 'This passkey is registered already.');
  await notify(scope, 'registered', passkey);
  return passkey;
}

/** Locks the caller and their session. Throws 409 `email_not_verified` if mail is delivered and their address is not proven. */
async function lockForPasskeys({ app, tx, actor }: Scope) {
  const user = await tx.row(lockUser, { userId: actor.userId });
  await lockSession(tx, actor);
  if (!user) throw notFound();
  if (user.is_unverified && (await mailTransport(app.config, app.database, tx)).to === 'server')
    throw failWith('conflict', 'email_not_verified', 'Verify your email address first.');
  return user;
}

function requireRoom(count: number) {
  if (count >= maxPasskeys) throw failWith('conflict', 'passkey_limit_reached', `You have ${maxPasskeys} passkeys. Delete one first.`);
}

export async function renamePasskey(scope: Scope, { id, name: before }: PasskeyRow, { name }: PasskeyChanges): Promise<PasskeyRow> {
  const { tx, actor } = scope;
  const renamed = await tx.row(queries.renamePasskey, { userId: actor.userId, id, name });
  if (!renamed) throw notFound();
  await auditInOwnAccount(scope, id, { before: { name: before }, after: { name } });
  return renamed;
}

/** Throws 409 `last_sign_in_method`. */
export async function deletePasskey(scope: Scope, passkey: PasskeyRow): Promise<void> {
  const { app, tx, actor } = scope;
  const { userId } = actor;
  if (!(await tx.row(lockActiveUser, { userId }))) throw userSuspended();
  await lockSession(tx, actor);
  if ((await tx.run(queries.deletePasskey, { userId, id: passkey.id })) === 0) throw notFound();
  await requireWayToSignIn(scope, userId);
  await notify(scope, 'deleted', passkey);
  // Without passkeys, accounts that require a second factor refuse the sessions.
  scope.afterCommit(() => app.accessControl.invalidateUser(userId));
}

const notices = {
  registered: {
    type: 'user.passkey_registered',
    title: 'A passkey was registered',
    body: 'It signs you in without a password. If this was not you, delete it, change your password and end your other sessions.',
  },
  deleted: {
    type: 'user.passkey_deleted',
    title: 'A passkey was deleted',
    body: 'It no longer signs you in. If this was not you, change your password and end your other sessions.',
  },
} as const;

/** Tells the user, and completes the audit entry. */
async function notify(scope: Scope, what: keyof typeof notices, { id, name }: PasskeyRow): Promise<void> {
  const { userId } = scope.actor;
  const accountId = await ownAccountOf(scope, userId);
  await notifyUsers(scope.tx, { accountId, userIds: [userId], ...notices[what], payload: { name } });
  await auditInOwnAccount(scope, id, { metadata: { name } });
}
