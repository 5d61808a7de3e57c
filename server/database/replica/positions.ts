import { sql } from 'kysely';
import { shareNext } from '../../platform/shareNext.ts';
import { flushText } from '../connection/sharedFlushes.ts';
import type { Queryable } from '../sql.ts';
import { sqlStatement } from '../statement.ts';

/** A position in the write-ahead log, in bytes, and the timeline that it belongs to. Positions of two timelines cannot be compared. */
export type Position = { lsn: number; timeline: string };

/**
 * Every commit that was acknowledged before the statement ran lies before this position, because it waits for its flush. Notifications and
 * transactions that may be lost do not wait.
 */
const selectFlushed = sqlStatement()(
  () => sql<Position>`select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') as lsn,
    left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) as timeline`,
);

/** Its record completes the one before it. */
export const flushLog = sqlStatement()(() => sql<{ lsn: string }>`${sql.raw(flushText)}::text as lsn`);

const walPageBytes = 8_192;

/**
 * Whether a position may lie within a record: the background writer flushes whole pages. A replica cannot replay the record until the rest is flushed,
 * and without writes that takes up to 15 s.
 */
export const maySplitRecord = ({ lsn }: Position): boolean => lsn % walPageBytes === 0;

/** `lsn` is null on a server that has never been a standby. */
export const selectReplayed = sqlStatement()(
  () => sql<{ is_standby: boolean; lsn: number | null }>`select pg_is_in_recovery() as is_standby,
    pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') as lsn`,
);

/** The timeline that a standby follows, as of its last restart point. */
export const selectTimeline = sqlStatement()(
  () => sql<{ timeline: string }>`select lpad(upper(to_hex(greatest(c.timeline_id, r.min_recovery_end_timeline))), 8, '0') as timeline
    from pg_control_checkpoint() c, pg_control_recovery() r`,
);

/** The same on a primary and its standbys, and different for every other cluster and database. */
export const selectIdentity = sqlStatement()(
  () => sql<{ identity: string }>`select system_identifier || ' ' || current_database() as identity from pg_control_system()`,
);

/** Returns a function that reads the position of the primary, for all callers of a time: it covers what was committed before they came. */
export const createPositionReader = (primary: Queryable): (() => Promise<Position>) =>
  shareNext(async () => (await primary.row(selectFlushed))!);
