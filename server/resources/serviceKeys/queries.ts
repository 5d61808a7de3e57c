import { type ExpressionBuilder, sql } from 'kysely';
import { onPage, type PageKey } from '../../database/paging.ts';
import { type Parameters, type RowOf, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { duringOverlap, replacedSecret } from '../../http/access/keySecrets.ts';

/** Whether the user who received the current secret is still an active platform admin. */
const hasAdmin = ({ exists, selectFrom }: ExpressionBuilder<Tables, 'service_keys'>) =>
  exists(
    selectFrom('users as u')
      .select(sql.lit(1).as('one'))
      .whereRef('u.id', '=', 'service_keys.user_id')
      .where('u.status', '=', sql.lit('active' as const))
      .where('u.is_platform_admin', '=', sql.lit(true)),
  )
    .$castTo<boolean>()
    .as('has_admin');

const columns = [
  'id',
  'user_id',
  'name',
  'key_prefix',
  'scopes',
  'allowed_addresses',
  'requests_per_minute',
  'expires_at',
  'previous_expires_at',
  'revoked_at',
  'last_used_at',
  'created_at',
  hasAdmin,
] as const;

/** What can be changed. Null means all addresses, no expiry. */
type Properties = { name: string; allowedAddresses: string[] | null; requestsPerMinute: number; expiresAt: string | null };

const valuesOf = ($: Parameters<Properties>) => ({
  name: $.name,
  allowed_addresses: $.allowedAddresses,
  requests_per_minute: $.requestsPerMinute,
  expires_at: $.expiresAt,
});

type Key = { id: string };
type NewKey = Key & Properties & { userId: string; keyPrefix: string; keyHash: string; scopes: string[] };

export const insertKey = statement<NewKey>()((db, $) =>
  db
    .insertInto('service_keys')
    .values({ id: $.id, user_id: $.userId, key_prefix: $.keyPrefix, key_hash: $.keyHash, scopes: $.scopes, ...valuesOf($) })
    .returning(columns),
);

/** A key without its secret. */
export type ServiceKeyRow = RowOf<typeof insertKey>;

/** Newest first. */
export const selectKeys = statement<PageKey>({ rowBytes: 8_000 })((db, $) =>
  db
    .selectFrom('service_keys')
    .select(columns)
    .where(onPage($, 'created_at', 'id'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit($.limit),
);

export const selectKey = statement<Key>()((db, $) => db.selectFrom('service_keys').select(columns).where('id', '=', $.id));

/** A key that is not revoked, locked until the transaction ends. */
export const lockKey = statement<Key>()((db, $) =>
  db.selectFrom('service_keys').select(columns).where('id', '=', $.id).where('revoked_at', 'is', null).forUpdate(),
);

export const updateKey = statement<Key & Properties>()((db, $) =>
  db.updateTable('service_keys').set(valuesOf($)).where('id', '=', $.id).returning(columns),
);

/** The previous secret is accepted for another `overlapSeconds`; with 0 it is rejected immediately. */
export const replaceSecret = statement<Key & { userId: string; keyPrefix: string; keyHash: string; overlapSeconds: number }>()((db, $) =>
  db
    .updateTable('service_keys')
    .set({
      user_id: $.userId,
      ...replacedSecret($),
      previous_user_id: duringOverlap($, sql<string>`user_id`),
    })
    .where('id', '=', $.id)
    .returning(columns),
);

export const revokeKey = statement<Key>()((db, $) =>
  db
    .updateTable('service_keys')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', $.id)
    .where('revoked_at', 'is', null)
    .returning(['user_id', 'name', 'key_prefix']),
);
