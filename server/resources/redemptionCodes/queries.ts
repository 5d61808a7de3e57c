import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

/** Counts one use if the code is valid. Concurrent calls never exceed `max_uses`. */
export const incrementUseCount = statement<{ code: string }>()((db, $) =>
  db
    .updateTable('redemption_codes')
    .set((eb) => ({ use_count: eb('use_count', '+', sql.lit(1)) }))
    .where('code', '=', $.code)
    .where('is_active', '=', sql.lit(true))
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<string>`clock_timestamp()`)]))
    .whereRef('use_count', '<', 'max_uses')
    .returning(['id', 'type', 'value']),
);

/** Inserts nothing if the user has already redeemed the code, in any account. */
export const insertRedemption = statement<{ accountId: string; codeId: string; userId: string }>()((db, $) =>
  db
    .insertInto('redemptions')
    .values({ account_id: $.accountId, code_id: $.codeId, user_id: $.userId })
    .onConflict((conflict) => conflict.columns(['code_id', 'user_id']).doNothing()),
);

/** The conditions that prevent a user from redeeming a code. */
export const selectCodeState = statement<{ code: string; userId: string }>()((db, $) =>
  db
    .selectFrom('redemption_codes as c')
    .select(({ not, exists, selectFrom }) => [
      not('c.is_active').as('inactive'),
      sql<boolean>`coalesce(c.expires_at <= clock_timestamp(), false)`.as('expired'),
      sql<boolean>`c.use_count >= c.max_uses`.as('exhausted'),
      exists(
        selectFrom('redemptions as r').select(sql.lit(1).as('one')).whereRef('r.code_id', '=', 'c.id').where('r.user_id', '=', $.userId),
      )
        .$castTo<boolean>()
        .as('redeemed'),
    ])
    .where('c.code', '=', $.code),
);

export type RedemptionCodeRow = RowOf<typeof incrementUseCount>;
export type CodeStateRow = RowOf<typeof selectCodeState>;
