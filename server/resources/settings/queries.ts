import { sql } from 'kysely';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';

const columns = ['key', 'value', 'updated_at'] as const;

export const selectSettings = statement()((db) =>
  db
    .selectFrom('platform_settings')
    .select(columns)
    .where('key', '!~', sql.lit('^(bootstrap|internal)[.]'))
    .orderBy('key', (order) => order.collate('C')),
);

/** Includes reserved keys. */
export const selectValues = statement({ isShort: true })((db) => db.selectFrom('platform_settings').select(['key', 'value']));

type One = { key: string };

export const selectSetting = statement<One>({ isShort: true })((db, $) =>
  db.selectFrom('platform_settings').select(columns).where('key', '=', $.key),
);

/** A setting as stored: a JSON value, or `{ sealed }` for a sensitive one. */
export type SettingRow = RowOf<typeof selectSetting>;

export const lockSetting = statement<One>()((db, $) =>
  db.selectFrom('platform_settings').select(columns).where('key', '=', $.key).forUpdate(),
);

/** Serializes updates of several settings, because a row lock does not cover rows that do not exist yet. */
export const acquireSettingsLock = statement()((db) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('platform settings', 0))`.as('lock')),
);

export const lockSettings = statement<{ keys: readonly string[] }>()((db, $) =>
  db
    .selectFrom('platform_settings')
    .select(columns)
    .where('key', '=', sql<string>`any(${$.keys}::text[])`)
    .orderBy('key')
    .forUpdate(),
);

export const upsertSetting = statement<One & { value: string }>()((db, $) =>
  db
    .insertInto('platform_settings')
    .values({ key: $.key, value: jsonb($.value) })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(({ ref }) => ({ value: ref('excluded.value'), updated_at: sql`now()` })))
    .returning(columns),
);

export const deleteSetting = statement<One>()((db, $) => db.deleteFrom('platform_settings').where('key', '=', $.key).returning(columns));

/**
 * The entitlements of the account's plan and overrides. The database computes the remaining lifetime, because its clock decides about
 * expiry.
 */
export const selectAccountEntitlements = statement<{ accountId: string }>({ bound: 'closedList' })((db, $) =>
  db
    .selectFrom('subscriptions as s')
    .innerJoin('plan_entitlements as e', 'e.plan_id', 's.plan_id')
    .select([
      'e.key',
      'e.value',
      'e.value_sealed',
      sql<string>`'plan_entitlement:' || e.plan_id`.as('owner'),
      sql<number | null>`null::double precision`.as('left_ms'),
    ])
    .where('s.account_id', '=', $.accountId)
    .where('s.status', '=', sql.lit('active' as const))
    .unionAll(
      db
        .selectFrom('entitlement_overrides as o')
        .select([
          'o.key',
          'o.value',
          'o.value_sealed',
          sql<string>`'entitlement_override:' || o.account_id`.as('owner'),
          sql<number | null>`(extract(epoch from o.expires_at - clock_timestamp()) * 1000)::double precision`.as('left_ms'),
        ])
        .where('o.account_id', '=', $.accountId)
        .where((eb) => eb.or([eb('o.expires_at', 'is', null), eb('o.expires_at', '>', sql<string>`clock_timestamp()`)])),
    ),
);

export type AccountEntitlementRow = RowOf<typeof selectAccountEntitlements>;
