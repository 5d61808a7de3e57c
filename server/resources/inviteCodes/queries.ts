import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['id', 'user_id', 'code', 'max_uses', 'use_count', 'is_active', 'created_at'] as const;

/** Inserts nothing if the code is taken or the user has an active code. */
export const insertCode = statement<{ id: string; userId: string; code: string; maxUses: number }>()((db, $) =>
  db
    .insertInto('invite_codes')
    .values({ id: $.id, user_id: $.userId, code: $.code, max_uses: $.maxUses })
    .onConflict((conflict) => conflict.doNothing())
    .returning(columns),
);

export const selectActive = statement<{ userId: string }>()((db, $) =>
  db.selectFrom('invite_codes').select(columns).where('user_id', '=', $.userId).where('is_active', '=', sql.lit(true)),
);

/** Counts one use if the code has one left and the inviter is active. */
export const incrementUses = statement<{ code: string }>()((db, $) =>
  db
    .updateTable('invite_codes as c')
    .set((eb) => ({ use_count: eb('c.use_count', '+', sql.lit(1)) }))
    .where('c.code', '=', $.code)
    .where('c.is_active', '=', sql.lit(true))
    .where((eb) => eb.or([eb('c.max_uses', '=', sql.lit(0)), eb('c.use_count', '<', eb.ref('c.max_uses'))]))
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('users as u')
          .select(sql.lit(1).as('one'))
          .whereRef('u.id', '=', 'c.user_id')
          .where('u.status', '=', sql.lit('active' as const)),
      ),
    )
    .returning(['c.id', 'c.user_id']),
);

/** Serializes changes of the codes of a user. */
export const lockOwner = statement<{ userId: string }>()((db, $) =>
  db.selectFrom('users').select('status').where('id', '=', $.userId).forNoKeyUpdate(),
);

/** The newest code of a user, active or not. `left`: seconds until it is 24 hours old. */
export const selectNewest = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('invite_codes')
    .select(['id', sql<number>`extract(epoch from created_at + interval '24 hours' - clock_timestamp())::float8`.as('left')])
    .where('user_id', '=', $.userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(sql.lit(1)),
);

export const deactivateCodes = statement<{ userId: string }>()((db, $) =>
  db
    .updateTable('invite_codes')
    .set({ is_active: sql.lit(false) })
    .where('user_id', '=', $.userId)
    .where('is_active', '=', sql.lit(true)),
);

export type InviteCodeRow = RowOf<typeof selectActive>;
