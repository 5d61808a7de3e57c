import { type NotNull, sql } from 'kysely';
import { type Statement, statement } from '../../database/statement.ts';
import type { CachedData } from '../../pubsub/cacheInvalidation.ts';

const now = sql<string>`now()`;
const one = sql.lit(1).as('one');

type OfUser = { userId: string };

export const deletePassword = statement<OfUser>()((db, $) =>
  db
    .updateTable('credentials')
    .set({ password_hash: sql.lit(null), updated_at: now })
    .where('user_id', '=', $.userId),
);

/** Ends every session of a user except `keptId`. */
export const endSessions = statement<OfUser & { keptId: string | null }>()((db, $) =>
  db
    .updateTable('sessions')
    .set({ revoked_at: now, revoke_reason: sql.lit('address_verified' as const) })
    .where('user_id', '=', $.userId)
    .where('id', 'is distinct from', sql<string>`${$.keptId}::uuid`)
    .where('revoked_at', 'is', null),
);

export const revokeKeys = statement<OfUser>()((db, $) =>
  db.updateTable('api_keys').set({ revoked_at: now }).where('user_id', '=', $.userId).where('revoked_at', 'is', null),
);

export const deleteInvitations = statement<OfUser>()((db, $) =>
  db.deleteFrom('invitations').where('invited_by_user_id', '=', $.userId).where('accepted_at', 'is', null),
);

export const deleteShares = statement<OfUser>()((db, $) => db.deleteFrom('thread_shares').where('created_by_user_id', '=', $.userId));

/** The schedules of a user that start runs, in all accounts. */
export const selectActiveSchedules = statement<OfUser>({ bound: 'schedules' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .innerJoin('schedules as s', (join) => join.onRef('s.account_id', '=', 'm.account_id').onRef('s.created_by_user_id', '=', 'm.user_id'))
    .select(['s.id', 's.account_id'])
    .where('m.user_id', '=', $.userId)
    .where('s.status', '=', sql.lit('active' as const))
    .orderBy('s.id')
    .forUpdate('s'),
);

/** The recipient, and the number of accounts that the user shares with others. The address was just verified, so it is not null. */
export const selectNotificationTarget = statement<OfUser>()((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as a', (join) => join.onRef('a.owner_user_id', '=', 'u.id').on('a.type', '=', sql.lit('personal' as const)))
    .select((eb) => [
      'a.id as home',
      'u.email',
      'u.locale',
      eb
        .selectFrom('memberships as m')
        .innerJoin('accounts as s', (join) => join.onRef('s.id', '=', 'm.account_id').on('s.deleted_at', 'is', null))
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('m.user_id', '=', 'u.id')
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom('memberships as o').select(one).whereRef('o.account_id', '=', 'm.account_id').whereRef('o.user_id', '<>', 'u.id'),
          ),
        )
        .$asScalar()
        .$notNull()
        .as('shared_accounts'),
    ])
    .where('u.id', '=', $.userId)
    .$narrowType<{ email: NotNull }>(),
);

/** The accounts of which the user is the only member. */
export const selectOwnAccounts = statement<OfUser>({ bound: 'accounts' })((db, $) =>
  db
    .selectFrom('memberships as m')
    .select('m.account_id')
    .where('m.user_id', '=', $.userId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('memberships as o').select(one).whereRef('o.account_id', '=', 'm.account_id').whereRef('o.user_id', '<>', 'm.user_id'),
        ),
      ),
    )
    .orderBy('m.account_id'),
);

type OfAccount = { accountId: string };

/** What sends data outside, instructs models or restricts callers, and the caches to invalidate after a change. */
export const connections: readonly { end: Statement<OfAccount, never>; changed?: CachedData }[] = [
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('webhook_endpoints')
        .set({
          enabled: sql.lit(false),
          disabled_reason: sql.lit('manual' as const),
          previous_secret_sealed: sql.lit(null),
          previous_secret_expires_at: sql.lit(null),
        })
        .where('account_id', '=', $.accountId)
        .where('enabled', '=', sql.lit(true)),
    ),
  },
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('webhook_replays')
        .set({ status: sql.lit('cancelled' as const), ended_at: now })
        .where('account_id', '=', $.accountId)
        .where('status', '=', sql.lit('running' as const)),
    ),
  },
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('mcp_configs')
        .set((eb) => ({ is_active: sql.lit(false), revision: eb('revision', '+', sql.lit(1)), updated_at: now }))
        .where('account_id', '=', $.accountId)
        .where('is_active', '=', sql.lit(true)),
    ),
    changed: 'mcp_configs',
  },
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('tool_providers')
        .set({ is_active: sql.lit(false) })
        .where('account_id', '=', $.accountId)
        .where('is_active', '=', sql.lit(true)),
    ),
    changed: 'tool_providers',
  },
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('personas')
        .set({ is_active: sql.lit(false), updated_at: now })
        .where('account_id', '=', $.accountId)
        .where('is_active', '=', sql.lit(true)),
    ),
    changed: 'personas',
  },
  {
    end: statement<OfAccount>()((db, $) =>
      db
        .updateTable('skills')
        .set({ is_active: sql.lit(false), updated_at: now })
        .where('account_id', '=', $.accountId)
        .where('is_active', '=', sql.lit(true)),
    ),
  },
  { end: statement<OfAccount>()((db, $) => db.deleteFrom('llm_providers').where('account_id', '=', $.accountId)) },
  { end: statement<OfAccount>()((db, $) => db.deleteFrom('asr_credentials').where('account_id', '=', $.accountId)) },
  { end: statement<OfAccount>()((db, $) => db.deleteFrom('ip_rules').where('account_id', '=', $.accountId)), changed: 'ip_rules' },
];
