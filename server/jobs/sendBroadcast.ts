import { z } from 'zod';
import type { Log } from '../kernel/log.ts';
import { type Database, type Statement, statement } from '../kernel/sql.ts';
import { awaitReceivers, takeTurn } from '../resources/broadcasts/queries.ts';
import { queueBroadcast, sendBroadcastTask } from '../resources/broadcasts/queue.ts';

type SendDeps = {
  database: Database;
  log: Log;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
};
type Progress = { status: 'sending' | 'completed'; sent_count: number };

const Payload = z.object({ v: z.literal(1), trace_id: z.string(), broadcast_id: z.guid() });

/** Users of one transaction. */
const batch = 1_000;

const begin = statement<{ target_id: string | null }>(`
  update broadcasts set status = 'sending', moved_at = now()
  where id = $1 and deleted_at is null and status in ('pending', 'sending') returning target_id`);

/**
 * Send to those of the next users who may have it, in the order of their ids, and note how far this came; no row when nothing may be sent any
 * more. Who is next comes from one index and is settled before anything is joined, so that a batch costs the same wherever it begins. The built-in
 * service user is the one without a credential. The count at the end is that of all notifications: who became a receiver meanwhile has his already.
 */
const sendBatch = (users: string) =>
  statement<Progress>(`
  with open as (select * from broadcasts where id = $1 and deleted_at is null and status = 'sending'),
    next as materialized (${users} order by user_id limit ${batch}),
    sent as (
      insert into notifications (account_id, user_id, type, broadcast_id)
      select coalesce(open.target_id, a.id), u.id, open.type, open.id from open cross join next
      join users u on u.id = next.user_id and u.status = 'active' join credentials c on c.user_id = u.id
      join accounts a on a.owner_user_id = u.id and a.type = 'personal'
      on conflict (broadcast_id, user_id) where broadcast_id is not null do nothing returning 1),
    counted as (select (select count(*) from next) < ${batch} as is_last, (select count(*) from sent)::int as sent)
  update broadcasts b set
    status = case when counted.is_last then 'completed' else 'sending' end,
    sent_count = counted.sent + case when counted.is_last
      then (select count(*)::int from notifications n where n.broadcast_id = $1) else b.sent_count end,
    last_user_id = coalesce((select user_id from next order by user_id desc limit 1), b.last_user_id),
    moved_at = now()
  from counted, open where b.id = open.id returning b.status, b.sent_count`);

const toAll = sendBatch(`select id as user_id from users where status = 'active' and id > (select last_user_id from open)`);
const toMembers = sendBatch(`
  select user_id from memberships where account_id = (select target_id from open) and user_id > (select last_user_id from open)`);

/** Send the broadcast of a job, from where it was left. Rejects when another attempt should go on. */
export async function sendBroadcast({ database, log, stopping }: SendDeps, payload: unknown): Promise<void> {
  const known = Payload.safeParse(payload);
  if (!known.success) return void log.error('a broadcast job has a payload this worker does not know');
  const { broadcast_id: id, trace_id: traceId } = known.data;
  const begun = await inTurn(database, id, begin);
  if (!begun) return;
  const next = begun.target_id === null ? toAll : toMembers;
  await database.row(awaitReceivers);
  for (let moved: Progress | undefined; moved?.status !== 'completed'; ) {
    if (stopping.aborted) return await queueBroadcast(database, id, traceId);
    moved = await inTurn(database, id, next);
    if (!moved) return void log.info({ trace_id: traceId, broadcast_id: id }, 'a broadcast was taken back, or sent by another worker');
    const { status, sent_count } = moved;
    log.debug({ trace_id: traceId, broadcast_id: id, status, sent_count }, 'a part of a broadcast was sent');
  }
}

/**
 * One statement in a transaction that is sent whole, so that a worker that stops in the middle leaves none open, whatever stopped it. Of two
 * workers that send the same broadcast one waits for the other, and goes on from where that came to.
 */
async function inTurn<Row>(database: Database, id: string, work: Statement<Row>): Promise<Row | undefined> {
  const { done } = await database.transaction(async (tx) => {
    tx.withCommit(tx.row(takeTurn, [id]));
    const done = tx.row(work, [id]);
    tx.withCommit(done);
    return { done };
  });
  return done;
}

/**
 * A worker that neither took the job nor moved the broadcast for $2 seconds is dead: its job is for others. Excludes the jobs $3 of this worker,
 * whose batch may only be slow. A job without a key was queued anew by a worker that was stopping, and would hold up the queue.
 */
const unlockLost = statement<unknown>(`
  select graphile_worker.force_unlock_workers(array_agg(j.locked_by)) from graphile_worker.jobs j
  left join broadcasts b on j.key = 'broadcast:' || b.id
  where j.task_identifier = $1 and j.id <> all ($3::bigint[]) and j.locked_at < now() - $2 * interval '1 second'
    and coalesce(b.moved_at, j.locked_at) < now() - $2 * interval '1 second' having count(*) > 0`);

/** A broadcast that no job will go on with. */
const failAbandoned = statement<{ id: string }>(`
  update broadcasts b set status = 'failed'
  where b.status in ('pending', 'sending') and not exists (
    select from graphile_worker.jobs j where j.key = 'broadcast:' || b.id and (j.locked_at is not null or j.attempts < j.max_attempts))
  returning b.id`);

/** Give the jobs of dead workers to others, and end what failed too often. */
export async function tendBroadcasts(database: Database, leaseSeconds: number, activeJobs: ReadonlySet<string>, log: Log): Promise<void> {
  await database.rows(unlockLost, [sendBroadcastTask, leaseSeconds, [...activeJobs]]);
  for (const { id } of await database.rows(failAbandoned)) log.error({ broadcast_id: id }, 'a broadcast was not sent to the end');
}
