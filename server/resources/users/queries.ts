import { sql } from 'kysely';
import type { UserStatus } from '../../../contract/users.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';
import type { EmailKey } from '../../platform/identity/identity.ts';
import type { Skeleton } from '../../platform/identity/lookalikes.ts';
import { activeStatuses } from '../runs/statuses.ts';

const active = sql.lit('active' as const);

/** Users with their logins. `is_person` is false for the built-in service user, which has no credential. */
const users = (db: Builder) =>
  db
    .selectFrom('users as u')
    .leftJoin('credentials as c', 'c.user_id', 'u.id')
    .select((eb) => [
      'u.id',
      'c.login',
      'u.username',
      'u.email',
      'u.email_verified_at',
      'u.status',
      'u.locale',
      'u.timezone',
      'u.is_platform_admin',
      'u.last_login_at',
      'u.created_at',
      eb('c.user_id', 'is not', null).$castTo<boolean>().as('is_person'),
    ])
    .where('u.status', '<>', sql.lit('deleted' as const))
    .$narrowType<{ status: UserStatus }>();

/** `pattern` matches name, login and email; `canonicalPattern` matches the canonical forms of login and email. */
type Filters = { pattern: string | null; canonicalPattern: string | null; status: UserStatus | null };

export const selectUsers = statement<Filters & PageKey>({ rowBytes: 3_000 })((db, $) => {
  const pattern = sql<string>`${$.pattern}::text`;
  const canonicalPattern = sql<string>`${$.canonicalPattern}::text`;
  return users(db)
    .where((eb) =>
      eb.or([
        eb(pattern, 'is', null),
        eb('u.username', 'ilike', pattern),
        eb('c.login', 'ilike', pattern),
        eb('u.email', 'ilike', pattern),
        eb('c.login_key', 'like', canonicalPattern),
        eb('u.email_key', 'like', canonicalPattern),
      ]),
    )
    .where((eb) => {
      const status = sql<UserStatus>`${$.status}::text`;
      return eb.or([eb(status, 'is', null), eb('u.status', '=', status)]);
    })
    .where(onPage($, 'u.created_at', 'u.id'))
    .orderBy('u.created_at', 'desc')
    .orderBy('u.id', 'desc')
    .limit($.limit);
});

export const selectUser = statement<{ id: string }>()((db, $) => users(db).where('u.id', '=', $.id));

/** Locks the user until the commit. Concurrent sign-ins, run creations and membership inserts wait and then see the change. */
export const lockUser = statement<{ id: string }>()((db, $) => users(db).where('u.id', '=', $.id).forNoKeyUpdate('u'));

export type UserRow = RowOf<typeof selectUser>;

export const selectAccounts = statement<{ userId: string }>({ bound: 'accounts' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'm.account_id').on('a.deleted_at', 'is', null))
    .select(['a.id as account_id', 'a.name', 'a.type', 'm.role'])
    .where('m.user_id', '=', $.userId)
    .orderBy('m.created_at', 'desc')
    .orderBy('a.id', 'desc'),
);

/** Serializes the administration of users, so that two admins cannot revoke each other's rights concurrently. */
export const acquireUserAdministrationLock = statement()((db) =>
  db.selectNoFrom(sql<string>`pg_advisory_xact_lock(hashtextextended('administration of users', 0))`.as('turn')),
);

/** `others`: active platform admins except the target. `with_actor`: the actor is one of the active platform admins. */
export const selectAdmins = statement<{ targetId: string; actorId: string }>()((db, $) =>
  db
    .selectFrom('users')
    .select((eb) => [
      eb.fn.countAll<number>().filterWhere('id', '<>', $.targetId).as('others'),
      eb.fn.coalesce(eb.fn<boolean | null>('bool_or', [eb('id', '=', $.actorId)]), sql.lit<boolean>(false)).as('with_actor'),
    ])
    .where('is_platform_admin', '=', sql.lit(true))
    .where('status', '=', active),
);

export const isActive = statement<{ id: string }>()((db, $) =>
  db.selectFrom('users').select('id').where('id', '=', $.id).where('status', '=', active),
);

