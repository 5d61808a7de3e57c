import { sql } from 'kysely';
import type { Database, Transaction } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { newTraceId } from '../../platform/telemetry/spans.ts';
import { notifyUsers } from '../../resources/notifications/service.ts';
import { publishAccountEvent } from '../../resources/webhooks/outbox.ts';

/** Keys announced by one transaction, at most. */
const batch = 100;

/** How long before its expiry a key is announced. A key that lives no longer than that in all is not. */
const notice = sql<string>`interval '7 days'`;
const expiresSoon = sql<boolean>`k.revoked_at is null and k.expires_at > now() and k.expires_at <= now() + ${notice}
  and k.expires_at - k.created_at > ${notice} and k.expiry_announced_for is distinct from k.expires_at`;

/** Marks keys of active accounts, so that no other worker announces them. A key whose expiry changes is announced again. */
const claimApiKeys = statement<{ limit: number }>()((db, $) =>
  db
    .updateTable('api_keys')
    .set((eb) => ({ expiry_announced_for: eb.ref('expires_at') }))
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('account_id', 'id'),
        'in',
        selectFrom('api_keys as k')
          .innerJoin('accounts as a', (join) =>
            join
              .onRef('a.id', '=', 'k.account_id')
              .on('a.deleted_at', 'is', null)
              .on('a.status', '=', sql.lit('active' as const)),
          )
          .select(['k.account_id', 'k.id'])
          .where(expiresSoon)
          .orderBy('k.expires_at')
          .limit($.limit)
          .forNoKeyUpdate('k')
          .skipLocked()
          .$asTuple('account_id', 'id'),
      ),
    )
    .returning(['account_id', 'id', 'user_id', 'name', 'key_prefix', sql<string>`expires_at`.as('expires_at')]),
);

const claimServiceKeys = statement<{ limit: number }>()((db, $) =>
  db
    .updateTable('service_keys')
    .set((eb) => ({ expiry_announced_for: eb.ref('expires_at') }))
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('service_keys as k')
        .select('k.id')
        .where(expiresSoon)
        .orderBy('k.expires_at')
        .limit($.limit)
        .forNoKeyUpdate('k')
        .skipLocked(),
    )
    .returning(['id', 'name', 'key_prefix', sql<string>`expires_at`.as('expires_at')]),
);

const selectPlatformAdmins = statement({ bound: 'administered' })((db) =>
  db
    .selectFrom('users as u')
    .innerJoin('accounts as a', (join) => join.onRef('a.owner_user_id', '=', 'u.id').on('a.type', '=', sql.lit('personal' as const)))
    .select(['u.id', 'a.id as home'])
    .where('u.is_platform_admin', '=', sql.lit(true))
    .where('u.status', '=', sql.lit('active' as const)),
);

type ExpiringKey = { id: string; name: string; key_prefix: string; expires_at: string };

const textOf = ({ name, key_prefix: prefix, expires_at: end }: ExpiringKey) =>
  `“${name}” (${prefix}…) is rejected from ${end} on. Set a later expiry, or replace it in the programs that use it.`;

/** Announces keys that expire within 7 days, once for each expiry: API keys to their user and as `api_key.expiring`, service keys to all platform admins. */
export async function announceExpiringKeys(database: Database): Promise<void> {
  while ((await database.transaction(announceApiKeys)) === batch);
  while ((await database.transaction(announceServiceKeys)) === batch);
}

async function announceApiKeys(tx: Transaction): Promise<number> {
  const keys = await tx.rows(claimApiKeys, { limit: batch });
  for (const { account_id: accountId, id: api_key_id, user_id, ...key } of keys) {
    await notifyUsers(tx, {
      accountId,
      userIds: [user_id],
      type: 'api_key.expiring',
      title: 'An API key expires soon',
      body: textOf({ id: api_key_id, ...key }),
      payload: { api_key_id, expires_at: key.expires_at },
    });
    await publishAccountEvent(tx, newTraceId(), accountId, { type: 'api_key.expiring', data: { api_key_id, user_id, ...key } });
  }
  return keys.length;
}

async function announceServiceKeys(tx: Transaction): Promise<number> {
  const keys = await tx.rows(claimServiceKeys, { limit: batch });
  const admins = keys.length > 0 ? await tx.rows(selectPlatformAdmins) : [];
  for (const key of keys)
    for (const { id, home } of admins)
      await notifyUsers(tx, {
        accountId: home,
        userIds: [id],
        type: 'service_key.expiring',
        title: 'A service key expires soon',
        body: textOf(key),
        payload: { service_key_id: key.id, expires_at: key.expires_at },
      });
  return keys.length;
}
