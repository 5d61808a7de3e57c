import type { Queryable } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { ExpiringCache } from '../../http/cache.ts';
import { type AccessClaims, readAccessToken } from '../../platform/crypto/accessTokens.ts';
import { isApiKey } from '../../platform/crypto/apiKeys.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import type { NotificationChannel } from '../../pubsub/notificationChannel.ts';
import { accessChannel } from '../../pubsub/runNotifier.ts';
import { withTimeout } from '../timeout.ts';

/** The caller of a request, for rate limits, IP rules and logs only. The API does the authentication. */
export type Identity = { type: 'user' | 'api_key' | 'anonymous'; accountId: string; userId: string; isPlatformAdmin: boolean };

/** A caller without a valid credential. */
export const anonymous: Identity = { type: 'anonymous', accountId: '', userId: '', isPlatformAdmin: false };

const selectOwner = statement<{ keyHash: string }>()((db, $) =>
  db.selectFrom('api_keys').select(['account_id', 'user_id']).where('key_hash', '=', $.keyHash).where('revoked_at', 'is', null),
);

export type IdentityDeps = { jwtSecret: Buffer | undefined; sql: Queryable | undefined; channel: NotificationChannel | undefined };

/** Identifies callers by access token or API key. Without the secret (tokens) or the database (keys) they are anonymous. */
export function createIdentityResolver({
  jwtSecret,
  sql,
  channel,
}: IdentityDeps): (authorization: string | undefined) => Promise<Identity> {
  const tokens = new ExpiringCache<AccessClaims>(20_000);
  const keys = new ExpiringCache<Identity>(20_000);
  channel?.on(accessChannel, () => keys.clear());

  async function bySession(token: string): Promise<Identity> {
    if (!jwtSecret) return anonymous;
    const known = tokens.get(token) ?? (await readAccessToken(jwtSecret, token));
    if (!known || Date.now() >= known.exp * 1_000) return anonymous;
    tokens.set(token, known);
    return { type: 'user', accountId: known.account, userId: known.sub, isPlatformAdmin: known.role === 'platform_admin' };
  }

  async function byKey(key: string): Promise<Identity> {
    if (!sql || !isApiKey(key)) return anonymous;
    const keyHash = sha256(key);
    const ask = async (): Promise<Identity> => {
      const owner = await sql.row(selectOwner, { keyHash });
      return owner ? { type: 'api_key', accountId: owner.account_id, userId: owner.user_id, isPlatformAdmin: false } : anonymous;
    };
    return keys.get(keyHash) ?? (await withTimeout(keys.load(keyHash, undefined, ask))) ?? anonymous;
  }

  return async (authorization = '') => {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return anonymous;
    return token.startsWith('al_') ? byKey(token) : bySession(token);
  };
}
