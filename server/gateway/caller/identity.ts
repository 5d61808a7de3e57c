import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { hasSecret, secretEnd } from '../../http/access/keySecrets.ts';
import { ExpiringCache } from '../../http/cache.ts';
import { type AccessClaims, readAccessToken } from '../../platform/crypto/accessTokens.ts';
import { isApiKey, type KeyPrefix } from '../../platform/crypto/apiKeys.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { databaseNow } from '../../platform/databaseClock.ts';
import type { NotificationChannel } from '../../pubsub/notificationChannel.ts';
import { accessChannel } from '../../pubsub/runNotifier.ts';
import { withTimeout } from '../timeout.ts';

/** The caller of a request, for rate limits, IP rules and logs only. The API does the authentication. */
export type Identity = {
  type: 'user' | 'api_key' | 'anonymous';
  accountId: string;
  userId: string;
  isPlatformAdmin: boolean;
  /** Of a service key, which has no account and no user. */
  serviceKeyId?: string;
  /** Of an API key of an account. */
  apiKeyId?: string;
};

/** A caller without a valid credential. */
export const anonymous: Identity = { type: 'anonymous', accountId: '', userId: '', isPlatformAdmin: false };

const selectOwner = statement<{ keyHash: string }>({ bound: 'one' })((db, $) =>
  db
    .selectFrom('api_keys')
    .select(['id', 'account_id', 'user_id', secretEnd($).as('expires_at')])
    .where(hasSecret($))
    .where('revoked_at', 'is', null),
);

/** The user of a service key may have lost its secret's rights: the API checks that. */
const selectServiceKey = statement<{ keyHash: string }>()((db, $) =>
  db
    .selectFrom('service_keys')
    .select(['id', secretEnd($).as('expires_at')])
    .where(hasSecret($))
    .where('revoked_at', 'is', null),
);

type KeyIdentity = { identity: Identity; expiresAt: number };

export type IdentityDeps = { jwtSecrets: Keyring | undefined; sql: Queryable | undefined; channel: NotificationChannel | undefined };

/** Identifies callers by access token, API key or service key. Without the secret (tokens) or the database (keys) they are anonymous. */
export function createIdentityResolver({
  jwtSecrets,
  sql: connection,
  channel,
}: IdentityDeps): (authorization: string | undefined) => Promise<Identity> {
  const tokens = new ExpiringCache<AccessClaims>(20_000);
  const keys = new ExpiringCache<KeyIdentity>(20_000);
  channel?.on(accessChannel, () => keys.clear());

  async function bySession(token: string): Promise<Identity> {
    if (!jwtSecrets) return anonymous;
    const known = tokens.get(token) ?? (await readAccessToken(jwtSecrets, token));
    if (!known || databaseNow() >= known.exp * 1_000) return anonymous;
    tokens.set(token, known);
    return { type: 'user', accountId: known.account, userId: known.sub, isPlatformAdmin: known.role === 'platform_admin' };
  }

  async function byKey(key: string, prefix: KeyPrefix): Promise<Identity> {
    if (!connection || !isApiKey(key, prefix)) return anonymous;
    const keyHash = sha256(key);
    const ask = async (): Promise<KeyIdentity> => {
      if (prefix === 'als_') {
        const found = await connection.row(selectServiceKey, { keyHash });
        const identity = found ? ({ ...anonymous, type: 'api_key', serviceKeyId: found.id } as const) : anonymous;
        return { identity, expiresAt: found?.expires_at ? Date.parse(found.expires_at) : Infinity };
      }
      const owner = await connection.row(selectOwner, { keyHash });
      if (!owner) return { identity: anonymous, expiresAt: Infinity };
      const { id: apiKeyId, account_id: accountId, user_id: userId, expires_at } = owner;
      const expiresAt = expires_at === null ? Infinity : Date.parse(expires_at);
      return { identity: { type: 'api_key', accountId, userId, isPlatformAdmin: false, apiKeyId }, expiresAt };
    };
    const known = keys.get(keyHash) ?? (await withTimeout(keys.load(keyHash, undefined, ask)));
    return known && databaseNow() < known.expiresAt ? known.identity : anonymous;
  }

  return async (authorization = '') => {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return anonymous;
    if (token.startsWith('als_')) return byKey(token, 'als_');
    return token.startsWith('al_') ? byKey(token, 'al_') : bySession(token);
  };
}
