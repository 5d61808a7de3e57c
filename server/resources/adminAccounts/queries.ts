import { sql } from 'kysely';
import type { AdminAccount } from '../../../contract/adminAccounts.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type Parameters, type RowOf, statement } from '../../database/statement.ts';
import { reservedCredits } from '../credits/reserved.ts';

type Filter = { pattern: string | null; status: AdminAccount['status'] | null; type: AdminAccount['type'] | null };

/** Open accounts with their number of members and their balance. */
const accounts = (db: Builder) =>
  db
    .selectFrom('accounts as a')
    .select((eb) => [
      'a.id',
      'a.slug',
      'a.name',
      'a.type',
      'a.status',
      'a.owner_user_id',
      'a.created_at',
      eb
        .selectFrom('memberships as m')
        .select(eb.fn.countAll<number>().as('count'))
        .whereRef('m.account_id', '=', 'a.id')
        .$asScalar()
        .$notNull()
        .as('members_count'),
      eb.fn
        .coalesce(eb.selectFrom('credit_balances as b').select('b.balance').whereRef('b.account_id', '=', 'a.id').$asScalar(), sql.lit(0))
        .as('balance'),
      reservedCredits(eb.ref('a.id')).as('reserved'),
    ])
    .where('a.deleted_at', 'is', null);

const matchesFilter = ({
  pattern,
  status,
  type,
}: Parameters<Filter>) => sql<boolean>`(${pattern}::text is null or a.slug ilike ${pattern} or a.name ilike ${pattern})
  and (${status}::text is null or a.status = ${status}) and (${type}::text is null or a.type = ${type})`;

export const selectAccounts = statement<Filter & PageKey>({ rowBytes: 2_000 })((db, $) =>
  accounts(db)
    .where(matchesFilter($))
    .where(onPage($, 'a.created_at', 'a.id'))
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit($.limit),
);

export const selectAccount = statement<{ accountId: string }>()((db, $) => accounts(db).where('a.id', '=', $.accountId));

export type AdminAccountRow = RowOf<typeof selectAccount>;

export const updateStatus = statement<{ accountId: string; status: AdminAccount['status'] }>()((db, $) =>
  db.updateTable('accounts').set({ status: $.status }).where('id', '=', $.accountId),
);

/** An active platform admin who is a member. */
export const selectActiveAdmin = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select('u.id')
    .where('m.account_id', '=', $.accountId)
    .where('u.is_platform_admin', '=', sql.lit(true))
    .where('u.status', '=', sql.lit('active' as const))
    .limit(sql.lit(1)),
);
