import { type Expression, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../database/sql.ts';
import { type RowOf, sqlStatement, type Statement, statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { lockBroadcast, lockReceivers } from '../resources/broadcasts/queries.ts';
import { queueBroadcast, sendBroadcastTask } from '../resources/broadcasts/queue.ts';
import { unlockLostJobs } from './lostJobs.ts';

type SendDeps = {
  database: Database;
  log: Log;
  stopping: AbortSignal;
};

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), broadcast_id: z.guid() });

/** Users per transaction. */
const batch = 1_000;

type One = { id: string };

const begin = statement<One>()((db, $) =>
  db
    .updateTable('broadcasts')
    .set({ status: sql.lit('sending' as const), moved_at: sql`now()` })
    .where('id', '=', $.id)
    .where('deleted_at', 'is', null)
    .where('status', 'in', [sql.lit('pending' as const), sql.lit('sending' as const)])
    .returning('target_id'),
);

/**
 * Sends to the eligible users of the next batch, in order of their ids, and stores the last id. Returns no row if
 * nothing may be sent any more. The batch is read from one index before any join, so that its cost does not depend on
 * its position. The built-in service user is the one without a credential. The final count includes all notifications,
 * because a user who became a receiver in the meantime already has one.
 */
const sendBatch = (to: 'users' | 'members') =>
  statement<One>()((db, $) =>
    db
      .with('open', (qc) =>
        qc
          .selectFrom('broadcasts')
          .selectAll()
          .where('id', '=', $.id)
          .where('deleted_at', 'is', null)
          .where('status', '=', sql.lit('sending' as const)),
      )
      .with(
        (wb) => wb('next').materialized(),
        (qc): Expression<{ user_id: string }> =>
          to === 'users'
            ? qc
                .selectFrom('users')
                .select('id as user_id')
                .where('status', '=', sql.lit('active' as const))
                .where('id', '>', ({ selectFrom }) => selectFrom('open').select('last_user_id'))
                .orderBy('user_id')
                .limit(sql.lit(batch))
            : qc
                .selectFrom('memberships')
                .select('user_id')
                .where('account_id', '=', ({ selectFrom }) => selectFrom('open').select('target_id'))
                .where('user_id', '>', ({ selectFrom }) => selectFrom('open').select('last_user_id'))
                .orderBy('user_id')
                .limit(sql.lit(batch)),
      )
      .with('sent', (qc) =>
        qc
          .insertInto('notifications')
          .columns(['account_id', 'user_id', 'type', 'broadcast_id'])
          .expression((eb) =>
            eb
              .selectFrom('open')
              .crossJoin('next')
              .innerJoin('users as u', (join) => join.onRef('u.id', '=', 'next.user_id').on('u.status', '=', sql.lit('active' as const)))
              .innerJoin('credentials as c', 'c.user_id', 'u.id')
              .innerJoin('accounts as a', (join) =>
                join.onRef('a.owner_user_id', '=', 'u.id').on('a.type', '=', sql.lit('personal' as const)),
              )
              .select(({ fn }) => [
                fn.coalesce('open.target_id', 'a.id').as('account_id'),
                'u.id as user_id',
                'open.type',
                'open.id as broadcast_id',
              ]),
          )
          .onConflict((conflict) => conflict.columns(['broadcast_id', 'user_id']).where('broadcast_id', 'is not', null).doNothing())
          .returning(sql.lit(1).as('one')),
      )
      .with('counted', (qc) =>
        qc.selectNoFrom(({ eb, selectFrom }) => [
          eb(
            selectFrom('next').select(({ fn }) => fn.countAll<number>().as('count')),
            '<',
            sql.lit(batch),
          ).as('is_last'),
          selectFrom('sent')
            .select(sql<number>`count(*)::int`.as('count'))
            .as('sent'),
        ]),
      )
      .updateTable('broadcasts as b')
      .from(['counted', 'open'])
      .set(({ selectFrom, fn }) => ({
        status: sql`case when counted.is_last then 'completed' else 'sending' end`,
        sent_count: sql<number>`counted.sent + case when counted.is_last then ${selectFrom('notifications as n')
          .select(sql<number>`count(*)::int`.as('count'))
          .where('n.broadcast_id', '=', $.id)} else b.sent_count end`,
        last_user_id: fn.coalesce(selectFrom('next').select('user_id').orderBy('user_id', 'desc').limit(sql.lit(1)), 'b.last_user_id'),
        moved_at: sql`now()`,
      }))
      .whereRef('b.id', '=', 'open.id')
      .returning(['b.status', 'b.sent_count']),
  );

const toAll = sendBatch('users');
const toMembers = sendBatch('members');
type Progress = RowOf<typeof toAll>;

/** Sends the broadcast of a job, continuing where it stopped. Rejects if the job should be retried. */
export async function sendBroadcast({ database, log, stopping }: SendDeps, payload: unknown): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a broadcast job has a payload this worker does not know');
  const { broadcast_id: id, trace_id: traceId } = known.data;
  const begun = await runSerialized(database, id, begin);
  if (!begun) return;
  const next = begun.target_id === null ? toAll : toMembers;
  await database.row(lockReceivers);
  for (let moved: Progress | undefined; moved?.status !== 'completed';) {
    if (stopping.aborted) return await queueBroadcast(database, id, traceId);
    moved = await runSerialized(database, id, next);
    if (!moved) return void log.info({ trace_id: traceId, broadcast_id: id }, 'a broadcast was taken back, or sent by another worker');
    const { status, sent_count } = moved;
    log.debug({ trace_id: traceId, broadcast_id: id, status, sent_count }, 'a part of a broadcast was sent');
  }
}

// Another worker may have the broadcast for longer than a request may wait for a lock.
const waitLonger = sqlStatement()(() => sql`select set_config('lock_timeout', '8s', true) limit 1`);

/**
 * Runs one statement in a transaction that is sent in one packet, so that a worker killed at any time leaves no
 * transaction open. Of two workers that send the same broadcast, one waits for the other and continues from its
 * position.
 */
async function runSerialized<Row>(database: Database, id: string, work: Statement<One, Row>): Promise<Row | undefined> {
  const { done } = await database.transaction(async (tx) => {
    tx.awaitAtCommit(tx.run(waitLonger));
    tx.awaitAtCommit(tx.row(lockBroadcast, { id }));
    const done = tx.row(work, { id });
    tx.awaitAtCommit(done);
    return { done };
  });
  return done;
}

const unlockLost = unlockLostJobs('broadcasts', 'broadcast');

/** Broadcasts that no job will continue. A template, because the queue's tables have no types. */
const failAbandoned = sqlStatement({ bound: 'administered' })(
  () => sql<{ id: string }>`
  update broadcasts b set status = 'failed'
  where b.status in ('pending', 'sending') and not exists (
    select from graphile_worker.jobs j where j.key = 'broadcast:' || b.id and (j.locked_at is not null or j.attempts < j.max_attempts))
  returning b.id`,
);

/** Unlocks the jobs of dead workers, and fails broadcasts whose attempts are used up. */
export async function recoverBroadcasts(
  database: Database,
  leaseSeconds: number,
  activeJobs: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  await database.rows(unlockLost, { task: sendBroadcastTask, leaseSeconds, activeJobs: [...activeJobs] });
  for (const { id } of await database.rows(failAbandoned)) log.error({ broadcast_id: id }, 'a broadcast was not sent to the end');
}
