import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Builder, type RowOf, statement } from '../../database/statement.ts';

const now = sql<string>`now()`;

/** The sessions that can still be refreshed: neither ended nor expired. `expires_at` is that of the newest refresh token. */
const liveSessions = (db: Builder) =>
  db
    .selectFrom('sessions as s')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('refresh_tokens as r')
          .select('r.expires_at')
          .whereRef('r.session_id', '=', 's.id')
          .orderBy('r.generation', 'desc')
          .limit(sql.lit(1))
          .as('t'),
      (join) => join.on('t.expires_at', '>', now),
    )
    .select(['s.id', 's.active_account_id', 's.method', 's.user_agent', 's.ip', 's.created_at', 's.last_used_at', 't.expires_at'])
    .where('s.revoked_at', 'is', null);

export const selectSessions = statement<{ userId: string } & PageKey>({ rowBytes: 3_000 })((db, $) =>
  liveSessions(db)
    .where('s.user_id', '=', $.userId)
    .where(onPage($, 's.created_at', 's.id'))
    .orderBy('s.created_at', 'desc')
    .orderBy('s.id', 'desc')
    .limit($.limit),
);

export type SessionRow = RowOf<typeof selectSessions>;

/** Includes sessions that have ended or expired. */
export const selectSessionId = statement<{ userId: string; id: string }>()((db, $) =>
  db.selectFrom('sessions').select('id').where('user_id', '=', $.userId).where('id', '=', $.id),
);

/** Not `logout`: the client address of a session that is ended from elsewhere is not trusted any more, see `selectSignInAddresses`. */
export const endSession = statement<{ userId: string; id: string }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ revoked_at: now, revoke_reason: sql.lit('logout_all' as const) })
    .where('user_id', '=', $.userId)
    .where('id', '=', $.id)
    .where('revoked_at', 'is', null),
);
