import { sql } from 'kysely';
import { type RowOf, statement } from '../../../database/statement.ts';

const now = sql<string>`now()`;
const tenMinutesAgo = sql<string>`clock_timestamp() - interval '10 minutes'`;

type NewSession = {
  id: string;
  userId: string;
  accountId: string;
  ip: string;
  userAgent: string | null;
  method: 'password' | 'email_otp' | 'oidc' | 'passkey';
  isConfirmed: boolean;
  tokenHash: string;
  lifeSeconds: number;
};

export const insertSession = statement<NewSession>()((db, $) =>
  db
    .with('signed_in', (qc) => qc.updateTable('users').set({ last_login_at: now }).where('id', '=', $.userId))
    .with('opened', (qc) =>
      qc
        .insertInto('sessions')
        .values({
          id: $.id,
          user_id: $.userId,
          active_account_id: $.accountId,
          ip: $.ip,
          user_agent: $.userAgent,
          method: $.method,
          confirmed_at: sql<string | null>`case when ${$.isConfirmed}::boolean then now() end`,
        })
        .returning(['id', 'created_at']),
    )
    .insertInto('refresh_tokens')
    .columns(['token_hash', 'session_id', 'generation', 'issued_at', 'expires_at'])
    .expression((eb) =>
      eb
        .selectFrom('opened')
        .select([
          sql<string>`${$.tokenHash}::text`.as('token_hash'),
          'opened.id',
          sql.lit(0).as('generation'),
          'opened.created_at as issued_at',
          sql<string>`opened.created_at + make_interval(secs => ${$.lifeSeconds})`.as('expires_at'),
        ]),
    )
    .returning('issued_at'),
);

/**
 * A refresh token with its session and user. The account is `accountId`, or else the active account of the session. `in_grace`: rotated at
 * most `graceSeconds` ago, and its successor was the current token when the request arrived, at `receivedAt`.
 */
export const selectRefreshToken = statement<{
  tokenHash: string;
  accountId: string | null;
  graceSeconds: number;
  receivedAt: Date;
}>()((db, $) =>
  db
    .selectFrom('refresh_tokens as t')
    .innerJoin('sessions as s', 's.id', 't.session_id')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .innerJoin('accounts as p', (join) => join.onRef('p.owner_user_id', '=', 'u.id').on('p.type', '=', sql.lit('personal' as const)))
    .leftJoin('memberships as pm', (join) => join.onRef('pm.account_id', '=', 'p.id').onRef('pm.user_id', '=', 'u.id'))
    .leftJoin('accounts as a', (join) =>
      join
        .on((eb) => eb('a.id', '=', eb.fn.coalesce(sql<string | null>`${$.accountId}::uuid`, 's.active_account_id')))
        .on('a.deleted_at', 'is', null),
    )
    .leftJoin('memberships as m', (join) => join.onRef('m.account_id', '=', 'a.id').onRef('m.user_id', '=', 'u.id'))
    .select((eb) => [
      't.session_id',
      's.user_id',
      'u.status as user_status',
      'u.is_platform_admin',
      eb('s.revoked_at', 'is not', null).$castTo<boolean>().as('revoked'),
      eb('t.rotated_at', 'is not', null).$castTo<boolean>().as('rotated'),
      eb
        .and([
          sql<boolean>`coalesce(t.rotated_at > clock_timestamp() - make_interval(secs => ${$.graceSeconds}), false)`,
          eb.not(
            eb.exists(
              eb
                .selectFrom('refresh_tokens as n')
                .select(sql.lit(1).as('one'))
                .whereRef('n.session_id', '=', 't.session_id')
                .where('n.generation', '=', eb('t.generation', '+', sql.lit(1)))
                .where('n.rotated_at', '<=', sql<string>`${$.receivedAt}::timestamptz`),
            ),
          ),
        ])
        .$castTo<boolean>()
        .as('in_grace'),
      eb('t.expires_at', '<=', sql<string>`clock_timestamp()`)
        .$castTo<boolean>()
        .as('expired'),
      'a.id as account_id',
      'a.status as account_status',
      'm.role',
      'p.id as personal_account_id',
      'pm.role as personal_role',
    ])
    .where('t.token_hash', '=', $.tokenHash),
);

export type RefreshTokenRow = RowOf<typeof selectRefreshToken>;

