import { sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'account_id',
  'user_id',
  'name',
  'key_prefix',
  'scopes',
  'inherits_permissions',
  'revoked_at',
  'last_used_at',
  'created_at',
] as const;

/** Prevents the membership from ending while a key is created. */
export const lockMembership = statement<{ accountId: string; userId: string }>()((db, $) =>
  db.selectFrom('memberships').select('role').where('account_id', '=', $.accountId).where('user_id', '=', $.userId).forNoKeyUpdate(),
);

type NewKey = {
  accountId: string;
  id: string;
  userId: string;
  name: string;
  keyPrefix: string;
  keyHash: string;
  scopes: string[];
  inheritsPermissions: boolean;
};

export const insertKey = statement<NewKey>()((db, $) =>
  db
    .insertInto('api_keys')
    .values({
      account_id: $.accountId,
      id: $.id,
      user_id: $.userId,
      name: $.name,
      key_prefix: $.keyPrefix,
      key_hash: $.keyHash,
      scopes: $.scopes,
      inherits_permissions: $.inheritsPermissions,
    })
    .returning(columns),
);

/** A key without its secret. */
export type ApiKeyRow = RowOf<typeof insertKey>;

/** Newest first. `ownerId` limits the list to one user; null includes all. */
export const selectKeys = statement<{ accountId: string; ownerId: string | null } & PageKey>()((db, $) =>
  db
    .selectFrom('api_keys')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where(({ ref }) => sql<boolean>`(${$.ownerId}::uuid is null or ${ref('user_id')} = ${$.ownerId})`)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

/** `ownerId` limits the statement to keys of one user; null allows all. */
export const revokeKey = statement<{ accountId: string; id: string; ownerId: string | null }>()((db, $) =>
  db
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('revoked_at', 'is', null)
    .where(({ ref }) => sql<boolean>`(${$.ownerId}::uuid is null or ${ref('user_id')} = ${$.ownerId})`)
    .returning(['user_id', 'name', 'key_prefix']),
);
