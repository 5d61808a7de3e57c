import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';
import { personalAccountId } from '../auth/queries.ts';

/** A user with the active account. `email_verification_required`: password sign-in requires a verified email address. */
export const selectMe = statement<{ userId: string; accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as a', (join) => join.on('a.id', '=', $.accountId))
    .leftJoin('credentials as c', 'c.user_id', 'u.id')
    .select((eb) => [
      'u.id',
      'u.username',
      'c.login',
      'u.email',
      eb('u.email_verified_at', 'is not', null).$castTo<boolean>().as('email_verified'),
      'u.timezone',
      'u.locale',
      'u.created_at',
      'a.id as account_id',
      'a.name as account_name',
      'a.timezone as account_timezone',
      eb.fn
        .coalesce(
          eb.selectFrom('feature_flags').select('default_value').where('key', '=', sql.lit('auth.require_email_verification')).$asScalar(),
          sql.lit<boolean>(false),
        )
        .as('email_verification_required'),
    ])
    .where('u.id', '=', $.userId),
);

export type MeRow = RowOf<typeof selectMe>;

/** The fields that users may change of their own profile, and their personal account, whose audit log records the change. */
export const lockProfile = statement<{ userId: string }>()((db, $) =>
  db
    .selectFrom('users as u')
    .select(['u.username', 'u.timezone', 'u.locale', personalAccountId().as('home')])
    .where('u.id', '=', $.userId)
    .forUpdate(),
);

export type ProfileRow = RowOf<typeof lockProfile>;

type Changes = { userId: string; username: string; timezone: string | null; locale: string | null };

export const updateProfile = statement<Changes>()((db, $) =>
  db.updateTable('users').set({ username: $.username, timezone: $.timezone, locale: $.locale }).where('id', '=', $.userId),
);
