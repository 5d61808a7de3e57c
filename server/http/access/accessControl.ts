import type { IncomingHttpHeaders } from 'node:http';
import { type Expression, sql } from 'kysely';
import { permissionsOf, platformPermissions } from '../../../contract/shared/permissions.ts';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { type AccessClaims, readAccessToken } from '../../platform/crypto/accessTokens.ts';
import type { Keyring } from '../../platform/crypto/keyring.ts';
import { databaseDate, databaseNow } from '../../platform/databaseClock.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { ExpiringCache } from '../cache.ts';
import type { AccessControl, AccessScope, AccountAccess, VerifiedCredential } from './accessTypes.ts';
import { createKeyRequestCounter } from './keyRequests.ts';
import { createLastUse, findBySecret, hasSecret, invalidKey, isCurrentSecret, isUseOutdated, requireUnexpired } from './keySecrets.ts';
import { periodsOf } from './periods.ts';
import { createServiceKeyAccess } from './serviceKeyAccess.ts';

const accessColumns = ['u.status', 'u.is_platform_admin', 'u.tokens_invalid_before', 'a.status as account_status', 'm.role'] as const;

/** Reads everything about a session in an account in one query. */
const selectSession = statement<{ userId: string; sessionId: string; accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('users as u')
    .leftJoin('sessions as s', (join) => join.on('s.id', '=', $.sessionId).onRef('s.user_id', '=', 'u.id').on('s.revoked_at', 'is', null))
    .leftJoin('accounts as a', (join) => join.on('a.id', '=', $.accountId).on('a.deleted_at', 'is', null))
    .leftJoin('memberships as m', (join) => join.onRef('m.account_id', '=', 'a.id').onRef('m.user_id', '=', 'u.id'))
    .select((eb) => [
      ...accessColumns,
      eb('s.id', 'is not', null).$castTo<boolean>().as('session_live'),
      eb
        .or([
          eb('u.second_factor_at', 'is not', null),
          // Without a passkey that is left, the session would outlive the second factor.
          eb.and([
            eb('s.confirmed_at', 'is not', null),
            eb.exists(eb.selectFrom('passkeys as k').select(sql.lit(1).as('one')).whereRef('k.user_id', '=', 'u.id')),
          ]),
        ])
        .$castTo<boolean>()
        .as('has_second_factor'),
      'a.second_factor_required_from',
    ])
    .where('u.id', '=', $.userId)
    .where('u.status', '<>', sql.lit('deleted' as const)),
);

const monthOf = (day: Expression<string>) => sql<string>`date_trunc('month', ${day}::date)::date`;

/**
 * By the current secret, or the one before. `day` (UTC) is that of the requests to read. Without a limit for the whole life of the key, months before
 * it are not read.
 */
