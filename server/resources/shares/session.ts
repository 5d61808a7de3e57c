import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey, type Keys } from '../../kernel/keys.ts';

const seconds = 24 * 3_600;

const mark = (keys: Keys, shareId: string, expires: number) =>
  createHmac('sha256', deriveKey(keys.encryptionKey, 'share sessions')).update(`${shareId}.${expires}`).digest();

/** What opens a share with a password for 24 hours; `now` is in seconds since 1970. */
export function openSession(keys: Keys, shareId: string, now: number): string {
  const expires = Math.floor(now) + seconds;
  return `${expires}.${mark(keys, shareId, expires).toString('base64url')}`;
}

/** Whether a token opens a share at the time `now`. */
export function opensShare(keys: Keys, shareId: string, token: string, now: number): boolean {
  const [, until, signature] = /^([1-9]\d{0,11})\.([\w-]{43})$/.exec(token) ?? [];
  if (until === undefined || signature === undefined) return false;
  const given = Buffer.from(signature, 'base64url');
  return timingSafeEqual(given, mark(keys, shareId, Number(until))) && now < Number(until);
}
