import { type RawBuilder, sql } from 'kysely';
import { type KeyPermission, permissionMatrix } from '../../../contract/shared/permissions.ts';
import type { Queryable } from '../../database/sql.ts';
import { builder, statement } from '../../database/statement.ts';

/** Why the author of something deferred may not do it any more. */
export const lostAuthority = {
  account_closed: 'The account was closed.',
  account_suspended: 'The account is suspended.',
  user_suspended: 'The user is suspended or deleted.',
  no_account_membership: 'The user is no longer a member of the account.',
  missing_permission: 'The role of the user, or the API key, does not allow it any more.',
  key_revoked: 'The API key was revoked.',
  key_expired: 'The API key has expired.',
} as const;

export type LostAuthority = keyof typeof lostAuthority;

/** Who has started a run or a schedule: a user, who may have been deleted, with an API key if one was used. */
export type Author = { accountId: string; userId: string | null; apiKeyId: string | null };

/**
 * Null if the author may still do what these permissions allow. The rules of a request, by the clock of the database. For everything that is done later
 * than it was asked for. See docs/decisions/0109-authority-at-use.md.
 */
export function lostAuthorityOf(
  { accountId, userId, apiKeyId }: { [Name in keyof Author]: RawBuilder<string> },
  permissions: readonly KeyPermission[],
) {
  const listed = (all: readonly string[]) => sql.join(all.map((each) => sql.lit(each)));
  const roles = permissions.map((permission) => sql`m.role in (${listed(permissionMatrix[permission])})`);
  return builder
    .selectFrom(builder.selectNoFrom(sql.lit(0).as('zero')).as('one'))
    .leftJoin('accounts as a', (join) => join.on('a.id', '=', accountId).on('a.deleted_at', 'is', null))
    .leftJoin('users as u', (join) => join.on('u.id', '=', userId).on('u.status', '=', sql.lit('active' as const)))
    .leftJoin('memberships as m', (join) => join.on('m.account_id', '=', accountId).onRef('m.user_id', '=', 'u.id'))
    .leftJoin('api_keys as k', (join) =>
      join.on('k.account_id', '=', accountId).on('k.id', '=', apiKeyId).onRef('k.user_id', '=', 'u.id').on('k.revoked_at', 'is', null),
    )
    .select(
      sql<LostAuthority | null>`case
        when a.id is null then 'account_closed'
        when a.status <> 'active' then 'account_suspended'
        when u.id is null then 'user_suspended'
        when m.user_id is null then 'no_account_membership'
        when not (${sql.join(roles, sql` and `)}) then 'missing_permission'
        when ${apiKeyId} is null then null
        when k.id is null then 'key_revoked'
        when k.expires_at <= clock_timestamp() then 'key_expired'
        when not (k.inherits_permissions or k.scopes @> array[${listed(permissions)}]) then 'missing_permission' end`.as('lost'),
    );
}

/** What a run needs, whoever has started it. */
export const runPermissions = ['data.runs.write'] as const;

const selectLostAuthority = statement<Author>({ isShort: true })((db, $) =>
  db.selectNoFrom(
    lostAuthorityOf(
      { accountId: $.accountId, userId: sql<string>`${$.userId}::uuid`, apiKeyId: sql<string>`${$.apiKeyId}::uuid` },
      runPermissions,
    ).as('lost'),
  ),
);

/** Why a run may do nothing more on behalf of its author; null if it may. */
export const findLostAuthority = async (db: Queryable, author: Author): Promise<LostAuthority | null> =>
  (await db.row(selectLostAuthority, author))!.lost;
