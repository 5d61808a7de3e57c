import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { loginKeyOf } from '../../platform/identity/identity.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { challenge } from '../secondFactor/challenge.ts';
import { type CredentialRow, lockActiveUser } from './queries.ts';
import { openSession, roleOf, type SignedIn, type SignInMethod } from './sessions/sessions.ts';
import { requiresVerifiedEmail } from './settings.ts';

export const userSuspended = () => failWith('forbidden', 'user_suspended', 'This user is suspended.');

/**
 * Throws 403 for a suspended user, and for one with an unverified address if verification is required. Call it only after a factor is proven: these
 * errors reveal the state of the user. Mailed codes need no such check, because they verify the address.
 */
export async function requireUsableUser(
  { db }: Pick<RequestScope, 'db'>,
  { status, email_verified: verified }: CredentialRow,
): Promise<void> {
  if (status !== 'active') throw userSuspended();
  if (!verified && (await requiresVerifiedEmail(db))) throw failWith('forbidden', 'email_not_verified', 'Verify your email address first.');
}

/**
 * Opens a session in the personal account of a user who has passed the first factor. Throws 403 for a suspended user, and 401
 * `second_factor_required` if the user has a second factor. `check` runs under the lock of the user.
 * `details` are added to the audit entry.
 */
export async function signIn(
  scope: RequestScope,
  known: CredentialRow,
  method: Exclude<SignInMethod, 'passkey'>,
  check?: () => Promise<void>,
  details: Record<string, unknown> = {},
): Promise<SignedIn> {
  const { user_id: userId, account_id: accountId, login_key: loginKey } = known;
  // Statements of a transaction are sent in this order, as one packet: the lock comes first.
  const [hasSecondFactor] = await Promise.all([lockForSignIn(scope, userId), check?.()]);
  if (!hasSecondFactor) return openSignIn(scope, known, method, details);
  const metadata = { result: 'second_factor_required', method, login_hash: sha256(loginKey), ...details };
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata });
  throw await challenge(scope, userId, method);
}

/** Locks the user until the commit and returns whether they have a second factor. Throws 403 for a suspended user. */
export async function lockForSignIn({ tx }: RequestScope, userId: string): Promise<boolean> {
  const active = await tx.row(lockActiveUser, { userId });
  if (!active) throw userSuspended();
  return active.second_factor;
}

/** Opens the session after all factors, of which a passkey may be one. The caller holds the lock of the user. `metadata` is added to the audit entry. */
export async function openSignIn(
  scope: RequestScope,
  known: CredentialRow,
  method: SignInMethod,
  metadata: Record<string, unknown> = {},
  isConfirmed = method === 'passkey',
): Promise<SignedIn> {
  const { user_id: userId, account_id: accountId, login_key: loginKey } = known;
  const [signedIn] = await Promise.all([
    openSession(scope, { userId, accountId, role: roleOf(known) }, method, isConfirmed),
    ensureDefaultProject(scope.tx, accountId, userId),
  ]);
  const details = { result: 'succeeded', method, login_hash: sha256(loginKey), ...metadata };
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata: details });
  return signedIn;
}

/** Adds a failed sign-in to the audit log, with a hash of what was typed, never the text. */
export function auditFailedSignIn(scope: RequestScope, typed: string, method: SignInMethod) {
  const hash = sha256(loginKeyOf(typed));
  const metadata = { result: 'failed', method, login_hash: hash };
  scope.audit({ accountId: null, actorId: null, targetType: 'user_login', targetId: hash, metadata });
}
