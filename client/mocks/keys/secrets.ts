import type { ApiKeyRotation } from '../../../contract/apiKeys.ts';
import { keySecret } from '../../../contract/apiKeys.ts';
import type { Context, Engine } from '../context.ts';
import { apiError, invalidField, notFound } from '../http/errors.ts';
import type { Json, Row } from '../state.ts';

// What API keys and service keys have in common. Revoked keys stay in their list.

type Prefix = 'al_' | 'als_';

/** The first characters of a key, by which people recognize it. */
export const keyPrefixOf = (key: unknown, prefix: Prefix): string => (key as string).slice(0, prefix.length + 4);

/** Sets the properties that are not undefined. Throws 400 for an expiry in the past. */
export function setKeyProperties(value: Json, properties: Json, now: number): void {
  const { expires_at: expiry } = properties;
  if (typeof expiry === 'string' && Date.parse(expiry) <= now) throw invalidField('/expires_at', 'must be in the future', 'time_in_past');
  for (const [name, property] of Object.entries(properties)) if (property !== undefined) value[name] = property;
}

/** Throws 404 for a revoked key. */
export function unrevoked({ value }: Row): Json {
  if (value.revoked_at !== null) throw notFound();
  return value;
}

/** Keeps the time of the first revocation. */
export function revokeKey({ time }: Engine, { value }: Row): Json {
  value.revoked_at ??= time();
  return value;
}

/** Replaces the secret of a key. Throws 404 for a revoked key, 409 in an overlap. */
export function rotateKey(
  { engine, operation }: Pick<Context, 'engine' | 'operation'>,
  row: Row,
  prefix: Prefix,
  { overlap_seconds: seconds }: ApiKeyRotation,
): Json {
  const value = unrevoked(row);
  const until = value.previous_secret_expires_at as string | null;
  if (seconds > 0 && until !== null && Date.parse(until) > engine.now())
    throw apiError('conflict', 'rotation_in_overlap', `The secret before the last rotation is accepted until ${until}.`, { until });
  const key = engine.fakes.of(keySecret(prefix), `${operation.id} ${++engine.state.fakeCount}`);
  return Object.assign(value, {
    previous_key: value.key,
    previous_user_id: value.user_id,
    previous_secret_expires_at: seconds === 0 ? null : engine.time(seconds * 1_000),
    key,
    key_prefix: keyPrefixOf(key, prefix),
  });
}
