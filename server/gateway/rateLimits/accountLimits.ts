import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { ExpiringCache } from '../../http/cache.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import type { SettingKey } from '../../resources/settings/registry.ts';
import { parseEntitlement } from '../../resources/settings/resolve.ts';
import { withTimeout } from '../timeout.ts';

/** The plan of an account, '' if it has none, and the rate of its plan or override, if they set one; 0 means that of the gateway. */
export type AccountLimits = { plan: string; burst: number | undefined; perMinute: number | undefined };

export type AccountLimitsReader = {
  /** What is known without asking the database. */
  cached(accountId: string): AccountLimits | undefined;
  read(accountId: string): Promise<AccountLimits>;
};

const burstKey = 'limit.request_burst' satisfies SettingKey;
const perMinuteKey = 'limit.requests_per_minute' satisfies SettingKey;
const keys = sql.lit(`{${burstKey},${perMinuteKey}}`);

const selectLimits = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('subscriptions as s')
    .innerJoin('plans as p', 'p.id', 's.plan_id')
    .select([sql<string>`'plan'`.as('key'), sql<string | null>`lower(p.name)`.as('value'), sql<number>`0`.as('rank')])
    .where('s.account_id', '=', $.accountId)
    .where('s.status', '=', sql.lit('active' as const))
    .unionAll(
      db
        .selectFrom('subscriptions as s')
        .innerJoin('plan_entitlements as e', 'e.plan_id', 's.plan_id')
        .select(['e.key', 'e.value', sql<number>`1`.as('rank')])
        .where('s.account_id', '=', $.accountId)
        .where('s.status', '=', sql.lit('active' as const))
        .where('e.key', '=', sql<string>`any(${keys}::text[])`),
    )
    .unionAll(
      db
        .selectFrom('entitlement_overrides as o')
        .select(['o.key', 'o.value', sql<number>`2`.as('rank')])
        .where('o.account_id', '=', $.accountId)
        .where('o.key', '=', sql<string>`any(${keys}::text[])`)
        .where((eb) => eb.or([eb('o.expires_at', 'is', null), eb('o.expires_at', '>', sql<string>`clock_timestamp()`)])),
    ),
);

/** An override takes precedence over the plan. */
function limitsOf(rows: readonly RowOf<typeof selectLimits>[]): AccountLimits {
  const values = new Map(rows.toSorted((one, other) => one.rank - other.rank).map(({ key, value }) => [key, value]));
  const numberOf = (key: SettingKey) => parseEntitlement(key, values.get(key) ?? '') as number | undefined;
  return { plan: values.get('plan') ?? '', burst: numberOf(burstKey), perMinute: numberOf(perMinuteKey) };
}

const none: AccountLimits = { plan: '', burst: undefined, perMinute: undefined };

/** After this time the limits are read again, while the known ones still apply. */
const freshMs = 4_000;
/** How long known limits apply while the database does not answer, also if they may have changed. */
const maxAgeMs = 10 * 60_000;
const maxAccounts = 20_000;

/**
 * Reads the limits of accounts. Only the first request of an account, and the first after a change, waits for them, and not longer than for any
 * other answer of the database. Without an answer, the limits that were known before apply, or else those of the gateway. Undefined without a
 * database.
 */
export function createAccountLimits(
  source: { database: Queryable; changes: CacheInvalidation } | undefined,
): AccountLimitsReader | undefined {
  if (!source) return undefined;
  const { database, changes } = source;
  const memory = new ExpiringCache<{ limits: AccountLimits; staleAt: number }>(maxAccounts, maxAgeMs);
  /** Not invalidated: an outage must not give an account with a plan the limits of accounts without one. */
  const lastRead = new ExpiringCache<AccountLimits>(maxAccounts, maxAgeMs);
  changes.on('entitlements', (accountId) => (accountId === 'platform' ? memory.clear() : memory.invalidateOwner(accountId)));
  const load = async (accountId: string) =>
    (await memory.load(accountId, accountId, async () => {
      const limits = limitsOf(await database.rows(selectLimits, { accountId }));
      lastRead.set(accountId, limits);
      return { limits, staleAt: performance.now() + freshMs };
    }))!;
  return {
    cached(accountId) {
      const known = memory.get(accountId);
      if (known && performance.now() > known.staleAt) {
        known.staleAt = performance.now() + freshMs;
        load(accountId).catch(() => undefined);
      }
      return known?.limits;
    },
    async read(accountId) {
      const found = await withTimeout(load(accountId));
      if (found) return found.limits;
      const limits = lastRead.get(accountId) ?? none;
      // Further requests must not wait for a database that does not answer.
      memory.set(accountId, { limits, staleAt: performance.now() + 1_000 }, accountId);
      return limits;
    },
  };
}
