import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../../platform/telemetry/log.ts';
import { metricsEvents, type ReplicaFallback } from '../../platform/telemetry/metricsEvents.ts';
import { isConnectionLost, isTransactionConflict } from '../connection/connectionErrors.ts';
import { openDatabase, queryableOf } from '../database.ts';
import type { Database, Queryable } from '../sql.ts';
import {
  createPositionReader,
  flushLog,
  maySplitRecord,
  type Position,
  selectIdentity,
  selectReplayed,
  selectTimeline,
} from './positions.ts';

/** Reads from a streaming replica. */
export type ReadReplica = {
  /**
   * Runs `work` on the replica once it has replayed everything that was committed before the call, and else on the primary. `work` only reads,
   * and runs again on the primary if the replica fails in the middle.
   */
  read<T>(work: (sql: Queryable) => Promise<T>): Promise<T>;
  /** How far the replica is behind the primary, in bytes of the log. Undefined if either does not answer. */
  lagBytes(): Promise<number | undefined>;
  close(): Promise<void>;
};

type Options = { url: string; primary: Database; max: number; applicationName: string; log: Log };

/** How long a read waits for a connection and for the replica to catch up, in milliseconds. */
const maxWaitMs = 100;
/** After a failure, all reads use the primary for this time, so that they do not wait one by one. */
const pauseMs = 1_000;
/** A position that a connection reported is used for this time, so that a frozen replica is noticed. */
const positionLifeMs = 250;
/** Longer than the `statement_timeout` of a session. Only a frozen replica takes so long. */
const maxWorkMs = 11_000;
/** At most one warning in this time, if a replica comes and goes. */
const warningMs = 60_000;

/** The open replicas of this process, for metrics. */
export const activeReplicas = new Set<ReadReplica>();

