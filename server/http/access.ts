import type { IncomingHttpHeaders } from 'node:http';
import { permissionsOf, platformPermissions } from '../../contract/shared/permissions.ts';
import type { Access, Admitted, Grant, Reach } from '../kernel/access.ts';
import { type AccessClaims, readAccessToken } from '../kernel/accessTokens.ts';
import { isApiKey } from '../kernel/apiKeys.ts';
import { notFound, refuse } from '../kernel/failure.ts';
import { sha256 } from '../kernel/ids.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import { Memory } from './memory.ts';

type Standing = {
  status: string;
  is_platform_admin: boolean;
  tokens_invalid_before: string;
  session_live: boolean;
  account_status: string | null;
  role: string | null;
};
type KeyStanding = Standing & {
  user_id: string;
  account_id: string;
  key_id: string;
  scopes: string[];
  inherits_permissions: boolean;
  revoked_at: string | null;
};

const standing = `u.status, u.is_platform_admin, u.tokens_invalid_before, a.status as account_status, m.role`;
const accountJoin = (account: string) => `
  left join accounts a on a.id = ${account} and a.deleted_at is null
  left join memberships m on m.account_id = a.id and m.user_id = u.id`;

/** One query answers everything about a session in an account. */
const selectSession = statement<Standing>(`
  select ${standing}, s.id is not null as session_live
  from users u left join sessions s on s.id = $2 and s.user_id = u.id and s.revoked_at is null ${accountJoin('$3')}
  where u.id = $1 and u.status <> 'deleted'`);

const selectKey = statement<KeyStanding>(`
  select ${standing}, true as session_live, k.user_id, k.account_id, k.id as key_id, k.scopes, k.inherits_permissions, k.revoked_at
  from api_keys k join users u on u.id = k.user_id and u.status <> 'deleted' ${accountJoin('k.account_id')}
  where k.key_hash = $1`);

