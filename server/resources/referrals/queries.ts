import { expressionBuilder, sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';

type NewReferral = { id: string; inviterId: string; inviteeId: string; codeId: string };

export const insertReferral = statement<NewReferral>()((db, $) =>
  db.insertInto('referrals').values({
    id: $.id,
    inviter_user_id: $.inviterId,
    invitee_user_id: $.inviteeId,
    invite_code_id: $.codeId,
    rewarded_at: sql.lit(null),
  }),
);

/** The login of the user in a column; null for a deleted user. */
const loginOf = (user: string) =>
  expressionBuilder<Tables>()
    .selectFrom('credentials as c')
    .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'c.user_id').on('u.status', '<>', sql.lit('deleted' as const)))
    .select('c.login')
    .where('c.user_id', '=', sql.ref<string>(user));

/** A null `inviterId` matches all inviters. */
export const selectReferrals = statement<{ inviterId: string | null } & PageKey>({ rowBytes: 2_000 })((db, $) =>
  db
    .selectFrom('referrals as r')
    .select([
      'r.id',
      'r.inviter_user_id',
      'r.invitee_user_id',
      'r.invite_code_id',
      'r.credited',
      'r.created_at',
      loginOf('r.inviter_user_id').as('inviter_login'),
      loginOf('r.invitee_user_id').as('invitee_login'),
    ])
    .where(sql<boolean>`(${$.inviterId}::uuid is null or r.inviter_user_id = ${$.inviterId})`)
    .where(onPage($, 'r.created_at', 'r.id'))
    .orderBy('r.created_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit($.limit),
);

/**
 * A user and the users they referred, at most `steps` levels deep and `limit` users. A user has one inviter, so only a cycle can repeat a
 * user; `path` excludes it.
 */
export const selectTree = statement<{ userId: string; steps: number; limit: number }>({ rowBytes: 2_000 })((db, $) =>
  db
    .withRecursive('tree(user_id, inviter_id, depth, created_at, path)', (qc) =>
      qc
        .selectFrom('users as u')
        .select([
          'u.id as user_id',
          sql<string | null>`null::uuid`.as('inviter_id'),
          sql<number>`0`.as('depth'),
          'u.created_at',
          sql<string[]>`array[u.id]`.as('path'),
        ])
        .where('u.id', '=', $.userId)
        .unionAll(
          qc
            .selectFrom('tree as t')
            .innerJoin('referrals as r', 'r.inviter_user_id', 't.user_id')
            .select([
              'r.invitee_user_id as user_id',
              'r.inviter_user_id as inviter_id',
              sql<number>`t.depth + 1`.as('depth'),
              'r.created_at',
              sql<string[]>`t.path || r.invitee_user_id`.as('path'),
            ])
            .where('t.depth', '<', $.steps)
            .where('r.invitee_user_id', '<>', sql<string>`all(t.path)`),
        ),
    )
    .with('nearest', (qc) =>
      qc
        .selectFrom('tree')
        .select(['user_id', 'inviter_id', 'depth', 'created_at'])
        .orderBy('depth')
        .orderBy('created_at')
        .orderBy('user_id')
        .limit($.limit),
    )
    .selectFrom('nearest as n')
    .select(['n.user_id', loginOf('n.user_id').as('login'), 'n.inviter_id', 'n.depth', 'n.created_at'])
    .orderBy('n.depth')
    .orderBy('n.created_at')
    .orderBy('n.user_id'),
);

export type ReferralRow = RowOf<typeof selectReferrals>;
export type ReferralNodeRow = RowOf<typeof selectTree>;
