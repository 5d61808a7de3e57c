import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['id', 'key', 'description', 'default_value', 'supports_account_overrides', 'is_system', 'created_at'] as const;
const overrideColumns = ['account_id', 'enabled', 'created_at'] as const;

/** In byte order of the key. */
export const selectFlags = statement()((db) =>
  db
    .selectFrom('feature_flags')
    .select(columns)
    .orderBy('key', (order) => order.collate('C')),
);

export const selectFlag = statement<{ key: string }>()((db, $) => db.selectFrom('feature_flags').select(columns).where('key', '=', $.key));

export type FlagRow = RowOf<typeof selectFlag>;

/** Returns no row if the key is taken. */
export const insertFlag = statement<{ id: string; key: string; description: string | null; defaultValue: boolean }>()((db, $) =>
  db
    .insertInto('feature_flags')
    .values({ id: $.id, key: $.key, description: $.description, default_value: $.defaultValue })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning(columns),
);

/** Serializes changes of a flag. */
export const lockFlag = statement<{ id: string }>()((db, $) =>
  db.selectFrom('feature_flags').select(columns).where('id', '=', $.id).forNoKeyUpdate(),
);

/** Prevents the deletion of a flag until the commit. */
export const selectFlagForKeyShare = statement<{ id: string }>()((db, $) =>
  db.selectFrom('feature_flags').select('id').where('id', '=', $.id).forKeyShare(),
);

/** Null leaves a column unchanged. */
export const updateFlag = statement<{ id: string; defaultValue: boolean | null; description: string | null }>()((db, $) =>
  db
    .updateTable('feature_flags')
    .set({
      default_value: sql`coalesce(${$.defaultValue}, default_value)`,
      description: sql`coalesce(${$.description}, description)`,
    })
    .where('id', '=', $.id)
    .returning(columns),
);

export const deleteFlag = statement<{ id: string }>()((db, $) =>
  db.deleteFrom('feature_flags').where('id', '=', $.id).where('is_system', '=', sql.lit(false)).returning(columns),
);

type One = { accountId: string; flagId: string };

export const selectOverrides = statement<{ flagId: string } & PageKey>({ rowBytes: 200 })((db, $) =>
  db
    .selectFrom('feature_flag_overrides')
    .select(overrideColumns)
    .where('flag_id', '=', $.flagId)
    .where(onPage($, 'created_at', 'account_id'))
    .orderBy('created_at', 'desc')
    .orderBy('account_id', 'desc')
    .limit($.limit),
);

export const selectOverride = statement<One>()((db, $) =>
  db.selectFrom('feature_flag_overrides').select(overrideColumns).where('account_id', '=', $.accountId).where('flag_id', '=', $.flagId),
);

export type OverrideRow = RowOf<typeof selectOverride>;

export const lockOverride = statement<One>()((db, $) =>
  db
    .selectFrom('feature_flag_overrides')
    .select(overrideColumns)
    .where('account_id', '=', $.accountId)
    .where('flag_id', '=', $.flagId)
    .forUpdate(),
);

/** A replaced row keeps its creation time. `xmax` is 0 only in an inserted row (PostgreSQL 5.6, system columns). */
export const upsertOverride = statement<One & { enabled: boolean }>()((db, $) =>
  db
    .insertInto('feature_flag_overrides')
    .values({ account_id: $.accountId, flag_id: $.flagId, enabled: $.enabled })
    .onConflict((conflict) => conflict.columns(['account_id', 'flag_id']).doUpdateSet(({ ref }) => ({ enabled: ref('excluded.enabled') })))
    .returning([...overrideColumns, sql<boolean>`xmax = 0`.as('created')]),
);

export const deleteOverride = statement<One>()((db, $) =>
  db.deleteFrom('feature_flag_overrides').where('account_id', '=', $.accountId).where('flag_id', '=', $.flagId).returning(overrideColumns),
);

export const selectFlagValues = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('feature_flags as f')
    .leftJoin('feature_flag_overrides as o', (join) => join.onRef('o.flag_id', '=', 'f.id').on('o.account_id', '=', $.accountId))
    .select(({ fn }) => ['f.key', fn.coalesce('o.enabled', 'f.default_value').as('enabled')])
    .orderBy('f.key'),
);

/** Defaults, without the overrides of accounts. Two parameters and no array, for which PostgreSQL would make a plan each time. */
export const selectDefaults = statement<{ first: string; second: string | null }>()((db, $) =>
  db.selectFrom('feature_flags').select(['key', 'default_value']).where('key', 'in', [$.first, $.second]),
);

/** Changes nothing if the flag does not exist or does not support overrides. */
export const enableForAccount = statement<{ accountId: string; key: string }>()((db, $) =>
  db
    .insertInto('feature_flag_overrides')
    .columns(['account_id', 'flag_id', 'enabled'])
    .expression(
      db
        .selectFrom('feature_flags')
        .select([sql<string>`${$.accountId}::uuid`.as('account_id'), 'id', sql.lit(true).as('enabled')])
        .where('key', '=', $.key)
        .where('supports_account_overrides', '=', sql.lit(true)),
    )
    .onConflict((conflict) => conflict.columns(['account_id', 'flag_id']).doUpdateSet({ enabled: sql.lit(true) })),
);