/** Why a connection cannot be used. */
class Unusable extends Error {
  readonly reason: ReplicaFallback;
  constructor(reason: ReplicaFallback, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What a connection reported. Its position only grows: a connection stays with one server. */
type Known = Position & { at: number };

/** Opens the pool of the replica, and a first connection in the background. A replica that is down prevents nothing. */
export function openReadReplica({ url, primary, max, applicationName, log }: Options): ReadReplica {
  const replica = openDatabase(url, { max, log, applicationName });
  const readPosition = createPositionReader(primary);
  const known = new WeakMap<pg.PoolClient, Known>();
  let identity: Promise<string> | undefined;
  let pause: { until: number; reason: ReplicaFallback } | undefined;
  let isDown = false;
  let warnedAt = Number.NEGATIVE_INFINITY;
  let seenAt = Number.NEGATIVE_INFINITY;
  let flushing: Promise<unknown> | undefined;

  function fail(reason: ReplicaFallback, err: unknown) {
    // Without a free connection the replica works as it should.
    if (reason === 'busy') return;
    pause = { until: performance.now() + pauseMs, reason };
    if (!isDown && performance.now() - warnedAt > warningMs) {
      warnedAt = performance.now();
      log.warn({ err, reason }, 'ARKLOOP_DATABASE_READ_URL: the replica cannot be used; the primary serves its reads');
    }
    isDown = true;
  }
  function succeed() {
    if (isDown && pause) log.info('ARKLOOP_DATABASE_READ_URL: the replica is used again');
    pause = undefined;
    isDown = false;
  }

  const readIdentity = (sql: Queryable) => sql.row(selectIdentity).then((row) => row!.identity);
  const identityOfPrimary = () => {
    identity ??= readIdentity(primary).catch((error) => {
      identity = undefined;
      throw error;
    });
    return identity;
  };

  /** Asks a connection for its position. */
  async function observe(client: pg.PoolClient, timeline: string): Promise<Known> {
    const sql = queryableOf(client);
    const before = known.get(client);
    if (!before && (await readIdentity(sql)) !== (await identityOfPrimary()))
      throw new Unusable('foreign', 'it is not a replica of ARKLOOP_DATABASE_URL');
    const { is_standby: isStandby, lsn } = (await sql.row(selectReplayed))!;
    if (!isStandby || lsn === null) throw new Unusable('promoted', 'it is not a standby: it may have been promoted');
    const own = before?.timeline === timeline ? timeline : (await sql.row(selectTimeline))!.timeline;
    seenAt = performance.now();
    const now = { lsn, timeline: own, at: seenAt };
    known.set(client, now);
    return now;
  }

  /** One flush at a time. If it fails, the read waits in vain and uses the primary. */
  function completeRecord() {
    flushing ??= primary
      .row(flushLog)
      .catch(() => {})
      .finally(() => {
        flushing = undefined;
      });
  }

  const covers = ({ lsn, timeline }: Position, wanted: Position) => timeline === wanted.timeline && lsn >= wanted.lsn;

  async function catchUp(client: pg.PoolClient, wanted: Position, isOver: () => boolean) {
    const last = known.get(client);
    if (last && covers(last, wanted) && performance.now() - last.at < positionLifeMs) return;
    for (let delayMs = 1; ; delayMs = Math.min(10, delayMs * 2)) {
      const now = await observe(client, wanted.timeline);
      if (covers(now, wanted) || isOver()) return;
      if (now.timeline !== wanted.timeline) throw new Unusable('timeline', 'it does not follow the timeline of the primary yet');
      // The first pauses are for the replica to receive and replay what is complete.
      if (delayMs === 4 && maySplitRecord(wanted)) completeRecord();
      await sleep(delayMs);
    }
  }

  /** A connection that has replayed `wanted`. Throws `Unusable`, or the error of a connection. */
  async function acquire(wanted: Position): Promise<pg.PoolClient> {
    const began = performance.now();
    const opening = replica.pool.connect();
    let isOver = false;
    let client: pg.PoolClient | undefined;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      isOver = true;
      late.reject(whyLate(client, wanted, began));
    }, maxWaitMs);
    try {
      client = await Promise.race([opening, late.promise]);
      const catching = catchUp(client, wanted, () => isOver);
      catching.catch(() => {});
      await Promise.race([catching, late.promise]);
      metricsEvents.replicaWaited.emit((performance.now() - began) / 1_000);
      return client;
    } catch (error) {
      // A connection with a statement on its way is closed, because the replica may be frozen. One that opened late is kept for the next read.
      const isDoubtful = client !== undefined && (isOver || !(error instanceof Unusable));
      opening.then((opened) => opened.release(isDoubtful)).catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** `seenAt` is the last answer on any connection. */
  function whyLate(client: pg.PoolClient | undefined, wanted: Position, began: number): Unusable {
    const last = client && known.get(client);
    if (last && last.at >= began) return new Unusable('lag', `it is ${wanted.lsn - last.lsn} bytes behind the primary`);
    if (!client && performance.now() - seenAt < pauseMs) return new Unusable('busy', 'all connections to it are in use');
    return new Unusable('unavailable', 'it did not answer in time');
  }

  async function readHere<T>(work: (sql: Queryable) => Promise<T>): Promise<{ value: T } | { reason: ReplicaFallback }> {
    if (pause && performance.now() < pause.until) return { reason: pause.reason };
    const wanted = await readPosition();
    let client: pg.PoolClient;
    try {
      client = await acquire(wanted);
    } catch (error) {
      const reason = error instanceof Unusable ? error.reason : 'unavailable';
      fail(reason, error);
      return { reason };
    }
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Unusable('unavailable', 'it did not answer in time')), maxWorkMs);
    let broken = false;
    try {
      const value = await Promise.race([work(queryableOf(client)), late.promise]);
      succeed();
      return { value };
    } catch (error) {
      if (!isOfReplica(error)) throw error;
      broken = isConnectionLost(error) || error instanceof Unusable;
      // A statement that was canceled for the replay says nothing about the next one.
      if (broken) fail('unavailable', error);
      return { reason: broken ? 'unavailable' : 'canceled' };
    } finally {
      clearTimeout(timer);
      client.release(broken);
    }
  }

  const self: ReadReplica = {
    async read(work) {
      const done = await readHere(work);
      metricsEvents.replicaRead.emit('value' in done ? { server: 'replica', reason: '' } : { server: 'primary', reason: done.reason });
      return 'value' in done ? done.value : await work(primary);
    },
    async lagBytes() {
      const asked = Promise.all([readPosition(), replica.row(selectReplayed)]).catch(() => undefined);
      const [wanted, now] = (await Promise.race([asked, sleep(2_000, undefined, { ref: false })])) ?? [];
      return wanted && now?.is_standby && now.lsn !== null ? Math.max(0, wanted.lsn - now.lsn) : undefined;
    },
    async close() {
      activeReplicas.delete(self);
      await replica.close();
    },
  };
  activeReplicas.add(self);
  replica.row(selectReplayed).catch((error) => fail('unavailable', error));
  return self;
}

/** Canceled for the replay (40001, 40P01), a write on a read-only server (25006), or a plan from before a change of the schema (0A000). */
const isOfReplica = (error: unknown): boolean =>
  error instanceof Unusable ||
  isConnectionLost(error) ||
  isTransactionConflict(error) ||
  ['25006', '0A000'].includes((error as { code?: string }).code ?? '');
