import { sql } from 'kysely';
import { statement } from '../../database/statement.ts';

/** Keys of the setup token, stored as a hash, and of the marker of the first admin, which is never removed. */
const token = sql.lit('bootstrap.token');
const marker = sql.lit('bootstrap.platform_admin.user_id');

const tokenHash = sql<string>`platform_settings.value ->> 'hash'`;
const tokenExpiry = sql<string>`(platform_settings.value ->> 'expires_at')::timestamptz`;
const expiresAtColumn = sql<string>`(platform_settings.value ->> 'expires_at')::timestamptz(3)`.as('expires_at');

export const upsertToken = statement<{ hash: string }>()((db, $) =>
  db
    .insertInto('platform_settings')
    .columns(['key', 'value'])
    .expression(
      db
        .selectNoFrom([
          token.as('key'),
          sql<unknown>`jsonb_build_object('hash', ${$.hash}::text, 'expires_at', (now() + interval '30 minutes')::timestamptz(3))`.as(
            'value',
          ),
        ])
        .where(({ not, exists, selectFrom }) => not(exists(selectFrom('platform_settings').select('key').where('key', '=', marker)))),
    )
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet((eb) => ({ value: eb.ref('excluded.value'), updated_at: sql<string>`now()` })),
    )
    .returning(expiresAtColumn),
);

/** Returns a row only for the current token. */
export const selectToken = statement<{ hash: string }>()((db, $) =>
  db
    .selectFrom('platform_settings')
    .select((eb) => [
      expiresAtColumn,
      eb(tokenExpiry, '>', sql<string>`now()`)
        .$castTo<boolean>()
        .as('live'),
    ])
    .where('key', '=', token)
    .where(tokenHash, '=', $.hash),
);

export const consumeToken = statement<{ hash: string }>()((db, $) =>
  db
    .deleteFrom('platform_settings')
    .where('key', '=', token)
    .where(tokenHash, '=', $.hash)
    .where(tokenExpiry, '>', sql<string>`now()`),
);

export const deleteToken = statement()((db) => db.deleteFrom('platform_settings').where('key', '=', token));

/** Resolves a race: a second insert waits for the first, and then finds the marker set. */
export const insertMarker = statement<{ userId: string }>()((db, $) =>
  db
    .insertInto('platform_settings')
    .values({ key: marker, value: sql<unknown>`to_jsonb(${$.userId}::text)` })
    .onConflict((conflict) => conflict.column('key').doNothing()),
);

export const selectMarker = statement()((db) =>
  db
    .selectFrom('platform_settings')
    .select(sql<string>`value #>> '{}'`.as('user_id'))
    .where('key', '=', marker),
);

export const selectAdmin = statement()((db) =>
  db
    .selectFrom('users')
    .select('id')
    .where('is_platform_admin', '=', sql.lit(true))
    .where('status', '<>', sql.lit('deleted' as const))
    .limit(sql.lit(1)),
);

/** Promotes a user who can sign in, unless there is a first admin. */
export const promoteUser = statement<{ userId: string }>()((db, $) =>
  db
    .with('candidate', (qc) =>
      qc
        .selectFrom('users as u')
        .innerJoin('credentials as c', 'c.user_id', 'u.id')
        .select('u.id')
        .where('u.id', '=', $.userId)
        .where('u.status', '<>', sql.lit('deleted' as const)),
    )
    .with('marked', (qc) =>
      qc
        .insertInto('platform_settings')
        .columns(['key', 'value'])
        .expression((eb) => eb.selectFrom('candidate').select([marker.as('key'), sql<unknown>`to_jsonb(candidate.id::text)`.as('value')]))
        .onConflict((conflict) => conflict.column('key').doNothing())
        .returning('key'),
    )
    .updateTable('users')
    .from('marked')
    .set({ is_platform_admin: sql.lit(true) })
    .where('users.id', '=', $.userId),
);
