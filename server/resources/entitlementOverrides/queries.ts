import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'account_id',
  'key',
  'value',
  'value_sealed',
  'value_type',
  'reason',
  'expires_at',
  'created_by_user_id',
  'created_at',
] as const;

type One = { accountId: string; id: string };

export const selectOverrides = statement<{ accountId: string } & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('entitlement_overrides')
      .select(columns)
      .where('account_id', '=', $.accountId)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('value', 'value_sealed', 'reason'),
  ),
);

export const selectOverride = statement<One>()((db, $) =>
  db.selectFrom('entitlement_overrides').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

export const lockOverride = statement<{ accountId: string; key: string }>()((db, $) =>
  db.selectFrom('entitlement_overrides').select(columns).where('account_id', '=', $.accountId).where('key', '=', $.key).forUpdate(),
);

type NewOverride = One & {
  key: string;
  value: string | null;
  sealed: Buffer | null;
  type: OverrideRow['value_type'];
  reason: string | null;
  expiresAt: string | null;
  userId: string;
};

/** A replaced row keeps its id and its creation time. */
export const upsertOverride = statement<NewOverride>()((db, $) =>
  db
    .insertInto('entitlement_overrides')
    .values({
      account_id: $.accountId,
      id: $.id,
      key: $.key,
      value: $.value,
      value_sealed: $.sealed,
      value_type: $.type,
      reason: $.reason,
      expires_at: $.expiresAt,
      created_by_user_id: $.userId,
    })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'key']).doUpdateSet(({ ref }) => ({
        value: ref('excluded.value'),
        value_sealed: ref('excluded.value_sealed'),
        value_type: ref('excluded.value_type'),
        reason: ref('excluded.reason'),
        expires_at: ref('excluded.expires_at'),
        created_by_user_id: ref('excluded.created_by_user_id'),
      })),
    )
    .returning(columns),
);

export const deleteOverride = statement<One>()((db, $) =>
  db.deleteFrom('entitlement_overrides').where('account_id', '=', $.accountId).where('id', '=', $.id).returning(columns),
);

export type OverrideRow = RowOf<typeof selectOverride>;