const selectKey = statement<{ keyHash: string; day: string }>({ isShort: true, bound: 'one' })((db, $) =>
  db
    .selectFrom('api_keys as k')
    .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'k.user_id').on('u.status', '<>', sql.lit('deleted' as const)))
    .leftJoin('accounts as a', (join) => join.onRef('a.id', '=', 'k.account_id').on('a.deleted_at', 'is', null))
    .leftJoin('memberships as m', (join) => join.onRef('m.account_id', '=', 'a.id').onRef('m.user_id', '=', 'u.id'))
    .leftJoin('api_key_usage as today', (join) =>
      join
        .onRef('today.account_id', '=', 'k.account_id')
        .onRef('today.api_key_id', '=', 'k.id')
        .on('today.day', '=', sql<string>`${$.day}::date`),
    )
    .leftJoinLateral(
      ({ selectFrom }) =>
        selectFrom('api_key_usage as e')
          .select(({ fn }) => [
            fn.sum<number>('e.requests').as('requests'),
            fn.sum<number>('e.requests').filterWhere('e.day', '>=', monthOf($.day)).as('requests_in_month'),
          ])
          .whereRef('e.account_id', '=', 'k.account_id')
          .whereRef('e.api_key_id', '=', 'k.id')
          .where('e.day', '<', sql<string>`${$.day}::date`)
          .where(sql<boolean>`e.day >= case when k.requests_total is null then ${monthOf($.day)} else '-infinity'::date end`)
          .where(sql<boolean>`num_nonnulls(k.requests_per_month, k.requests_total) > 0`)
          .as('earlier'),
      (join) => join.onTrue(),
    )
    .select(({ ref }) => [
      ...accessColumns,
      sql.lit<boolean>(true).as('session_live'),
      'k.user_id',
      'k.account_id',
      'k.id as key_id',
      'k.scopes',
      'k.inherits_permissions',
      'k.revoked_at',
      'k.expires_at',
      isCurrentSecret($, 'k').as('is_current_secret'),
      'k.previous_expires_at',
      'k.models',
      'k.requests_per_minute',
      'k.requests_per_day',
      'k.requests_per_month',
      'k.requests_total',
      sql<string>`${$.day}::text`.as('day'),
      sql<number>`coalesce(${ref('today.requests')}, 0)`.as('requests_today'),
      ref('today.minute').$castTo<string | null>().as('minute'),
      sql<number>`coalesce(${ref('today.minute_requests')}, 0)`.as('requests_in_minute'),
      sql<number>`coalesce(${ref('earlier.requests_in_month')}, 0)`.as('requests_earlier_in_month'),
      sql<number>`coalesce(${ref('earlier.requests')}, 0)`.as('requests_earlier'),
    ])
    .where(hasSecret($, 'k')),
);

