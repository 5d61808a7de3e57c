import type { PasskeyAssertion, PasskeyOptions } from '../../../contract/passkeys.ts';
import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { type CredentialRow, selectCredentialByUserId } from '../auth/queries.ts';
import type { SignedIn } from '../auth/sessions/sessions.ts';
import { auditFailedSignIn, lockForSignIn, openSignIn, requireUsableUser } from '../auth/signIn.ts';
import { deleteChallenge } from '../secondFactor/queries.ts';
import { challengeInvalid, issueChallenge, takeChallenge } from './challenges.ts';
import { countChallenge, countPasskeyAttempt, forgetPasskeyAttempt } from './limits.ts';
import { requestOptions } from './options.ts';
import * as queries from './queries.ts';
import { passkeyInvalid, type ProvenPasskey, recordUse, verifyAssertion } from './verify.ts';

/** `token` is that of a sign-in that needs a second factor. Throws 401 `challenge_invalid`, and 409 `passkey_missing` if its user has none. */
export async function startSignIn(scope: RequestScope, token: string | null | undefined): Promise<PasskeyOptions> {
  const { app, db } = scope;
  await countChallenge(scope);
  if (!token) return requestOptions(app, await issueChallenge(db, { purpose: 'sign_in' }));
  const signInTokenHash = sha256(token);
  const waiting = await db.row(queries.selectSignInChallenge, { tokenHash: signInTokenHash });
  if (!waiting) throw challengeInvalid();
  const userId = waiting.user_id;
  const own = await db.rows(queries.selectDescriptors, { userId });
  if (own.length === 0) throw failWith('conflict', 'passkey_missing', 'This user has no passkey.');
  return requestOptions(app, await issueChallenge(db, { purpose: 'sign_in', userId, signInTokenHash }), own);
}

/** Signs in by passkey alone, or completes the sign-in for which the options were requested. Throws 401 and, for a suspended user, 403. */
export async function signInWithPasskey(scope: RequestScope, credential: PasskeyAssertion): Promise<SignedIn> {
  const limit = await countPasskeyAttempt(scope);
  const taken = await takeChallenge(scope.db, 'sign_in', credential.response.clientDataJSON);
  const passkey = await verifyAssertion(scope, taken, credential, taken.userId).catch((error) => {
    auditFailedSignIn(scope, credential.id, 'passkey');
    throw error;
  });
  const known = await scope.db.row(selectCredentialByUserId, { userId: passkey.userId });
  if (!known) throw passkeyInvalid();
  await requireUsableUser(scope, known).catch((error) => {
    auditFailedSignIn(scope, known.login_key, 'passkey');
    throw error;
  });
  await lockForSignIn(scope, passkey.userId);
  await recordUse(scope, passkey);
  await forgetPasskeyAttempt(scope, limit);
  return taken.signInTokenHash === null
    ? openSignIn(scope, known, 'passkey', { passkey_id: passkey.id })
    : completeSignIn(scope, known, passkey, taken.signInTokenHash);
}

/** The passkey is the second factor of a sign-in. Of parallel calls, one consumes its challenge. */
async function completeSignIn(scope: RequestScope, known: CredentialRow, passkey: ProvenPasskey, tokenHash: string): Promise<SignedIn> {
  const waiting = await scope.tx.row(queries.selectSignInChallenge, { tokenHash });
  if (!waiting || (await scope.tx.run(deleteChallenge, { tokenHash })) === 0) throw challengeInvalid();
  return openSignIn(scope, known, waiting.method, { second_factor: 'passkey', passkey_id: passkey.id }, true);
}
