import { type RawBuilder, sql } from 'kysely';
import type { Parameters } from '../../database/statement.ts';
import { isApiKey, type KeyPrefix } from '../../platform/crypto/apiKeys.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { databaseNow } from '../../platform/databaseClock.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { ExpiringCache } from '../cache.ts';

// What API keys and service keys have in common: the secret and the one before it, expiry, rotation and last use.

type ByHash = Parameters<{ keyHash: string }>;

/** Matches a key by its current secret, or the one before. `table` is the alias of its table. */
export const hasSecret = ({ keyHash }: ByHash, table?: string) =>
  sql<boolean>`(${column(table, 'key_hash')} = ${keyHash} or ${column(table, 'previous_key_hash')} = ${keyHash})`;

export const isCurrentSecret = ({ keyHash }: ByHash, table?: string) => sql<boolean>`${column(table, 'key_hash')} = ${keyHash}`;

/** When a secret ends: with its key, or after a rotation. `least` ignores nulls. */
export const secretEnd = ({ keyHash }: ByHash) =>
  sql<string | null>`least(expires_at, case when previous_key_hash = ${keyHash} then previous_expires_at end)`;

const column = (table: string | undefined, name: string) => sql.ref(table === undefined ? name : `${table}.${name}`);

type Replacement = { keyPrefix: string; keyHash: string; overlapSeconds: number };

/** `value` if a secret that is replaced is still accepted for a while, else null. */
export const duringOverlap = ({ overlapSeconds }: Pick<Parameters<Replacement>, 'overlapSeconds'>, value: RawBuilder<string>) =>
  sql<string | null>`case when ${overlapSeconds}::int > 0 then ${value} end`;

/** The previous secret is accepted for another `overlapSeconds`; with 0 it is rejected immediately. */
export const replacedSecret = ($: Parameters<Replacement>) => ({
  key_prefix: $.keyPrefix,
  key_hash: $.keyHash,
  previous_key_hash: duringOverlap($, sql<string>`key_hash`),
  previous_expires_at: duringOverlap($, sql<string>`now() + ${$.overlapSeconds}::int * interval '1 second'`),
});

/** Last use is stored to the minute. */
export const isUseOutdated = sql<boolean>`(last_used_at is null or last_used_at < now() - interval '1 minute')`;

/** Stores the last use of keys, once a minute at most, without delaying requests. */
export function createLastUse(capacity: number, onFailed: (error: unknown) => void) {
  const recorded = new ExpiringCache<true>(capacity, 60_000);
  return (keyId: string, write: () => Promise<unknown>): void => {
    if (recorded.get(keyId)) return;
    recorded.set(keyId, true);
    write().catch(onFailed);
  };
}

/** Reads a key by its secret, from the cache if it is there. Text without the form of a key costs no statement. */
export async function findBySecret<Row extends object>(
  keys: ExpiringCache<Row>,
  token: string,
  prefix: KeyPrefix,
  read: (keyHash: string) => Promise<Row | undefined>,
): Promise<{ keyHash: string; row: Row } | undefined> {
  if (!isApiKey(token, prefix)) return undefined;
  const keyHash = sha256(token);
  const row = keys.get(keyHash) ?? (await keys.load(keyHash, undefined, () => read(keyHash)));
  return row && { keyHash, row };
}

export const invalidKey = () => failWith('unauthenticated', 'invalid_token', 'The key is not valid.');

type Expiry = { expires_at: string | null; is_current_secret: boolean; previous_expires_at: string | null };

/** Throws 401 for a key, or a secret replaced by a rotation, that has expired. */
export function requireUnexpired({ expires_at: expiry, is_current_secret: isCurrent, previous_expires_at: end }: Expiry) {
  if (isPast(expiry)) throw expired(`The key expired at ${expiry}.`, expiry!);
  if (isCurrent) return;
  if (end === null) throw invalidKey();
  if (isPast(end)) throw expired(`This secret of the key was replaced and expired at ${end}.`, end);
}

const expired = (message: string, at: string) => failWith('unauthenticated', 'key_expired', message, { expired_at: at });

export const isPast = (time: string | null): boolean => time !== null && Date.parse(time) <= databaseNow();

/** Throws 400 for an expiry in the past. */
export function requireFutureExpiry(expiry: string | null | undefined): void {
  if (expiry && isPast(expiry)) throw invalidField('/expires_at', 'must be in the future', 'time_in_past');
}

/** Throws 409 for a rotation with overlap while the secret before the last one is still accepted: a key has at most two. */
export function requireNoOverlap({ previous_expires_at: until }: Pick<Expiry, 'previous_expires_at'>, overlapSeconds: number): void {
  if (overlapSeconds > 0 && until !== null && !isPast(until))
    throw failWith('conflict', 'rotation_in_overlap', `The secret before the last rotation is accepted until ${until}.`, { until });
}

type Lifetime = Pick<Expiry, 'expires_at' | 'previous_expires_at'> & {
  revoked_at: string | null;
  last_used_at: string | null;
  created_at: string;
};

export const viewLifetime = ({ expires_at, previous_expires_at: previous, revoked_at, last_used_at, created_at }: Lifetime) => ({
  expires_at,
  previous_secret_expires_at: isPast(previous) ? null : previous,
  revoked_at,
  last_used_at,
  created_at,
});
