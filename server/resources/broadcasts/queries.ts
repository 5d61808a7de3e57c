import { type RawBuilder, sql } from 'kysely';
import type { Broadcast } from '../../../contract/broadcasts.ts';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { jsonb, type RowOf, statement } from '../../database/statement.ts';

const columns = [
  'id',
  'type',
  'title',
  'body',
  'target_type',
  'target_id',
  'payload',
  'status',
  'sent_count',
  'created_by',
  'created_at',
] as const;

type NewBroadcast = {
  id: string;
  type: string;
  title: string;
  body: string;
  payload: string;
  targetType: Broadcast['target_type'];
  targetId: string | null;
  userId: string;
};

export const insertBroadcast = statement<NewBroadcast>()((db, $) =>
  db
    .insertInto('broadcasts')
    .values({
      id: $.id,
      type: $.type,
      title: $.title,
      body: $.body,
      payload: jsonb<Broadcast['payload']>($.payload),
      target_type: $.targetType,
      target_id: $.targetId,
      created_by: $.userId,
    })
    .returning(columns),
);

export const selectBroadcasts = statement<PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('broadcasts')
      .select(columns)
      .where('deleted_at', 'is', null)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('body', 'payload'),
  ),
);

export const selectBroadcast = statement<{ id: string }>()((db, $) =>
  db.selectFrom('broadcasts').select(columns).where('id', '=', $.id).where('deleted_at', 'is', null),
);

export type BroadcastRow = RowOf<typeof selectBroadcast>;

/**
 * Serializes changes of a broadcast. Advisory locks are granted in the order of the requests. Row locks are not: the next batch of a
 * fan-out could overtake a waiting request again and again.
 */
export const lockBroadcast = statement<{ id: string }>()((db, $) =>
  db.selectNoFrom(lockOf(sql`'broadcast ' || ${$.id}::uuid::text`, 'pg_advisory_xact_lock').as('locked')),
);

/** Also ends a fan-out in progress, which continues only with open broadcasts. */
export const deleteBroadcast = statement<{ id: string }>()((db, $) =>
  db
    .updateTable('broadcasts')
    .set({ deleted_at: sql`now()`, status: sql`case when status = 'completed' then status else 'failed' end` })
    .where('id', '=', $.id)
    .where('deleted_at', 'is', null)
    .returning(columns),
);

/** Fan-outs run one after the other, which leaves worker slots for mail. The third attempt is the last. */
export const addJob = statement<{ task: string; payload: string; key: string }>()((db, $) =>
  db.selectNoFrom(
    sql<unknown>`graphile_worker.add_job(${$.task}, payload := ${$.payload}::json, job_key := ${$.key}, max_attempts := 3, queue_name := 'broadcasts')`.as(
      'job',
    ),
  ),
);

/** Transactions that add a receiver and those that send a broadcast wait for each other, so that no receiver is missed. */
const receivers = sql`'broadcasts'`;
export const lockReceiversShared = statement()((db) => db.selectNoFrom(lockOf(receivers, 'pg_advisory_xact_lock_shared').as('locked')));
export const lockReceivers = statement()((db) => db.selectNoFrom(lockOf(receivers, 'pg_advisory_xact_lock').as('locked')));

function lockOf(name: RawBuilder<unknown>, lock: 'pg_advisory_xact_lock' | 'pg_advisory_xact_lock_shared') {
  return sql<unknown>`${sql.raw(lock)}(hashtextextended(${name}, 0))`;
}

/**
 * Inserts notifications for the recent broadcasts to the account `targetId`, or to all users if it is null. They keep the time of the
 * broadcast.
 */
export const backfill = statement<{ accountId: string; userId: string; targetId: string | null }>()((db, $) =>
  db
    .insertInto('notifications')
    .columns(['account_id', 'user_id', 'type', 'broadcast_id', 'created_at'])
    .expression(
      db
        .selectFrom('broadcasts as b')
        .select([
          sql<string>`${$.accountId}::uuid`.as('account_id'),
          sql<string>`${$.userId}::uuid`.as('user_id'),
          'b.type',
          'b.id as broadcast_id',
          'b.created_at',
        ])
        .where('b.deleted_at', 'is', null)
        .where('b.created_at', '>', sql<string>`now() - interval '30 days'`)
        .where('b.target_id', 'is not distinct from', sql<string | null>`${$.targetId}::uuid`),
    )
    .onConflict((conflict) => conflict.columns(['broadcast_id', 'user_id']).where('broadcast_id', 'is not', null).doNothing()),
);
