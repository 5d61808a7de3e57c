import type { Channel } from '../db/channel.ts';
import { Memory } from '../http/memory.ts';
import { accessChannel } from '../jobs/bell.ts';
import { type AccessClaims, readAccessToken } from '../kernel/accessTokens.ts';
import { isApiKey } from '../kernel/apiKeys.ts';
import { sha256 } from '../kernel/ids.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { within } from './patience.ts';

/** Who calls, for limits and logs only: the API authenticates (platform 13.2). */
export type Identity = { type: 'user' | 'api_key' | 'anonymous'; accountId: string; userId: string; isPlatformAdmin: boolean };

/** Somebody without a credential, or with one that is not good. */
export const anonymous: Identity = { type: 'anonymous', accountId: '', userId: '', isPlatformAdmin: false };

const selectOwner = statement<{ account_id: string; user_id: string }>(
  'select account_id, user_id from api_keys where key_hash = $1 and revoked_at is null',
);

export type IdentityDeps = { jwtSecret: Buffer | undefined; sql: Sql | undefined; channel: Channel | undefined };

/** Tells callers by their tokens and keys. What a process without secret or database cannot tell is anonymous. */
export function identifier({ jwtSecret, sql, channel }: IdentityDeps): (authorization: string | undefined) => Promise<Identity> {
  const tokens = new Memory<AccessClaims>(20_000);
  const keys = new Memory<Identity>(20_000);
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
    const hash = sha256(key);
    const ask = async (): Promise<Identity> => {
      const owner = await sql.row(selectOwner, [hash]);
      return owner ? { type: 'api_key', accountId: owner.account_id, userId: owner.user_id, isPlatformAdmin: false } : anonymous;
    };
    return keys.get(hash) ?? (await within(keys.load(hash, undefined, ask))) ?? anonymous;
  }

  return async (authorization = '') => {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return anonymous;
    return token.startsWith('al_') ? byKey(token) : bySession(token);
  };
}
