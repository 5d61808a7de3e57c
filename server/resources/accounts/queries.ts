import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { activeStatuses } from '../runs/statuses.ts';

const own = [
  'id',
  'slug',
  'name',
  'type',
  'status',
  'timezone',
  'low_credit_threshold',
  'second_factor_required_from',
  'created_at',
] as const;
const columns = [
  'a.id',
  'a.slug',
  'a.name',
  'a.type',
  'a.status',
  'a.timezone',
  'a.low_credit_threshold',
  'a.second_factor_required_from',
  'a.created_at',
  'm.role',
] as const;

/** `role` is null if the user is not a member. */
export const selectAccount = statement<{ accountId: string; userId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('accounts as a')
    .leftJoin('memberships as m', (join) => join.onRef('m.account_id', '=', 'a.id').on('m.user_id', '=', $.userId))
    .select(columns)
    .where('a.id', '=', $.accountId)
    .where('a.deleted_at', 'is', null),
);

export type AccountRow = RowOf<typeof selectAccount>;

export const selectAccountsOfUser = statement<{ userId: string } & PageKey>({ isShort: true, rowBytes: 2_000 })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'm.account_id').on('a.deleted_at', 'is', null))
    .select(columns)
    .where('m.user_id', '=', $.userId)
    .where(onPage($, 'a.created_at', 'a.id'))
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit($.limit),
);

/** Serializes changes to the members of an account. */
export const lockAccount = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select(own).where('id', '=', $.accountId).where('deleted_at', 'is', null).forNoKeyUpdate(),
);

/** Serializes the accounts that a user joins, so that they can be counted. Returns no row for a suspended or deleted user. */
export const lockUser = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users')
    .select('id')
    .where('id', '=', $.userId)
    .where('status', '=', sql.lit('active' as const))
    .forNoKeyUpdate(),
);

/** Returns no row if the slug is taken. Slugs of closed accounts stay taken. */
export const insertWorkspace = statement<{ id: string; slug: string; name: string; userId: string }>()((db, $) =>
  db
    .insertInto('accounts')
    .values({ id: $.id, slug: $.slug, name: $.name, type: sql.lit('workspace' as const), owner_user_id: $.userId })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .returning(own),
);

export const insertAdmin = statement<{ accountId: string; userId: string }>()((db, $) =>
  db.insertInto('memberships').values({ account_id: $.accountId, user_id: $.userId, role: sql.lit('admin') }),
);

export const insertEmptyBalance = statement<{ accountId: string }>()((db, $) =>
  db.insertInto('credit_balances').values({ account_id: $.accountId, balance: sql.lit(0) }),
);

type AccountValues = {
  accountId: string;
  name: string;
  timezone: string | null;
  low_credit_threshold: number | null;
  second_factor_required_from: string | null;
};

export const updateAccount = statement<AccountValues>()((db, $) =>
  db
    .updateTable('accounts')
    .set({
      name: $.name,
      timezone: $.timezone,
      low_credit_threshold: $.low_credit_threshold,
      second_factor_required_from: $.second_factor_required_from,
    })
    .where('id', '=', $.accountId),
);

export const markClosed = statement<{ accountId: string }>()((db, $) =>
  db
    .updateTable('accounts')
    .set({ deleted_at: sql`now()` })
    .where('id', '=', $.accountId)
    .where('deleted_at', 'is', null),
);

export const deleteInvitations = statement<{ accountId: string }>()((db, $) =>
  db.deleteFrom('invitations').where('account_id', '=', $.accountId),
);

/** Starting a run takes this lock too: a run is either visible here, or its start sees that the account is closed. */
export const lockRunSlots = statement<{ accountId: string }>()((db, $) =>
  db.selectNoFrom(sql<unknown>`pg_advisory_xact_lock(hashtextextended('run slots ' || ${$.accountId}::uuid::text, 0))`.as('lock')),
);

/** Those of all users with null. Those of sub-agents come after the runs that started them. */
export const selectOpenRuns = statement<{ accountId: string; userIds: readonly string[] | null }>({ bound: 'openRuns' })((db, $) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('account_id', '=', $.accountId)
    .where(sql<boolean>`(${$.userIds}::uuid[] is null or created_by_user_id = any(${$.userIds}::uuid[]))`)
    .where('status', 'in', activeStatuses)
    .orderBy('id'),
);
