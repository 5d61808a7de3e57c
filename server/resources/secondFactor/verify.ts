import type { SecondFactorAnswer } from '../../../contract/auth.ts';
import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import { selectCredentialByUserId } from '../auth/queries.ts';
import type { SignedIn } from '../auth/sessions/sessions.ts';
import { auditFailedSignIn, lockForSignIn, openSignIn } from '../auth/signIn.ts';
import { consumeCode, countCode, invalidCode } from './checkCode.ts';
import { notifyOfSecondFactor } from './notices.ts';
import * as queries from './queries.ts';

/** Codes per challenge. A sign-in with the first factor is needed for more. */
const maxAttempts = 5;

/** Completes a sign-in whose first factor was right. */
export async function verifySecondFactor(scope: RequestScope, { challenge_token: token, code }: SecondFactorAnswer): Promise<SignedIn> {
  const { db, tx } = scope;
  const tokenHash = sha256(token);
  const challenge = await db.row(queries.countChallengeAttempt, { tokenHash, maxAttempts });
  const known = challenge && (await db.row(selectCredentialByUserId, { userId: challenge.user_id }));
  if (!known) throw challengeInvalid();
  const { user_id: userId, login_key: loginKey } = known;
  const counted = await countCode(scope, { userId, loginKey }, code);
  await lockForSignIn(scope, userId);
  // A parallel request has used the challenge, or the password has changed.
  if ((await tx.run(queries.deleteChallenge, { tokenHash })) === 0) throw challengeInvalid();
  const kind = await consumeCode(scope, counted);
  if (!kind) {
    auditFailedSignIn(scope, loginKey, challenge.method);
    throw invalidCode();
  }
  if (kind === 'recovery_code') await notifyOfSecondFactor(scope, userId, 'recoveryCodeUsed');
  return openSignIn(scope, known, challenge.method, { second_factor: kind });
}

const challengeInvalid = () => failWith('unauthenticated', 'challenge_invalid', 'Begin again: this sign-in is over.');
