import { sql } from 'kysely';
import { jsonb, statement } from '../database/statement.ts';
import type { Usage } from '../models/model.ts';
import { decideReservation } from '../resources/credits/decideReservation.ts';
import { reservedCredits } from '../resources/credits/reserved.ts';

type Key = { accountId: string; id: string };

/** Seconds after which a completion that its process does not renew counts as left behind. */
const leaseSeconds = 60;
const leaseEnd = sql<string>`clock_timestamp() + interval '${sql.raw(String(leaseSeconds))} seconds'`;

/** Read after the lock of the run slots of the account, which guards its reservations. */
export const selectLimits = statement<{ accountId: string }>()((db, $) =>
  db.selectNoFrom((eb) => [
    eb.selectFrom('accounts').select('status').where('id', '=', $.accountId).where('deleted_at', 'is', null).as('account_status'),
    eb.fn.coalesce(eb.selectFrom('credit_balances').select('balance').where('account_id', '=', $.accountId), sql<number>`0`).as('balance'),
    reservedCredits($.accountId).as('reserved'),
    eb
      .selectFrom('chat_completions')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('account_id', '=', $.accountId)
      .where('status', '=', sql.lit('running' as const))
      .as('running'),
  ]),
);

type NewCompletion = Key & {
  userId: string;
  apiKeyId: string | null;
  model: string;
  /** JSON. */
  route: string;
  reservation: number;
  endUser: string | null;
  /** JSON. */
  metadata: string | null;
  traceId: string;
};

/** Inserts nothing if the user is suspended or deleted. */
export const insertCompletion = statement<NewCompletion>()((db, $) =>
  db
    .with('creator', (qc) =>
      qc
        .selectFrom('users')
        .select('id')
        .where('id', '=', $.userId)
        .where('status', '=', sql.lit('active' as const))
        .forShare(),
    )
    .insertInto('chat_completions')
    .columns([
      'account_id',
      'id',
      'created_by_user_id',
      'api_key_id',
      'model',
      'route',
      'reserved_credits',
      'end_user',
      'metadata',
      'trace_id',
      'expires_at',
    ])
    .expression((eb) =>
      eb
        .selectFrom('creator')
        .select([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          sql<string>`${$.id}::uuid`.as('id'),
          'creator.id as created_by_user_id',
          sql<string | null>`${$.apiKeyId}::uuid`.as('api_key_id'),
          sql<string>`${$.model}::text`.as('model'),
          jsonb<Record<string, unknown>>($.route).as('route'),
          sql<number>`${$.reservation}::bigint`.as('reserved_credits'),
          sql<string | null>`${$.endUser}::text`.as('end_user'),
          jsonb<Record<string, string> | null>($.metadata).as('metadata'),
          sql<string>`${$.traceId}::text`.as('trace_id'),
          leaseEnd.as('expires_at'),
        ]),
    ),
);

/**
 * Stores the usage so far, and renews the lease. Changes nothing once the caller or the account must not make calls any more. `keyHash` is that of the
 * secret of the call, which a rotation may have replaced.
 */
export const storeProgress = statement<Key & { keyHash: string | null; usage: string | null }>()((db, $) =>
  db
    .updateTable('chat_completions')
    .set({ usage: sql`coalesce(${jsonb<Usage | null>($.usage)}, usage)`, expires_at: leaseEnd })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('running' as const))
    .where(({ exists, not, selectFrom }) =>
      exists(
        selectFrom('accounts as a')
          .innerJoin('memberships as m', 'm.account_id', 'a.id')
          .innerJoin('users as u', 'u.id', 'm.user_id')
          .select(sql.lit(1).as('one'))
          .where('a.id', '=', $.accountId)
          .where('a.status', '=', sql.lit('active' as const))
          .where('a.deleted_at', 'is', null)
          .whereRef('u.id', '=', 'chat_completions.created_by_user_id')
          .where('u.status', '=', sql.lit('active' as const))
          .where(
            not(
              exists(
                selectFrom('api_keys as k')
                  .select(sql.lit(1).as('one'))
                  .where('k.account_id', '=', $.accountId)
                  .whereRef('k.id', '=', 'chat_completions.api_key_id')
                  .where((eb) =>
                    eb.or([
                      eb('k.revoked_at', 'is not', null),
                      eb('k.expires_at', '<=', sql<string>`clock_timestamp()`),
                      // A previous secret is accepted until the end of its overlap.
                      sql<boolean>`k.key_hash <> ${$.keyHash}
                        and not coalesce(k.previous_key_hash = ${$.keyHash} and k.previous_expires_at > clock_timestamp(), false)`,
                    ]),
                  ),
              ),
            ),
          ),
      ),
    ),
);

/** Reserves `wanted` credits if `decideReservation` grants them; `billed` is the price of the call so far. */
export const extendReservation = statement<Key & { wanted: number; billed: number }>({ bound: 'one' })((db, $) =>
  decideReservation(
    db,
    {
      id: $.id,
      keyId: db
        .selectFrom('chat_completions')
        .select('api_key_id')
        .where('account_id', '=', $.accountId)
        .where('id', '=', $.id)
        .$asScalar(),
    },
    $,
  )
    .updateTable('chat_completions as c')
    .from('decision')
    .set({ reserved_credits: sql`coalesce(decision.granted, least(c.reserved_credits, ${$.billed}::bigint))` })
    .where('c.account_id', '=', $.accountId)
    .where('c.id', '=', $.id)
    .where('c.status', '=', sql.lit('running' as const))
    .returning(['decision.granted', 'decision.balance', 'decision.others', 'decision.key_budget']),
);

export type EndStatus = 'completed' | 'failed' | 'cancelled';

/** Only the first end of a completion changes a row, so that it is charged once. Releases its reservation. */
export const endCompletion = statement<Key & { status: EndStatus; usage: string | null; costUsd: string }>()((db, $) =>
  db
    .updateTable('chat_completions')
    .set({
      status: $.status,
      usage: jsonb<Usage | null>($.usage),
      cost_usd: sql`${$.costUsd}::numeric`,
      reserved_credits: sql.lit(0),
      ended_at: sql<string>`now()`,
    })
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('status', '=', sql.lit('running' as const))
    .returning('id'),
);

/** In the order in which selectors find them. */
export const selectModels = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('llm_models as m')
    .innerJoin('llm_providers as p', 'p.id', 'm.provider_id')
    .select(['m.model', 'm.show_in_picker', 'm.created_at', 'p.name as provider', 'p.account_id'])
    .where((eb) => eb.or([eb('p.account_id', '=', $.accountId), eb('p.account_id', 'is', null)]))
    .orderBy((eb) => eb('p.account_id', 'is', null))
    .orderBy('m.priority', 'desc')
    .orderBy('m.created_at')
    .orderBy('m.id'),
);
