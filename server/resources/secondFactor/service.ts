import type { SecondFactorRemoval, SecondFactorSetup, SecondFactorStart } from '../../../contract/secondFactor.ts';
import { countAttempt, resetCount } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { requirePassword } from '../auth/changePassword.ts';
import { auditInOwnAccount } from '../auth/ownAccount.ts';
import { selectCredentialByUserId } from '../auth/queries.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { mailTransport } from '../email/transport.ts';
import { isConfirmed } from '../passkeys/confirmation.ts';
import { appCodeLimit, consumeAppCode, consumeCode, countCode, invalidCode } from './checkCode.ts';
import { encryptionContext, isSetupOver, keyUri, newRecoveryCodes, newSecret, readCode, secretText, stepBeforeSetup } from './codes.ts';
import { notifyOfSecondFactor } from './notices.ts';
import type { SecondFactorRow } from './queries.ts';
import * as queries from './queries.ts';
import { turnOff } from './turnOff.ts';

export const getSecondFactor = async ({ db, actor: { userId } }: Scope): Promise<SecondFactorRow> =>
  (await db.row(queries.selectSecondFactor, { userId }))!;

/** Locks the caller and their session, in the order of a sign-in, and checks whether the second factor is on. */
async function lockCaller({ tx, actor }: Scope, { enabled }: { enabled: boolean }) {
  const user = await tx.row(queries.lockUser, { userId: actor.userId });
  await lockSession(tx, actor);
  if (!user) throw notFound();
  if (user.is_enabled !== enabled) throw enabled ? isOff() : isOn();
  return user;
}

const isOff = () => failWith('conflict', 'second_factor_disabled', 'Your second factor is off.');
const isOn = () => failWith('conflict', 'second_factor_enabled', 'Your second factor is already on.');

/**
 * Locks the caller and consumes a code of their second factor. Throws 401 for a wrong one. Without a code, a passkey must have opened or confirmed
 * the session.
 */
export async function requireCode(scope: Scope, typed: string | null | undefined): Promise<void> {
  const { userId } = scope.actor;
  const known = await scope.db.row(selectCredentialByUserId, { userId });
  if (!known || (await getSecondFactor(scope)).enabled_at === null) throw isOff();
  if (!typed) {
    if (!(await isConfirmed(scope))) throw invalidCode();
    return void (await lockCaller(scope, { enabled: true }));
  }
  const counted = await countCode(scope, { userId, loginKey: known.login_key }, typed);
  await lockCaller(scope, { enabled: true });
  if (!(await consumeCode(scope, counted))) throw invalidCode();
}

/**
 * Returns a new secret. If mail is delivered, the address must be verified: an attacker can register with an address that is not theirs, and
 * would lock its owner out.
 */
export async function setUpSecondFactor(scope: Scope, { current_password: password }: SecondFactorStart): Promise<SecondFactorSetup> {
  const { app, tx, actor } = scope;
  const { userId } = actor;
  await requirePassword(scope, password);
  const { login, is_unverified: isUnverified } = await lockCaller(scope, { enabled: false });
  if (isUnverified && (await mailTransport(app.config, app.database, tx)).to === 'server')
    throw failWith('conflict', 'email_not_verified', 'Verify your email address first.');
  const secret = newSecret();
  const secretSealed = seal(app.keys.encryptionKeys, secret, encryptionContext(userId));
  await tx.run(queries.upsertSecret, { userId, secretSealed, lastStep: stepBeforeSetup() });
  await auditInOwnAccount(scope, userId);
  return { secret: secretText(secret), otpauth_uri: keyUri(login, secret) };
}

/**
 * Turns the second factor on. Returns the recovery codes. Wrong codes are counted, because a session without the password and the secret could
 * guess one and lock the user out. They count only while the second factor is off, because the count also limits sign-ins.
 */
export async function confirmSecondFactor(scope: Scope, typed: string): Promise<string[]> {
  const { db, tx, actor } = scope;
  const { userId } = actor;
  if ((await getSecondFactor(scope)).enabled_at !== null) throw isOn();
  const limit = appCodeLimit(userId);
  await countAttempt(db, [limit]);
  await lockCaller(scope, { enabled: false });
  const setup = await tx.row(queries.lockSecret, { userId });
  if (!setup || isSetupOver(setup.last_step))
    throw failWith('conflict', 'second_factor_not_set_up', 'Start the setup of the second factor first.');
  const code = readCode(typed);
  if (code?.kind !== 'totp' || (await consumeAppCode(scope, userId, code.digits)) === 0) throw invalidCode();
  await resetCount(tx, limit);
  await tx.run(queries.enable, { userId });
  // An account may have refused the user for want of it.
  scope.afterCommit(() => scope.app.accessControl.invalidateUser(userId));
  const codes = await renewRecoveryCodes(scope);
  scope.audit({ accountId: await notifyOfSecondFactor(scope, userId, 'enabled'), targetId: userId });
  return codes;
}

export async function replaceRecoveryCodes(scope: Scope, code: string | null | undefined): Promise<string[]> {
  await requireCode(scope, code);
  await auditInOwnAccount(scope, scope.actor.userId);
  return renewRecoveryCodes(scope);
}

async function renewRecoveryCodes({ tx, actor: { userId } }: Scope): Promise<string[]> {
  const { codes, hashes } = newRecoveryCodes();
  await tx.run(queries.replaceRecoveryCodes, { userId, hashes });
  return codes;
}

export async function disableSecondFactor(scope: Scope, { current_password: password, code }: SecondFactorRemoval): Promise<void> {
  const { userId } = scope.actor;
  await requirePassword(scope, password);
  await requireCode(scope, code);
  await turnOff(scope, userId);
  scope.audit({ accountId: await notifyOfSecondFactor(scope, userId, 'disabled'), targetId: userId });
}
