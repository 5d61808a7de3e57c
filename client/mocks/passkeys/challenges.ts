import { fromBase64 } from '../../core/signing.ts';
import type { Engine } from '../context.ts';
import { apiError } from '../http/errors.ts';
import type { PasskeyChallenge } from '../state.ts';

const lifeSeconds = 300;

export const challengeInvalid = () => apiError('unauthenticated', 'challenge_invalid', 'Begin again: this challenge is over.');
export const passkeyInvalid = () => apiError('unauthenticated', 'passkey_invalid', 'The passkey was not accepted.');

/** Returns a new challenge. */
export function issueChallenge({ state, fakes, now }: Engine, binding: Omit<PasskeyChallenge, 'expiresAt'>): string {
  const challenge = fakes.hex(43);
  state.challenges.set(challenge, { ...binding, expiresAt: now() + lifeSeconds * 1_000 });
  return challenge;
}

/**
 * Uses up the challenge in `clientDataJSON`, also if the request fails later. Throws 401 if it was not issued for this purpose and session, was used, or
 * has expired. `type` is the kind of response that a browser makes for this purpose.
 */
export function takeChallenge(
  { state, now }: Engine,
  purpose: PasskeyChallenge['purpose'],
  clientDataJSON: string,
  sessionId?: string,
): PasskeyChallenge {
  const { challenge, type } = readClientData(clientDataJSON);
  const issued = state.challenges.get(challenge);
  if (!issued || issued.purpose !== purpose || issued.sessionId !== sessionId || issued.expiresAt <= now()) throw challengeInvalid();
  state.challenges.delete(challenge);
  if (type !== (purpose === 'registration' ? 'webauthn.create' : 'webauthn.get')) throw passkeyInvalid();
  return issued;
}

function readClientData(encoded: string): { challenge: string; type: unknown } {
  try {
    const { challenge, type } = JSON.parse(textOf(encoded)) as Record<string, unknown>;
    if (typeof challenge === 'string') return { challenge, type };
  } catch {
    // Not JSON.
  }
  throw challengeInvalid();
}

const textOf = (base64url: string) =>
  new TextDecoder().decode(fromBase64(base64url.replaceAll('-', '+').replaceAll('_', '/')) ?? new Uint8Array());
