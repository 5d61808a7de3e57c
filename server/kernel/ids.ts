import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';

/** A new id: UUID version 7 (RFC 9562). */
export const newId = (): string => randomUUIDv7();

/** The first UUID version 7 (RFC 9562) of an instant: its first 48 bits are milliseconds since 1970, which is as early as ids go. */
export function firstIdOf(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** 32 random bytes as base64url, for tokens that this system issues. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** SHA-256 as lower-case hex: how issued tokens are stored and looked up. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
