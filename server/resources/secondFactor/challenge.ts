import type { RequestScope } from '../../http/scope.ts';
import { newToken, sha256 } from '../../platform/crypto/ids.ts';
import { CommittedFailure } from '../../platform/failure.ts';
import { countPasskeys } from '../passkeys/queries.ts';
import { insertChallenge } from './queries.ts';

const lifeSeconds = 600;

/** Creates the challenge of a sign-in that has passed its first factor. The error commits it together with the effects of the sign-in. */
export async function challenge(
  { tx }: RequestScope,
  userId: string,
  method: 'password' | 'email_otp' | 'oidc',
): Promise<CommittedFailure> {
  const token = newToken();
  await tx.run(insertChallenge, { userId, method, tokenHash: sha256(token), lifeSeconds });
  const { count } = (await tx.row(countPasskeys, { userId }))!;
  return new CommittedFailure('unauthenticated', 'Enter the code of your authenticator app.', {
    reason: 'second_factor_required',
    challenge_token: token,
    expires_in: lifeSeconds,
    ...(count > 0 && { passkey: true }),
  });
}