const touchKey = statement<never>(
  `update api_keys set last_used_at = now() where account_id = $1 and id = $2 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
);

/** In place of the id of a user. */
const everybody = '*';

export type AccessDeps = { sql: Sql; jwtSecret: Buffer; announce(userId: string): void; onKeyUseFailed(error: unknown): void };

/** Authentication and authorisation from the database, remembered until told otherwise. */
export function createAccess({ sql, jwtSecret, announce, onKeyUseFailed }: AccessDeps) {
  const claims = new Memory<AccessClaims>(20_000);
  const sessions = new Memory<Standing>(20_000);
  const keys = new Memory<KeyStanding>(20_000);
  const touched = new Memory<true>(20_000, 60_000);

  async function bySession(token: string, wanted: string | undefined, acceptExpired: boolean): Promise<Admitted> {
    const known = claims.get(token) ?? (await readAccessToken(jwtSecret, token));
    if (!known) throw unauthenticated('invalid_token', 'The token is not valid.');
    claims.set(token, known);
    if (!acceptExpired && Date.now() >= known.exp * 1000) throw unauthenticated('token_expired', 'The token has expired.');
    const standingIn = async (accountId: string) => {
      const key = `${known.sub} ${known.sid} ${accountId}`;
      const found =
        sessions.get(key) ?? (await sessions.load(key, known.sub, () => sql.row(selectSession, [known.sub, known.sid, accountId])));
      if (!found) throw unauthenticated('invalid_token', 'The token is not valid.');
      const revoked =
        !found.session_live || found.status !== 'active' || Math.round(known.iat * 1000) < Date.parse(found.tokens_invalid_before);
      if (revoked) throw unauthenticated('session_revoked', 'The session has ended.');
      return found;
    };
    const asked = wanted ?? known.account;
    const standing = await standingIn(asked);
    return {
      actor: { userId: known.sub, sessionId: known.sid },
      claimedAccountId: known.account,
      async grantFor(named, reach) {
        const accountId = named ?? known.account;
        const found = accountId === asked ? standing : await standingIn(accountId);
        return grantOf(found, accountId, named !== undefined, reach);
      },
    };
  }

  async function byKey(token: string): Promise<Admitted> {
    const hash = isApiKey(token) ? sha256(token) : undefined;
    const found = hash && (keys.get(hash) ?? (await keys.load(hash, undefined, () => sql.row(selectKey, [hash]))));
    if (!found || found.revoked_at !== null || found.status !== 'active') throw unauthenticated('invalid_token', 'The key is not valid.');
    if (!touched.get(found.key_id)) {
      touched.set(found.key_id, true);
      sql.run(touchKey, [found.account_id, found.key_id]).catch(onKeyUseFailed);
    }
    return {
      actor: { userId: found.user_id, apiKeyId: found.key_id },
      claimedAccountId: found.account_id,
      async grantFor(named, reach) {
        if (named !== undefined && named !== found.account_id) throw notFound();
        const grant = grantOf(found, found.account_id, false, reach);
        const granted = (permission: string) =>
          !platformPermissions.includes(permission as never) && (found.inherits_permissions || found.scopes.includes(permission));
        return {
          ...grant,
          permissions: new Set([...grant.permissions].filter(granted)),
          isPlatformAdmin: false,
          isScoped: !found.inherits_permissions,
        };
      },
    };
  }

  const forget = (userId: string) => {
    if (userId === everybody) sessions.clear();
    else sessions.forget(userId);
    // Few keys change, and a key's user is known only by its row.
    keys.clear();
  };
  return {
    async authenticate(authorization, wanted, options) {
      const token = bearerOf(authorization);
      return /^al_/i.test(token) ? byKey(token) : bySession(token, wanted, options?.expired === 'accept');
    },
    forgetUser(userId) {
      forget(userId);
      announce(userId);
    },
    forgetEverybody() {
      forget(everybody);
      announce(everybody);
    },
    /** What another process announced. */
    heardOf: forget,
    /** Without the notification channel nothing may be remembered. */
    rememberOnly(channelIsUp: boolean) {
      for (const memory of [sessions, keys]) memory.enable(channelIsUp);
    },
  } satisfies Access & { heardOf(userId: string): void; rememberOnly(channelIsUp: boolean): void };
}

/** The token of an Authorization header (RFC 6750). */
function bearerOf(authorization: IncomingHttpHeaders['authorization']): string {
  if (authorization === undefined || authorization === '') throw unauthenticated('missing_token', 'Present a token.');
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('invalid_authorization', 'Authorization must be `Bearer <token>`.');
  return token;
}

function grantOf(found: Standing, accountId: string, named: boolean, reach: Reach): Grant {
  const { role, account_status: status, is_platform_admin: isPlatformAdmin } = found;
  const isVisitor = reach === 'member or platform.admin' && isPlatformAdmin && status !== null && role === null;
  if (reach !== 'anybody' && !isVisitor) demandMembership(found, named);
  return { accountId, role, permissions: permissionsFor(role, isPlatformAdmin), isPlatformAdmin, isScoped: false };
}

const sets = new Map<string, ReadonlySet<string>>();

/** There are few roles and many requests: each set is made once. */
function permissionsFor(role: string | null, isPlatformAdmin: boolean): ReadonlySet<string> {
  const key = `${role} ${isPlatformAdmin}`;
  const known = sets.get(key);
  if (known) return known;
  const made = new Set<string>([...(role === null ? [] : permissionsOf(role)), ...(isPlatformAdmin ? platformPermissions : [])]);
  sets.set(key, made);
  return made;
}

function demandMembership({ role, account_status: status }: Standing, named: boolean) {
  if (status === null || role === null) {
    if (named) throw notFound();
    throw refuse('forbidden', 'no_account_membership', 'You are no longer a member of this account.');
  }
  if (status !== 'active') throw refuse('forbidden', 'account_suspended', 'This account is suspended.');
}

const unauthenticated = (reason: string, message: string) => refuse('unauthenticated', reason, message);
