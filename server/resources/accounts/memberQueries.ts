import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

const membersOf = (db: Builder) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(({ exists, selectFrom }) => [
      'm.account_id',
      'm.user_id',
      'u.username',
      'u.email',
      'm.role',
      'm.created_at',
      'u.second_factor_at',
      exists(selectFrom('passkeys as p').select(sql.lit(1).as('one')).whereRef('p.user_id', '=', 'u.id'))
        .$castTo<boolean>()
        .as('has_passkey'),
    ]);

type Of = { accountId: string };
type One = Of & { userId: string };
type Several = Of & { userIds: readonly string[] };

export const selectMember = statement<One>()((db, $) =>
  membersOf(db).where('m.account_id', '=', $.accountId).where('m.user_id', '=', $.userId),
);

export type MemberRow = RowOf<typeof selectMember>;

export const selectMembers = statement<Of & PageKey>({ rowBytes: 2_000 })((db, $) =>
  membersOf(db)
    .where('m.account_id', '=', $.accountId)
    .where(onPage($, 'm.created_at', 'm.user_id'))
    .orderBy('m.created_at', 'desc')
    .orderBy('m.user_id', 'desc')
    .limit($.limit),
);

export const selectMemberIds = statement<Of>({ bound: 'members' })((db, $) =>
  db.selectFrom('memberships').select('user_id').where('account_id', '=', $.accountId),
);

/** The caller must hold the account lock, so that `other_admins` stays correct until the commit. */
export const selectMemberState = statement<One>()((db, $) =>
  db
    .selectFrom('memberships')
    .select((eb) => [
      'role',
      eb
        .selectFrom('memberships as o')
        .select(eb.fn.countAll<number>().as('count'))
        .where('o.account_id', '=', $.accountId)
        .where('o.role', '=', sql.lit('admin'))
        .where('o.user_id', '<>', $.userId)
        .$asScalar()
        .$notNull()
        .as('other_admins'),
      eb
        .selectFrom('invitations as i')
        .select(eb.fn.countAll<number>().as('count'))
        .where('i.account_id', '=', $.accountId)
        .where('i.invited_by_user_id', '=', $.userId)
        .where('i.accepted_at', 'is', null)
        .where('i.expires_at', '>', sql<string>`now()`)
        .$asScalar()
        .$notNull()
        .as('open_invitations'),
    ])
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', $.userId),
);

export const selectRole = statement<One>()((db, $) =>
  db.selectFrom('memberships').select('role').where('account_id', '=', $.accountId).where('user_id', '=', $.userId),
);

/** A trigger deletes the member's open invitations when the role changes. */
export const updateRole = statement<One & { role: string }>()((db, $) =>
  db.updateTable('memberships').set({ role: $.role }).where('account_id', '=', $.accountId).where('user_id', '=', $.userId),
);

/** A foreign key cascades to team memberships. A trigger deletes open invitations of the members. */
export const deleteMemberships = statement<Several>()((db, $) =>
  db
    .deleteFrom('memberships')
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', sql<string>`any(${$.userIds}::uuid[])`),
);

export const revokeKeys = statement<Several>()((db, $) =>
  db
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('user_id', '=', sql<string>`any(${$.userIds}::uuid[])`)
    .where('revoked_at', 'is', null),
);

/** Only its creator can see or delete a share link, so it must not outlive the membership. */
export const deleteShares = statement<Several>()((db, $) =>
  db
    .deleteFrom('thread_shares')
    .where('account_id', '=', $.accountId)
    .where('created_by_user_id', '=', sql<string>`any(${$.userIds}::uuid[])`),
);

/** Sessions in the account switch to the personal account of their user. */
export const moveSessions = statement<Several>()((db, $) =>
  db
    .updateTable('sessions as s')
    .from('accounts as home')
    .set((eb) => ({ active_account_id: eb.ref('home.id') }))
    .whereRef('home.owner_user_id', '=', 's.user_id')
    .where('home.type', '=', sql.lit('personal' as const))
    .where('s.active_account_id', '=', $.accountId)
    .where('s.user_id', '=', sql<string>`any(${$.userIds}::uuid[])`)
    .where('s.revoked_at', 'is', null),
);
