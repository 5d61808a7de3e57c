import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { loginKeyOf } from '../../platform/identity/identity.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { type CredentialRow, lockActiveUser } from './queries.ts';
import { openSession, roleOf, type SignedIn, type SignInMethod } from './sessions/sessions.ts';

export const userSuspended = () => failWith('forbidden', 'user_suspended', 'This user is suspended.');

/** Opens a session in the personal account of an authenticated user. Throws 403 for a suspended user. */
export async function signIn(scope: RequestScope, known: CredentialRow, method: SignInMethod): Promise<SignedIn> {
  const { tx } = scope;
  const { user_id: userId, account_id: accountId } = known;
  if ((await tx.run(lockActiveUser, { userId })) === 0) throw userSuspended();
  await ensureDefaultProject(tx, accountId, userId);
  const signedIn = await openSession(scope, { userId, accountId, role: roleOf(known) }, method);
  const metadata = { result: 'succeeded', method, login_hash: sha256(known.login_key) };
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata });
  return signedIn;
}

/** Adds a failed sign-in to the audit log, with a hash of what was typed, never the text. */
export function auditFailedSignIn(scope: RequestScope, typed: string, method: SignInMethod) {
  const hash = sha256(loginKeyOf(typed));
  const metadata = { result: 'failed', method, login_hash: hash };
  scope.audit({ accountId: null, actorId: null, targetType: 'user_login', targetId: hash, metadata });
}
