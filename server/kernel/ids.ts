import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';

/** A new id: UUID version 7 (RFC 9562). */
export const newId = (): string => randomUUIDv7();

/** 32 random bytes as base64url, for tokens that this system issues. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** SHA-256 as lower-case hex: how issued tokens are stored and looked up. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
