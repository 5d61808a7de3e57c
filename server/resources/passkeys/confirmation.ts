import type { PasskeyAssertion, PasskeyOptions } from '../../../contract/passkeys.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import { auditInOwnAccount } from '../auth/ownAccount.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { lockForSignIn } from '../auth/signIn.ts';
import { issueChallenge, takeChallenge } from './challenges.ts';
import { countPasskeyAttempt, forgetPasskeyAttempt } from './limits.ts';
import { requestOptions } from './options.ts';
import * as queries from './queries.ts';
import { recordUse, verifyAssertion } from './verify.ts';

/** Whether a passkey has opened or confirmed the session of the request within the last 10 minutes. */
export const isConfirmed = async ({ db, actor: { userId, sessionId } }: Scope): Promise<boolean> =>
  Boolean(await db.row(queries.selectConfirmedSession, { userId, sessionId: sessionId ?? null }));

/** Throws 409 `passkey_missing` if the caller has none. */
export async function startConfirmation({ app, db, actor: { userId, sessionId } }: Scope): Promise<PasskeyOptions> {
  const own = await db.rows(queries.selectDescriptors, { userId });
  if (own.length === 0) throw failWith('conflict', 'passkey_missing', 'You have no passkey.');
  return requestOptions(app, await issueChallenge(db, { purpose: 'confirmation', userId, sessionId }), own);
}

/** Marks the session of the request as confirmed. Throws 401 for a passkey that is not right or not of the caller. */
export async function confirmSession(scope: Scope, credential: PasskeyAssertion): Promise<void> {
  const { app, db, tx, actor } = scope;
  const { userId, sessionId = '' } = actor;
  const limit = await countPasskeyAttempt(scope);
  const taken = await takeChallenge(db, 'confirmation', credential.response.clientDataJSON, sessionId);
  const passkey = await verifyAssertion(scope, taken, credential, userId);
  await lockForSignIn(scope, userId);
  await lockSession(tx, actor);
  await recordUse(scope, passkey);
  await forgetPasskeyAttempt(scope, limit);
  await tx.run(queries.confirmSession, { userId, sessionId });
  await auditInOwnAccount(scope, sessionId, { metadata: { passkey_id: passkey.id } });
  // An account may have refused the session for want of a second factor.
  scope.afterCommit(() => app.accessControl.invalidateUser(userId));
}