type Rotation = { tokenHash: string; nextTokenHash: string; accountId: string; lifeSeconds: number };

/** Of parallel calls, exactly one rotates the token and inserts its successor. */
export const rotateRefreshToken = statement<Rotation>()((db, $) =>
  db
    .with('taken', (qc) =>
      qc
        .updateTable('refresh_tokens')
        .set({ rotated_at: now })
        .where('token_hash', '=', $.tokenHash)
        .where('rotated_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(['session_id', 'generation']),
    )
    .with('live', (qc) =>
      qc
        .updateTable('sessions as s')
        .from('taken')
        .set({ last_used_at: now, active_account_id: $.accountId })
        .whereRef('s.id', '=', 'taken.session_id')
        .where('s.revoked_at', 'is', null)
        .returning(['s.id', 'taken.generation']),
    )
    .insertInto('refresh_tokens')
    .columns(['token_hash', 'session_id', 'generation', 'expires_at'])
    .expression((eb) =>
      eb
        .selectFrom('live')
        .select((live) => [
          sql<string>`${$.nextTokenHash}::text`.as('token_hash'),
          'live.id',
          live('live.generation', '+', sql.lit(1)).as('generation'),
          sql<string>`now() + make_interval(secs => ${$.lifeSeconds})`.as('expires_at'),
        ]),
    )
    .returning('issued_at'),
);

export const revokeReusedSession = statement<{ sessionId: string }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ revoked_at: now, revoke_reason: sql.lit('reuse' as const) })
    .where('id', '=', $.sessionId)
    .where('revoked_at', 'is', null),
);

type Ended = { userId: string; sessionId: string | null; tokenHashes: string[]; all: boolean };

/** Ends the session `sessionId` and those of the refresh tokens, or all sessions of the user. */
export const revokeSessions = statement<Ended>()((db, $) =>
  db
    .updateTable('sessions')
    .set({
      revoked_at: now,
      revoke_reason: sql<'logout' | 'logout_all'>`case when ${$.all}::boolean then 'logout_all' else 'logout' end`,
    })
    .where('user_id', '=', $.userId)
    .where('revoked_at', 'is', null)
    .where((eb) =>
      eb.or([
        sql<boolean>`${$.all}::boolean`,
        eb('id', '=', sql<string>`${$.sessionId}::uuid`),
        eb(
          'id',
          'in',
          eb
            .selectFrom('refresh_tokens')
            .select('session_id')
            .where('token_hash', '=', sql<string>`any(${$.tokenHashes}::text[])`),
        ),
      ]),
    ),
);

/** Returns the session if a mailed code, an identity provider or a passkey opened it, or a passkey confirmed it, within the last 10 minutes. */
export const selectFreshCodeSession = statement<{ sessionId: string | null }>()((db, $) =>
  db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', sql<string>`${$.sessionId}::uuid`)
    .where((eb) =>
      eb.or([
        eb.and([eb('method', 'in', [sql.lit('email_otp' as const), sql.lit('oidc' as const)]), eb('created_at', '>', tenMinutesAgo)]),
        eb('confirmed_at', '>', tenMinutesAgo),
      ]),
    ),
);

/** A live session of a user by id or by refresh token. The token may be rotated: another request may be exchanging it. */
export const selectOwnSession = statement<{ userId: string; sessionId: string | null; tokenHash: string | null }>()((db, $) =>
  db
    .selectFrom('sessions')
    .select(['id', 'method'])
    .where('user_id', '=', $.userId)
    .where('revoked_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('id', '=', sql<string>`${$.sessionId}::uuid`),
        eb(
          'id',
          '=',
          eb
            .selectFrom('refresh_tokens')
            .select('session_id')
            .where('token_hash', '=', sql<string>`${$.tokenHash}::text`)
            .where('expires_at', '>', now),
        ),
      ]),
    )
    .orderBy((eb) => eb('method', '<>', sql.lit('email_otp' as const)), 'desc')
    .limit(sql.lit(1)),
);

export const revokeOtherSessions = statement<{ userId: string; keptId: string | null }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ revoked_at: now, revoke_reason: sql.lit('logout_all' as const) })
    .where('user_id', '=', $.userId)
    .where('id', '<>', sql<string>`${$.keptId}::uuid`)
    .where('revoked_at', 'is', null),
);