const touchKey = statement<{ accountId: string; id: string }>()((db, $) =>
  db
    .updateTable('api_keys')
    .set({ last_used_at: sql<string>`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where(isUseOutdated),
);

type SessionAccess = RowOf<typeof selectSession>;
type KeyAccess = RowOf<typeof selectKey>;

/** Means all users, in place of a user id. */
const allUsers = '*';

export type AccessDeps = {
  db: Queryable;
  jwtSecrets: Keyring;
  /** From when all users need a second factor; null if they do not. */
  secondFactorRequiredFrom(): Promise<string | null>;
  onKeyUseFailed(error: unknown): void;
};

/** Authentication and authorization from the database. Results are cached until they are invalidated. */
export function createAccessControl({ db, jwtSecrets, secondFactorRequiredFrom, onKeyUseFailed }: AccessDeps) {
  const claims = new ExpiringCache<AccessClaims>(20_000);
  const sessions = new ExpiringCache<SessionAccess>(20_000);
  const keys = new ExpiringCache<KeyAccess>(20_000);
  const recordUse = createLastUse(20_000, onKeyUseFailed);
  const requests = createKeyRequestCounter(db, onKeyUseFailed);
  const serviceKeys = createServiceKeyAccess(db, onKeyUseFailed);

  const isSecondFactorRequired = async ({ role, second_factor_required_from: from }: SessionAccess) =>
    (role !== null && hasCome(from)) || hasCome(await secondFactorRequiredFrom());

  async function bySession(token: string, wanted: string | undefined, acceptExpired: boolean): Promise<VerifiedCredential> {
    const known = claims.get(token) ?? (await claims.load(token, undefined, () => readAccessToken(jwtSecrets, token)));
    if (!known) throw unauthenticated('invalid_token', 'The token is not valid.');
    if (!acceptExpired && databaseNow() >= known.exp * 1000) throw unauthenticated('token_expired', 'The token has expired.');
    const standingIn = async (accountId: string) => {
      const key = `${known.sub} ${known.sid} ${accountId}`;
      const found =
        sessions.get(key) ??
        (await sessions.load(key, known.sub, () => db.row(selectSession, { userId: known.sub, sessionId: known.sid, accountId })));
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
      async accessTo(named, reach) {
        const accountId = named ?? known.account;
        const found = accountId === asked ? standing : await standingIn(accountId);
        const access = accountAccessOf(found, accountId, named !== undefined, reach);
        return found.has_second_factor ? access : { ...access, lacksSecondFactor: await isSecondFactorRequired(found) };
      },
    };
  }

  async function byKey(token: string): Promise<VerifiedCredential> {
    const known = await findBySecret(keys, token, 'al_', (keyHash) =>
      db.row(selectKey, { keyHash, day: periodsOf(databaseDate()).day.start }),
    );
    if (known?.row.revoked_at !== null || known.row.status !== 'active') throw invalidKey();
    const { row: found, keyHash } = known;
    requireUnexpired(found);
    recordUse(found.key_id, () => db.run(touchKey, { accountId: found.account_id, id: found.key_id }));
    return {
      actor: { userId: found.user_id, apiKeyId: found.key_id, keyHash, models: found.models },
      claimedAccountId: found.account_id,
      countRequest: () => requests.count(found),
      async accessTo(named, reach) {
        if (named !== undefined && named !== found.account_id) throw notFound();
        const grant = accountAccessOf(found, found.account_id, false, reach);
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
    if (userId === allUsers) sessions.clear();
    else sessions.invalidateOwner(userId);
    // Clear all keys: a key's user is known only from its row, and keys rarely change.
    keys.clear();
    serviceKeys.clear();
  };
  return {
    async authenticate(authorization, wanted, options) {
      const token = bearerOf(authorization);
      if (/^als_/i.test(token)) return serviceKeys.authenticate(token);
      return /^al_/i.test(token) ? byKey(token) : bySession(token, wanted, options?.expired === 'accept');
    },
    invalidateUser: forget,
    invalidateAllUsers: () => forget(allUsers),
    /** Stores the counts of requests that are only in memory. */
    close: () => requests.close(),
    /** Entries are cached only while the notification channel is up. */
    enableCaching(channelIsUp: boolean) {
      for (const memory of [sessions, keys, serviceKeys]) memory.setEnabled(channelIsUp);
    },
  } satisfies AccessControl & {
    enableCaching(channelIsUp: boolean): void;
    close(): Promise<void>;
  };
}

/** The token of an Authorization header (RFC 6750). */
function bearerOf(authorization: IncomingHttpHeaders['authorization']): string {
  if (authorization === undefined || authorization === '') throw unauthenticated('missing_token', 'Present a token.');
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('invalid_authorization', 'Authorization must be `Bearer <token>`.');
  return token;
}

type Standing = Pick<SessionAccess, 'role' | 'account_status' | 'is_platform_admin'>;

function accountAccessOf(found: Standing, accountId: string, named: boolean, reach: AccessScope): AccountAccess {
  const { role, account_status: status, is_platform_admin: isPlatformAdmin } = found;
  const isVisitor = reach === 'member or platform.admin' && isPlatformAdmin && status !== null && role === null;
  if (reach !== 'anybody' && !isVisitor) requireMembership(found, named);
  return { accountId, role, permissions: permissionsFor(role, isPlatformAdmin), isPlatformAdmin, isScoped: false };
}

const sets = new Map<string, ReadonlySet<string>>();

/** Caches one set per role, because there are few roles and many requests. */
function permissionsFor(role: string | null, isPlatformAdmin: boolean): ReadonlySet<string> {
  const key = `${role} ${isPlatformAdmin}`;
  const known = sets.get(key);
  if (known) return known;
  const made = new Set<string>([...(role === null ? [] : permissionsOf(role)), ...(isPlatformAdmin ? platformPermissions : [])]);
  sets.set(key, made);
  return made;
}

function requireMembership({ role, account_status: status }: Pick<Standing, 'role' | 'account_status'>, named: boolean) {
  if (status === null || role === null) {
    if (named) throw notFound();
    throw failWith('forbidden', 'no_account_membership', 'You are no longer a member of this account.');
  }
  if (status !== 'active') throw failWith('forbidden', 'account_suspended', 'This account is suspended.');
}

const hasCome = (time: string | null): boolean => time !== null && Date.parse(time) <= databaseNow();

const unauthenticated = (reason: string, message: string) => failWith('unauthenticated', reason, message);
