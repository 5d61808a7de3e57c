import { refuse } from '../../kernel/failure.ts';
import { loginKeyOf } from '../../kernel/identity.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { ensureDefaultProject } from '../projects/service.ts';
import { type CredentialRow, lockActiveUser } from './queries.ts';
import { type Method, openSession, roleOf, type SignedIn } from './sessions.ts';

export const suspended = () => refuse('forbidden', 'user_suspended', 'This user is suspended.');

/** Let somebody in who has proved who he is, in the personal account. Throws 403 to the suspended. */
export async function signIn(scope: RequestScope, known: CredentialRow, method: Method): Promise<SignedIn> {
  const { tx } = scope;
  const { user_id: userId, account_id: accountId } = known;
  if ((await tx.run(lockActiveUser, [userId])) === 0) throw suspended();
  await ensureDefaultProject(tx, accountId, userId);
  const signedIn = await openSession(scope, { userId, accountId, role: roleOf(known) }, method);
  const metadata = { result: 'succeeded', method, login_hash: sha256(known.login_key) };
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata });
  return signedIn;
}

/** Note that somebody was not let in. What was typed is never written down, only its hash. */
export function noteFailure(scope: RequestScope, typed: string, method: Method) {
  const hash = sha256(loginKeyOf(typed));
  const metadata = { result: 'failed', method, login_hash: hash };
  scope.audit({ accountId: null, actorId: null, targetType: 'user_login', targetId: hash, metadata });
}
