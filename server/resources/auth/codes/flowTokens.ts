import { deriveKeyring } from '../../../platform/crypto/keyring.ts';
import type { Keys } from '../../../platform/crypto/keys.ts';
import { seal, unseal } from '../../../platform/crypto/seal.ts';
import { databaseNow } from '../../../platform/databaseClock.ts';

/** In seconds. */
const lifetimeSeconds = 600;
const purpose = 'auth flow';
const keysOf = ({ jwtSecrets }: Keys) => deriveKeyring(jwtSecrets, purpose);

/**
 * Issues a token that identifies the user of a started sign-in. It is valid for 10 minutes and grants no access. Sealed, because resolving
 * a login must reveal neither the user's id nor when it was created. All tokens have the same length.
 */
export function issueFlowToken(keys: Keys, userId: string, now = databaseNow()): string {
  const plain = Buffer.alloc(24);
  plain.write(userId.replaceAll('-', ''), 'hex');
  plain.writeBigUInt64BE(BigInt(now + lifetimeSeconds * 1_000), 16);
  return seal(keysOf(keys), plain, purpose).toString('base64url');
}

/** Returns undefined for an invalid or expired token. */
export function readFlowToken(keys: Keys, token: string): string | undefined {
  const sealed = Buffer.from(token, 'base64url');
  // Decoding is lenient: reject other spellings of the same bytes.
  if (token.length > 100 || sealed.toString('base64url') !== token) return undefined;
  try {
    const plain = unseal(keysOf(keys), sealed, purpose);
    if (BigInt(databaseNow()) >= plain.readBigUInt64BE(16)) return undefined;
    const [, ...groups] = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(plain.toString('hex'))!;
    return groups.join('-');
  } catch {
    return undefined;
  }
}
