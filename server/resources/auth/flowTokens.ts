import type { Keys } from '../../kernel/keys.ts';
import { deriveKey } from '../../kernel/keys.ts';
import { seal, unseal } from '../../kernel/seal.ts';

/** Seconds that a flow token lasts. */
const life = 600;
const purpose = 'auth flow';
const keyOf = ({ jwtSecret }: Keys) => deriveKey(jwtSecret, purpose);

/**
 * Issue a flow token: for ten minutes it says whose sign-in has begun, and gives no access. Sealed, because resolving a login must reveal neither the
 * id of its user nor when that was made; the same length for every user.
 */
export function issueFlowToken(keys: Keys, userId: string, now = Date.now()): string {
  const plain = Buffer.alloc(24);
  plain.write(userId.replaceAll('-', ''), 'hex');
  plain.writeBigUInt64BE(BigInt(now + life * 1_000), 16);
  return seal(keyOf(keys), plain, purpose).toString('base64url');
}

/** The user a flow token is about; undefined for anything that is none, or no longer. */
export function readFlowToken(keys: Keys, token: string): string | undefined {
  const sealed = Buffer.from(token, 'base64url');
  // Decoding is lenient; a token with another spelling of the same bytes is not ours.
  if (token.length > 100 || sealed.toString('base64url') !== token) return undefined;
  try {
    const plain = unseal(keyOf(keys), sealed, purpose);
    if (BigInt(Date.now()) >= plain.readBigUInt64BE(16)) return undefined;
    const [, ...groups] = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(plain.toString('hex'))!;
    return groups.join('-');
  } catch {
    return undefined;
  }
}
