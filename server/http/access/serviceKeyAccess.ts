import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { databaseNow } from '../../platform/databaseClock.ts';
import { Failure, failWith, notFound } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { isWithin, type Network, parseNetwork } from '../../platform/network/addresses.ts';
import { ExpiringCache } from '../cache.ts';
import { countAttemptUntilLimit } from '../pipeline/attemptLimits.ts';
import type { VerifiedCredential } from './accessTypes.ts';
import { createLastUse, findBySecret, hasSecret, invalidKey, isCurrentSecret, isUseOutdated, requireUnexpired } from './keySecrets.ts';

/** The account of a service key: none. No row has this ID. */
const noAccount = '00000000-0000-0000-0000-000000000000';

/**
 * By the current secret, or the one before. A secret works as long as the user who received it is an active platform admin: that user knows it,
 * and must not keep rights that they have lost.
 */
const selectServiceKey = statement<{ keyHash: string }>({ isShort: true, bound: 'one' })((db, $) =>
  db
    .selectFrom('service_keys as k')
    .innerJoin('users as u', (join) =>
      join
        .on(sql<boolean>`u.id = case when ${isCurrentSecret($, 'k')} then k.user_id else k.previous_user_id end`)
        .on('u.status', '=', sql.lit('active' as const))
        .on('u.is_platform_admin', '=', sql.lit(true)),
    )
    .select([
      'k.id',
      'u.id as user_id',
      'k.scopes',
      'k.allowed_addresses',
      'k.requests_per_minute',
      'k.expires_at',
      'k.previous_expires_at',
      isCurrentSecret($, 'k').as('is_current_secret'),
    ])
    .where(hasSecret($, 'k'))
    .where('k.revoked_at', 'is', null),
);

const selectAccount = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).where('deleted_at', 'is', null),
);

const touchServiceKey = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('service_keys')
    .set({ last_used_at: sql<string>`now()` })
    .where('id', '=', $.id)
    .where(isUseOutdated),
);

type ServiceKeyRow = RowOf<typeof selectServiceKey>;
type ServiceKey = ServiceKeyRow & { networks: readonly Network[] | null; permissions: ReadonlySet<string> };

const windowSeconds = 60;

/** Authenticates service keys. Their rows are cached until any user's access is invalidated: there are few keys, and they rarely change. */
export function createServiceKeyAccess(db: Queryable, onUseFailed: (error: unknown) => void) {
  const keys = new ExpiringCache<ServiceKey>(1_000);
  const recordUse = createLastUse(1_000, onUseFailed);
  /** When keys that have reached their limit may call again, so that rejected requests cost no statement. */
  const blockedUntil = new Map<string, number>();

  async function readKey(keyHash: string): Promise<ServiceKey | undefined> {
    const row = await db.row(selectServiceKey, { keyHash });
    return row && { ...row, networks: row.allowed_addresses?.map(parseNetwork) ?? null, permissions: new Set(row.scopes) };
  }

  /**
   * Counts in the database, so that all processes together keep to the limit. These keys make few requests, so a statement for each, and a second one
   * for the first of a minute, is affordable.
   */
  async function countRequest({ id, requests_per_minute: max }: ServiceKey) {
    const blocked = blockedUntil.get(id);
    if (blocked !== undefined && blocked > databaseNow()) throw exhausted(max, blocked);
    blockedUntil.delete(id);
    const limit = { bucket: limiterKeyOf('service_key', id), max, seconds: windowSeconds, reason: 'key_requests_exhausted' };
    const seconds = await countAttemptUntilLimit(db, [limit]);
    if (seconds === undefined) return;
    const until = databaseNow() + seconds * 1_000;
    blockedUntil.set(id, until);
    throw exhausted(max, until);
  }

  return {
    async authenticate(token: string): Promise<VerifiedCredential> {
      const found = (await findBySecret(keys, token, 'als_', readKey))?.row;
      if (!found) throw invalidKey();
      requireUnexpired(found);
      return {
        actor: { userId: found.user_id, serviceKeyId: found.id },
        claimedAccountId: noAccount,
        checkAddress(ip) {
          if (found.networks && !isWithin(ip, found.networks))
            throw failWith('forbidden', 'ip_blocked', 'The service key is not accepted from your address.');
          recordUse(found.id, () => db.run(touchServiceKey, { id: found.id }));
        },
        countRequest: () => countRequest(found),
        async accessTo(named, reach) {
          // Only the path of a route for platform admins may name an account.
          if (named !== undefined && (reach !== 'member or platform.admin' || !(await db.row(selectAccount, { accountId: named }))))
            throw notFound();
          return {
            accountId: named ?? noAccount,
            role: null,
            permissions: found.permissions,
            isPlatformAdmin: false,
            isScoped: true,
          };
        },
      };
    },
    clear() {
      keys.clear();
      blockedUntil.clear();
    },
    setEnabled: (enabled: boolean) => keys.setEnabled(enabled),
  };
}

function exhausted(limit: number, until: number) {
  const seconds = Math.max(1, Math.ceil((until - databaseNow()) / 1_000));
  return new Failure(
    'rate_limited',
    'The service key has reached its limit requests_per_minute.',
    { reason: 'key_requests_exhausted', budget: 'requests_per_minute', limit, resets_at: new Date(until).toISOString() },
    { 'retry-after': String(seconds) },
  );
}
