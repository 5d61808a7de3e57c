import { sql } from 'kysely';
import type { MemberRole } from '../../../contract/accounts.ts';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import type { EmailKey } from '../../platform/identity/identity.ts';

const columns = ['id', 'account_id', 'invited_by_user_id', 'email', 'role', 'expires_at', 'accepted_at', 'created_at'] as const;

const now = sql<string>`now()`;

type ToAddress = { accountId: string; emailKey: EmailKey };

/**
 * Reasons not to invite an address, and data of the mail: the name of the inviter, and the locale of the recipient or else of the inviter.
 */
export const selectInviteContext = statement<ToAddress & { inviterId: string }>()((db, $) =>
  db.selectNoFrom(({ exists, fn, selectFrom }) => [
    exists(
      selectFrom('memberships as m')
        .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'm.user_id').on('u.status', '<>', sql.lit('deleted' as const)))
        .select(sql.lit(1).as('one'))
        .where('m.account_id', '=', $.accountId)
        .where('u.email_key', '=', $.emailKey),
    )
      .$castTo<boolean>()
      .as('is_member'),
    exists(
      selectFrom('invitations as i')
        .select(sql.lit(1).as('one'))
        .where('i.account_id', '=', $.accountId)
        .where('i.email_key', '=', $.emailKey)
        .where('i.accepted_at', 'is', null)
        .where('i.expires_at', '>', now),
    )
      .$castTo<boolean>()
      .as('is_invited'),
    fn
      .coalesce(
        selectFrom('users as u')
          .select('u.locale')
          .where('u.email_key', '=', $.emailKey)
          .where('u.status', '<>', sql.lit('deleted' as const))
          .$asScalar(),
        selectFrom('users as u').select('u.locale').where('u.id', '=', $.inviterId).$asScalar(),
      )
      .as('locale'),
    selectFrom('users as u').select('u.username').where('u.id', '=', $.inviterId).$asScalar().$notNull().as('inviter'),
  ]),
);

/** An expired invitation does not block a new one to the same address. */
export const deleteExpired = statement<ToAddress>()((db, $) =>
  db
    .deleteFrom('invitations')
    .where('account_id', '=', $.accountId)
    .where('email_key', '=', $.emailKey)
    .where('accepted_at', 'is', null)
    .where('expires_at', '<=', now),
);

type NewInvitation = ToAddress & { id: string; inviterId: string; email: string; role: MemberRole; tokenHash: string };

export const insertInvitation = statement<NewInvitation>()((db, $) =>
  db
    .insertInto('invitations')
    .values({
      account_id: $.accountId,
      id: $.id,
      invited_by_user_id: $.inviterId,
      email: $.email,
      role: $.role,
      token_hash: $.tokenHash,
      email_key: $.emailKey,
      expires_at: sql`now() + interval '7 days'`,
    })
    .returning(columns),
);

export const selectInvitations = statement<{ accountId: string } & PageKey>({ rowBytes: 2_000 })((db, $) =>
  db
    .selectFrom('invitations')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('accepted_at', 'is', null)
    .where('expires_at', '>', now)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

type One = { accountId: string; id: string };

export const selectPending = statement<One>()((db, $) =>
  db
    .selectFrom('invitations')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('accepted_at', 'is', null),
);

/** An invitation without its token. */
export type InvitationRow = RowOf<typeof selectPending>;

export const revokeInvitation = statement<One>()((db, $) =>
  db
    .deleteFrom('invitations')
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('accepted_at', 'is', null)
    .returning(['email', 'role']),
);

export const selectAccountOfToken = statement<{ tokenHash: string }>()((db, $) =>
  db.selectFrom('invitations').select('account_id').where('token_hash', '=', $.tokenHash),
);

/**
 * Everything that decides an acceptance. The caller must hold the account lock. `inviter_role` is the current role of the inviter; null if
 * the inviter is not an active member.
 */
export const lockInvitation = statement<{ accountId: string; tokenHash: string; userId: string }>()((db, $) =>
  db
    .selectFrom('invitations as i')
    .innerJoin('accounts as a', (join) => join.onRef('a.id', '=', 'i.account_id').on('a.deleted_at', 'is', null))
    .select(({ eb, exists, fn, selectFrom }) => [
      'i.id',
      'i.role',
      fn
        .coalesce(
          selectFrom('users as u')
            .select((of) => of('u.email_key', '=', of.ref('i.email_key')).$castTo<boolean>().as('is_same'))
            .where('u.id', '=', $.userId)
            .$asScalar(),
          sql.lit(false),
        )
        .as('is_addressee'),
      exists(
        selectFrom('users as u').select(sql.lit(1).as('one')).where('u.id', '=', $.userId).where('u.email_verified_at', 'is not', null),
      )
        .$castTo<boolean>()
        .as('is_verified'),
      selectFrom('memberships as m')
        .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'm.user_id').on('u.status', '=', sql.lit('active' as const)))
        .select('m.role')
        .whereRef('m.account_id', '=', 'i.account_id')
        .whereRef('m.user_id', '=', 'i.invited_by_user_id')
        .as('inviter_role'),
      eb('i.accepted_at', 'is not', null).$castTo<boolean>().as('is_accepted'),
      eb('i.expires_at', '<=', now).$castTo<boolean>().as('is_expired'),
      exists(
        selectFrom('memberships as m')
          .select(sql.lit(1).as('one'))
          .whereRef('m.account_id', '=', 'i.account_id')
          .where('m.user_id', '=', $.userId),
      )
        .$castTo<boolean>()
        .as('is_member'),
      'a.status as account_status',
    ])
    .where('i.account_id', '=', $.accountId)
    .where('i.token_hash', '=', $.tokenHash)
    .forUpdate('i'),
);

export type InvitationState = RowOf<typeof lockInvitation>;

export const markAccepted = statement<One>()((db, $) =>
  db
    .updateTable('invitations')
    .set({ accepted_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('accepted_at', 'is', null)
    .where('expires_at', '>', now),
);

export const insertMembership = statement<{ accountId: string; userId: string; role: MemberRole }>()((db, $) =>
  db
    .insertInto('memberships')
    .values({ account_id: $.accountId, user_id: $.userId, role: $.role })
    .onConflict((conflict) => conflict.columns(['account_id', 'user_id']).doNothing()),
);