type Changes = { status: UserStatus; username: string; locale: string | null; timezone: string | null; isAdmin: boolean };

/** `updateEmail` sets the address. `verifyAddress` and `unverifyAddress` change its verification. */
export const updateUser = statement<{ id: string } & Changes>()((db, $) =>
  db
    .updateTable('users')
    .set({ status: $.status, username: $.username, locale: $.locale, timezone: $.timezone, is_platform_admin: $.isAdmin })
    .where('id', '=', $.id),
);

type Address = { email: string | null; emailKey: EmailKey | null; emailSkeleton: Skeleton | null };

export const updateEmail = statement<{ id: string } & Address>()((db, $) =>
  db.updateTable('users').set({ email: $.email, email_key: $.emailKey, email_skeleton: $.emailSkeleton }).where('id', '=', $.id),
);

/** Keeps the row without personal data, because the history refers to it. */
export const markDeleted = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('users')
    .set({
      status: sql.lit('deleted' as const),
      email: sql.lit(null),
      email_key: sql.lit(null),
      email_skeleton: sql.lit(null),
      is_platform_admin: sql.lit(false),
    })
    .where('id', '=', $.id),
);

type OfUser = { userId: string };

export const deleteCredential = statement<OfUser>()((db, $) => db.deleteFrom('credentials').where('user_id', '=', $.userId));
export const deleteLoginCode = statement<OfUser>()((db, $) => db.deleteFrom('login_codes').where('user_id', '=', $.userId));
export const deleteVerification = statement<OfUser>()((db, $) => db.deleteFrom('email_verifications').where('user_id', '=', $.userId));

/** Removes what the calls of a user say about others: a closed account deletes its calls, but other accounts keep theirs. */
export const forgetEndUsers = statement<OfUser>()((db, $) =>
  db
    .updateTable('chat_completions')
    .set({ end_user: sql.lit(null), metadata: sql.lit(null) })
    .where('created_by_user_id', '=', $.userId)
    .where((eb) => eb.or([eb('end_user', 'is not', null), eb('metadata', 'is not', null)])),
);

export const endSessions = statement<OfUser & { reason: 'suspended' | 'deleted' }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ revoked_at: sql<string>`now()`, revoke_reason: $.reason })
    .where('user_id', '=', $.userId)
    .where('revoked_at', 'is', null),
);

/** The runs of a user that can still be cancelled, in all accounts. */
export const selectOpenRuns = statement<OfUser>({ bound: 'openRuns' })((db, $) =>
  db
    .selectFrom('runs as r')
    .select(['r.id', 'r.account_id'])
    .where('r.created_by_user_id', '=', $.userId)
    .where('r.status', 'in', activeStatuses)
    .orderBy('r.id'),
);

/**
 * Membership of a locked account cannot change. Accounts are locked in the order of their ids, so that concurrent transactions do not
 * deadlock.
 */
export const lockAccounts = statement<OfUser>({ bound: 'accounts' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'm.account_id').on('a.deleted_at', 'is', null))
    .select('a.id')
    .where('m.user_id', '=', $.userId)
    .orderBy('a.id')
    .forNoKeyUpdate('a'),
);

/** The memberships of a user with the numbers of other members. Run it while holding the locks of `lockAccounts`. */
export const selectMemberships = statement<OfUser>({ bound: 'accounts' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'm.account_id').on('a.deleted_at', 'is', null))
    .leftJoin('memberships as o', (join) => join.onRef('o.account_id', '=', 'm.account_id').onRef('o.user_id', '<>', 'm.user_id'))
    .select((eb) => [
      'm.account_id',
      'a.type',
      'm.role',
      eb.fn.count<number>('o.user_id').as('others'),
      eb.fn.countAll<number>().filterWhere('o.role', '=', sql.lit('admin')).as('other_admins'),
    ])
    .where('m.user_id', '=', $.userId)
    .groupBy(['m.account_id', 'a.type', 'm.role'])
    .orderBy('m.account_id'),
);

export type MembershipRow = RowOf<typeof selectMemberships>;
