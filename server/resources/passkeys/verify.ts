import type { VerifyAuthenticationResponseOpts, VerifyRegistrationResponseOpts } from '@simplewebauthn/server';
import type { PasskeyAssertion, PasskeyAttestation } from '../../../contract/passkeys.ts';
import type { RequestScope } from '../../http/scope.ts';
import { failWith } from '../../platform/failure.ts';
import type { takeChallenge } from './challenges.ts';
import * as queries from './queries.ts';
import { relyingParty } from './relyingParty.ts';
import { webAuthn } from './webAuthn.ts';

type Taken = Pick<Awaited<ReturnType<typeof takeChallenge>>, 'challenge' | 'origin'>;

/** EdDSA, ES256 and RS256 (COSE). Authenticators know at least one of them; the others of the library are experimental in Node. */
export const algorithms = [-8, -7, -257];

/** The same for every cause, so that it tells nothing about the passkeys of others. */
export const passkeyInvalid = () => failWith('unauthenticated', 'passkey_invalid', 'The passkey was not accepted.');

/** The library reports what is wrong by throwing, also for malformed data. Its text is only logged. */
async function verified<T extends { verified: boolean }>({ app, client }: RequestScope, verify: () => Promise<T>): Promise<T> {
  try {
    const result = await verify();
    if (result.verified) return result;
  } catch (error) {
    app.log.info({ reason: (error as Error).message, trace_id: client.traceId }, 'a passkey was rejected');
  }
  throw passkeyInvalid();
}

/** Verifies a new passkey of which `taken` is the challenge. Throws 401. */
export async function verifyAttestation(scope: RequestScope, { challenge, origin }: Taken, response: PasskeyAttestation) {
  const { id, allows } = await relyingParty(scope.app);
  if (!allows(origin)) throw passkeyInvalid();
  const { verifyRegistrationResponse } = await webAuthn();
  const { registrationInfo } = await verified(scope, () =>
    verifyRegistrationResponse({
      response: { ...response, clientExtensionResults: {} } as VerifyRegistrationResponseOpts['response'],
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    }),
  );
  if (!registrationInfo) throw passkeyInvalid();
  return registrationInfo;
}

/** A passkey whose signature is right. `counter` and `backedUp` are to be recorded under the lock of the user. */
export type ProvenPasskey = { id: string; userId: string; counter: number; backedUp: boolean };

/** Verifies that the caller has a passkey of `userId`, or any if that is null. Throws 401. Counters that do not grow show a copy and are rejected. */
export async function verifyAssertion(
  scope: RequestScope,
  { challenge, origin }: Taken,
  response: PasskeyAssertion,
  userId: string | null,
): Promise<ProvenPasskey> {
  const { id: rpId, allows } = await relyingParty(scope.app);
  const passkey = await scope.db.row(queries.selectByCredentialId, { credentialId: response.id });
  const handle = response.response.userHandle;
  const isOfUser =
    passkey &&
    (userId === null || passkey.user_id === userId) &&
    (!handle || handle === userHandleOf(passkey.user_id).toString('base64url'));
  if (!isOfUser || !allows(origin)) throw passkeyInvalid();
  const { verifyAuthenticationResponse } = await webAuthn();
  const { authenticationInfo } = await verified(scope, () =>
    verifyAuthenticationResponse({
      response: { ...response, clientExtensionResults: {} } as VerifyAuthenticationResponseOpts['response'],
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.credential_id,
        publicKey: new Uint8Array(Buffer.from(passkey.public_key, 'base64url')),
        counter: passkey.counter,
      },
    }),
  );
  const { newCounter: counter, credentialBackedUp: backedUp } = authenticationInfo;
  return { id: passkey.id, userId: passkey.user_id, counter, backedUp };
}

/** Records the use. Throws 401 if the passkey was deleted or used meanwhile. The caller holds the lock of the user. */
export async function recordUse({ tx }: RequestScope, { id, userId, counter, backedUp }: ProvenPasskey): Promise<void> {
  if ((await tx.run(queries.recordUse, { id, userId, counter, backedUp })) === 0) throw passkeyInvalid();
}

/** The id of the user as authenticators store it. It contains nothing about the person. */
export const userHandleOf = (userId: string): Buffer => Buffer.from(userId.replaceAll('-', ''), 'hex');
