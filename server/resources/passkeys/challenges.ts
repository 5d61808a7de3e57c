import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Queryable } from '../../database/sql.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith } from '../../platform/failure.ts';
import * as queries from './queries.ts';

/** How long a browser may ask its user, in seconds. */
export const challengeSeconds = 300;

type Binding = { purpose: queries.Purpose; userId?: string; sessionId?: string | undefined; signInTokenHash?: string | undefined };

/** Stores a new challenge. Its hash is enough to recognize it. */
export async function issueChallenge(
  db: Queryable,
  { purpose, userId, sessionId, signInTokenHash }: Binding,
): Promise<Uint8Array<ArrayBuffer>> {
  const challenge = new Uint8Array(randomBytes(32));
  await db.run(queries.insertChallenge, {
    challengeHash: hashOf(Buffer.from(challenge).toString('base64url')),
    purpose,
    userId: userId ?? null,
    sessionId: sessionId ?? null,
    signInTokenHash: signInTokenHash ?? null,
    lifeSeconds: challengeSeconds,
  });
  return challenge;
}

const ClientData = z.object({ challenge: z.string().max(200), origin: z.string().max(2_000) });

/**
 * Consumes the challenge that a browser has signed: it cannot be used again, even if the request fails. `db` must therefore not be a transaction of
 * the request. Throws 401 `challenge_invalid` if it was not issued for this purpose and session, was used, or has expired.
 */
export async function takeChallenge(db: Queryable, purpose: queries.Purpose, clientDataJSON: string, sessionId?: string) {
  const { challenge, origin } = readClientData(clientDataJSON);
  const taken = await db.row(queries.consumeChallenge, { challengeHash: hashOf(challenge), purpose, sessionId: sessionId ?? null });
  if (!taken) throw challengeInvalid();
  return { challenge, origin, userId: taken.user_id, signInTokenHash: taken.sign_in_token_hash };
}

function readClientData(encoded: string) {
  try {
    return ClientData.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
  } catch {
    throw challengeInvalid();
  }
}

const hashOf = (challenge: string) => sha256(`passkey ${challenge}`);

export const challengeInvalid = () => failWith('unauthenticated', 'challenge_invalid', 'Begin again: this challenge is over.');
