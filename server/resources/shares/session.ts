import { timingSafeEqual } from 'node:crypto';
import { hmacsOf } from '../../platform/crypto/keyring.ts';
import type { Keys } from '../../platform/crypto/keys.ts';

const seconds = 24 * 3_600;

const signaturesOf = (keys: Keys, shareId: string, expires: number) =>
  hmacsOf(keys.encryptionKeys, 'share sessions', `${shareId}.${expires}`);

/** Returns a session token that is valid for 24 hours. `now` is in Unix seconds. */
export function createSessionToken(keys: Keys, shareId: string, now: number): string {
  const expires = Math.floor(now) + seconds;
  return `${expires}.${signaturesOf(keys, shareId, expires)[0].toString('base64url')}`;
}

/** Whether a session token is valid for the share at time `now`. */
export function isValidSessionToken(keys: Keys, shareId: string, token: string, now: number): boolean {
  const [, until, signature] = /^([1-9]\d{0,11})\.([\w-]{43})$/.exec(token) ?? [];
  if (until === undefined || signature === undefined) return false;
  const given = Buffer.from(signature, 'base64url');
  return signaturesOf(keys, shareId, Number(until)).some((signature) => timingSafeEqual(given, signature)) && now < Number(until);
}
