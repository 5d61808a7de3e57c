import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

/** Codes with their owners. Login and email of a deleted user are null. */
const owned = (db: Builder) =>
  db
    .selectFrom('invite_codes as i')
    .leftJoin('users as u', (join) => join.onRef('u.id', '=', 'i.user_id').on('u.status', '<>', sql.lit('deleted' as const)))
    .leftJoin('credentials as c', 'c.user_id', 'u.id')
    .select([
      'i.id',
      'i.user_id',
      'i.code',
      'i.max_uses',
      'i.use_count',
      'i.is_active',
      'i.created_at',
      'c.login as user_login',
      'u.email as user_email',
    ]);

/** `typed`: a pattern for code, login and email; `canonical`: a pattern for the lookup keys of login and email. Null matches everything. */
export const selectCodes = statement<{ typed: string | null; canonical: string | null } & PageKey>({ rowBytes: 2_000 })((db, $) =>
  owned(db)
    .where(
      sql<boolean>`(${$.typed}::text is null or i.code ilike ${$.typed} or c.login ilike ${$.typed} or u.email ilike ${$.typed}
        or c.login_key like ${$.canonical} or u.email_key like ${$.canonical})`,
    )
    .where(onPage($, 'i.created_at', 'i.id'))
    .orderBy('i.created_at', 'desc')
    .orderBy('i.id', 'desc')
    .limit($.limit),
);

export const selectCode = statement<{ id: string }>()((db, $) => owned(db).where('i.id', '=', $.id));

/** Locks a code so that it is not used concurrently. */
export const lockCode = statement<{ id: string }>()((db, $) =>
  db.selectFrom('invite_codes').select(['max_uses', 'is_active']).where('id', '=', $.id).forNoKeyUpdate(),
);

export const selectOtherActive = statement<{ userId: string; id: string }>()((db, $) =>
  db.selectFrom('invite_codes').select('id').where('user_id', '=', $.userId).where('is_active', '=', sql.lit(true)).where('id', '<>', $.id),
);

export const updateCode = statement<{ id: string; maxUses: number; isActive: boolean }>()((db, $) =>
  db.updateTable('invite_codes').set({ max_uses: $.maxUses, is_active: $.isActive }).where('id', '=', $.id),
);

export type OwnedCodeRow = RowOf<typeof selectCode>;
