import type { Broadcast } from '../../../contract/broadcasts.ts';
import { statement } from '../../kernel/sql.ts';

/** A broadcast; its columns are the fields that are published. */
export type BroadcastRow = Broadcast;

const columns = 'id, type, title, body, target_type, target_id, payload, status, sent_count, created_by, created_at';

export const insertBroadcast = statement<BroadcastRow>(`
  insert into broadcasts (id, type, title, body, payload, target_type, target_id, created_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${columns}`);

/** All, newest first, from the sort key ($1, $2) on. */
export const selectBroadcasts = statement<BroadcastRow>(`
  select ${columns} from broadcasts
  where deleted_at is null and ($1::timestamptz is null or (created_at, id) < ($1::timestamptz, $2::uuid))
  order by created_at desc, id desc limit $3`);

export const selectBroadcast = statement<BroadcastRow>(`select ${columns} from broadcasts where id = $1 and deleted_at is null`);

/**
 * Whoever changes a broadcast takes turns by this: the next batch of a fan-out would overtake a request that waits for the row itself, again and
 * again, because only locks of this kind are given in the order they were asked for.
 */
export const takeTurn = statement<unknown>(`select pg_advisory_xact_lock(hashtextextended('broadcast ' || $1::uuid::text, 0))`);

/** One that is on its way ends here: the fan-out goes on only with what is open. */
export const deleteBroadcast = statement<BroadcastRow>(`
  update broadcasts set deleted_at = now(), status = case when status = 'completed' then status else 'failed' end
  where id = $1 and deleted_at is null returning ${columns}`);

/** One fan-out after the other, so that mail has slots left; the third attempt is the last. */
export const addJob = statement<unknown>(
  `select graphile_worker.add_job($1, payload := $2::json, job_key := $3, max_attempts := 3, queue_name := 'broadcasts')`,
);

/**
 * What makes a user a receiver and what makes a broadcast wait for each other: whoever looked for broadcasts before this one could be seen has
 * become a receiver by the time the fan-out looks.
 */
const lockKey = `hashtextextended('broadcasts', 0)`;
export const lockAsReceiver = statement<unknown>(`select pg_advisory_xact_lock_shared(${lockKey})`);
export const awaitReceivers = statement<unknown>(`select pg_advisory_xact_lock(${lockKey})`);

/** Give the user $2 in the account $1 the recent broadcasts to the account $3, or where that is null those to all, as of the time they were made. */
export const backFill = statement<never>(`
  insert into notifications (account_id, user_id, type, broadcast_id, created_at)
  select $1, $2, b.type, b.id, b.created_at from broadcasts b
  where b.deleted_at is null and b.created_at > now() - interval '30 days' and b.target_id is not distinct from $3::uuid
  on conflict (broadcast_id, user_id) where broadcast_id is not null do nothing`);
