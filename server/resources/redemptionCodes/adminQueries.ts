import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'code',
  'type',
  'value',
  'max_uses',
  'use_count',
  'expires_at',
  'is_active',
  'batch_id',
  'created_by_user_id',
  'created_at',
] as const;

type NewCodes = {
  ids: string[];
  codes: string[];
  type: IssuedCodeRow['type'];
  value: string;
  maxUses: number;
  expiresAt: string | null;
  batchId: string | null;
  userId: string;
};

/** Codes of one batch differ only in `id` and `code`. Skips codes that already exist. */
export const insertCodes = statement<NewCodes>()((db, $) =>
  db
    .insertInto('redemption_codes')
    .columns(['id', 'code', 'type', 'value', 'max_uses', 'expires_at', 'batch_id', 'created_by_user_id'])
    .expression(
      db
        .selectFrom(sql<{ id: string; code: string }>`unnest(${$.ids}::uuid[], ${$.codes}::text[])`.as<'made'>(sql`made (id, code)`))
        .select([
          'made.id',
          'made.code',
          sql<IssuedCodeRow['type']>`${$.type}::text`.as('type'),
          sql<string>`${$.value}::text`.as('value'),
          sql<number>`${$.maxUses}::integer`.as('max_uses'),
          sql<string | null>`${$.expiresAt}::timestamptz`.as('expires_at'),
          sql<string | null>`${$.batchId}::text`.as('batch_id'),
          sql<string>`${$.userId}::uuid`.as('created_by_user_id'),
        ]),
    )
    .onConflict((conflict) => conflict.column('code').doNothing())
    .returning(columns),
);

/** `pattern` matches code and batch. A null parameter filters nothing. */
export const selectCodes = statement<{ pattern: string | null; type: IssuedCodeRow['type'] | null } & PageKey>({ rowBytes: 2_000 })(
  (db, $) =>
    db
      .selectFrom('redemption_codes')
      .select(columns)
      .where(sql<boolean>`(${$.pattern}::text is null or code ilike ${$.pattern} or batch_id ilike ${$.pattern})`)
      .where(sql<boolean>`(${$.type}::text is null or type = ${$.type})`)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
);

export const selectCode = statement<{ id: string }>()((db, $) => db.selectFrom('redemption_codes').select(columns).where('id', '=', $.id));

/** Returns no row if the code is already inactive. */
export const deactivateCode = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('redemption_codes')
    .set({ is_active: sql.lit(false) })
    .where('id', '=', $.id)
    .where('is_active', '=', sql.lit(true))
    .returning(columns),
);

/** A feature flag that accounts may override. */
export const selectOverridable = statement<{ key: string }>()((db, $) =>
  db.selectFrom('feature_flags').select('key').where('key', '=', $.key).where('supports_account_overrides', '=', sql.lit(true)),
);

export type IssuedCodeRow = RowOf<typeof selectCode>;
