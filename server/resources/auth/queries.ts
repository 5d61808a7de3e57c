import { expressionBuilder, sql } from 'kysely';
import { type Builder, type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import type { EmailKey, LoginKey } from '../../platform/identity/identity.ts';
import type { Skeleton } from '../../platform/identity/lookalikes.ts';

const now = sql<string>`now()`;
const one = sql.lit(1).as('one');

type Taken = { loginKey: LoginKey; loginSkeleton: Skeleton; emailKey: EmailKey | null; emailSkeleton: Skeleton | null };

/** Whether a login or an address, or one that looks like it, is taken. The built-in service user has a login without a credential. */
export const selectTaken = statement<Taken>()((db, $) =>
  db.selectNoFrom(({ or, exists, selectFrom }) => {
    const users = selectFrom('users')
      .select(one)
      .where('status', '<>', sql.lit('deleted' as const));
    return [
      or([
        sql<boolean>`'system_agent' in (${$.loginKey}::text, ${$.loginSkeleton}::text)`,
        exists(selectFrom('credentials').select(one).where('login_key', '=', $.loginKey)),
        exists(selectFrom('credentials').select(one).where('login_skeleton', '=', $.loginSkeleton)),
      ])
        .$castTo<boolean>()
        .as('login'),
      or([exists(users.where('email_key', '=', $.emailKey)), exists(users.where('email_skeleton', '=', $.emailSkeleton))])
        .$castTo<boolean>()
        .as('email'),
    ];
  }),
);

/**
 * The user data that sign-in needs. `password_hash` is null if no password is set. `email_key` is null without an address, or if migration
 * 30 found that another user has the same address.
 */
const credential = (db: Builder) =>
  db
    .selectFrom('users as u')
    .innerJoin('credentials as c', 'c.user_id', 'u.id')
    .innerJoin('accounts as a', (join) => join.onRef('a.owner_user_id', '=', 'u.id').on('a.type', '=', sql.lit('personal' as const)))
    .leftJoin('memberships as m', (join) => join.onRef('m.account_id', '=', 'a.id').onRef('m.user_id', '=', 'u.id'))
    .select((eb) => [
      'u.id as user_id',
      'c.login_key',
      'c.password_hash',
      'u.status',
      eb('u.email_verified_at', 'is not', null).$castTo<boolean>().as('email_verified'),
      'u.is_platform_admin',
      'u.email',
      eb.ref('u.email_key').$castTo<EmailKey | null>().as('email_key'),
      'u.locale',
      'a.id as account_id',
      'm.role',
    ])
    .where('u.status', '<>', sql.lit('deleted' as const))
    .$narrowType<{ status: 'active' | 'suspended' }>();

/** No text matches both, because a login never contains @. A union instead of `or`, so that each part uses its index. */
export const selectCredential = statement<{ loginKey: LoginKey; emailKey: EmailKey | null }>()((db, $) =>
  credential(db)
    .where('c.login_key', '=', $.loginKey)
    .unionAll(credential(db).where('u.email_key', '=', $.emailKey))
    .limit(sql.lit(1)),
);

export const selectCredentialByEmail = statement<{ emailKey: EmailKey }>()((db, $) => credential(db).where('u.email_key', '=', $.emailKey));
export const selectCredentialByUserId = statement<{ userId: string }>()((db, $) => credential(db).where('u.id', '=', $.userId));

export type CredentialRow = RowOf<typeof selectCredentialByUserId>;

/**
 * Locks an active user until the session is created, so that a suspension either comes first or ends the session. A second factor that is
 * turned on meanwhile is seen, because it is a column of the locked row.
 */
export const lockActiveUser = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users')
    .select((eb) => eb('second_factor_at', 'is not', null).$castTo<boolean>().as('second_factor'))
    .where('id', '=', $.userId)
    .where('status', '=', sql.lit('active' as const))
    .forNoKeyUpdate(),
);

/** Locks the password hash until the commit. */
export const lockPasswordHash = statement<{ userId: string }>()((db, $) =>
  db.selectFrom('credentials').select('password_hash').where('user_id', '=', $.userId).forUpdate(),
);

export const replacePasswordHash = statement<{ userId: string; oldHash: string | null; newHash: string }>()((db, $) =>
  db
    .updateTable('credentials')
    .set({ password_hash: $.newHash, updated_at: now })
    .where('user_id', '=', $.userId)
    .where('password_hash', 'is not distinct from', $.oldHash),
);

export const invalidateTokens = statement<{ userId: string }>()((db, $) =>
  db
    .updateTable('users')
    .set({ tokens_invalid_before: sql<string>`greatest(tokens_invalid_before, now())` })
    .where('id', '=', $.userId),
);

export const selectPersonalAccount = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('accounts')
    .select('id')
    .where('owner_user_id', '=', $.userId)
    .where('type', '=', sql.lit('personal' as const)),
);

/** The id of the personal account of user `u`. */
export const personalAccountId = () =>
  expressionBuilder<WithAlias<'users', 'u'>, 'u'>()
    .selectFrom('accounts as a')
    .select('a.id')
    .whereRef('a.owner_user_id', '=', 'u.id')
    .where('a.type', '=', sql.lit('personal' as const));
