import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { databaseDate, maxClockDifferenceMs, millisecondsAhead } from '../databaseClock.ts';

/** A UUID version 7 (RFC 9562). Retention goes by the time in it, so a process with a wrong clock takes that of the database. */
export function newId(): string {
  const id = randomUUIDv7();
  return Math.abs(millisecondsAhead()) > maxClockDifferenceMs ? `${firstIdOf(databaseDate()).slice(0, 14)}${id.slice(14)}` : id;
}

/** The smallest UUID version 7 (RFC 9562) of an instant. Its first 48 bits are milliseconds since 1970; earlier instants count as 1970. */
export function firstIdOf(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** 32 random bytes as base64url, for tokens that the server issues. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** SHA-256 as lower-case hex. Issued tokens are stored and looked up by this hash. */
export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
