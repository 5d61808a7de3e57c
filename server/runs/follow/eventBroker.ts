import type { Database } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import { encodeEvent } from '../../http/sse.ts';
import type { SharedConcurrencyLimiter } from '../../platform/concurrency.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { StoredRunEvent } from '../../pubsub/localRuns.ts';
import type { Storage } from '../../storage/storage.ts';
import { openArchivedEvents } from './archivedEvents.ts';
import type { StoredEvent } from './archiveFormat.ts';

/** An event, encoded once for all readers. */
export type EncodedEvent = { seq: number; type: string; last: boolean; bytes: Buffer };

export const selectEvents = statement<{ runId: string; after: number; limit: number }>({ isShort: true, bound: 'run' })((db, $) =>
  db
    .selectFrom('run_events')
    .select(['run_id', 'seq', 'event_id', 'type', 'data', 'created_at'])
    .where('run_id', '=', $.runId)
    .where('seq', '>', $.after)
    .orderBy('seq')
    .limit($.limit),
);

type RunEventReader = {
  /** The events after `seq`, at most one batch. Empty if there are none yet. */
  eventsAfter(seq: number): Promise<EncodedEvent[]>;
  /** Resolves when there may be new events. */
  waitForMore(): Promise<void>;
  leave(): void;
};

/** Distributes the events of runs to their readers, with one database read for all readers of a run. */
export type EventBroker = {
  readonly heartbeatMs: number;
  /** The open streams, by user. */
  readonly openStreams: SharedConcurrencyLimiter;
  /** `isEnded`: the run had ended before. */
  subscribe(runId: string, onClose: () => void, isEnded: boolean): RunEventReader;
  /** Called when a run may have new events. */
  notify(runId: string): void;
  /** Called with new events of a run, which are not read again if they follow on those that are known. */
  publish(runId: string, events: readonly StoredRunEvent[]): void;
  /** Called when notifications may have been lost. */
  notifyAll(): void;
  close(): void;
  readonly size: number;
};

/** Maximum delay of an event whose notification was lost. */
const safetyPollMs = 1_500;
/** Encoded events kept per run, for readers that lag behind. */
const maxBufferedEvents = 1_000;
/** Interval at which a run that was open when its first reader came is looked up in the archive if it has no new events. */
const archiveCheckMs = 60_000;

type BrokerDeps = {
  database: Database;
  /** Has the archived events. */
  storage: Storage | undefined;
  heartbeatMs: number;
  batch: number;
  openStreams: SharedConcurrencyLimiter;
  log: Log;
};

export function createEventBroker({ heartbeatMs, openStreams, ...deps }: BrokerDeps): EventBroker {
  const feeds = new Map<string, RunEventBuffer>();
  const poll = setInterval(() => notifyAll(), safetyPollMs);
  const notifyAll = () => {
    for (const feed of feeds.values()) feed.wake();
  };
  return {
    heartbeatMs,
    openStreams,
    get size() {
      return feeds.size;
    },
    notify: (runId) => feeds.get(runId)?.wake(),
    publish: (runId, events) => feeds.get(runId)?.take(events),
    notifyAll,
    close() {
      clearInterval(poll);
      for (const feed of feeds.values()) feed.close();
    },
    subscribe(runId, onClose, isEnded) {
      let feed = feeds.get(runId);
      if (!feed) {
        feed = createRunEventBuffer(runId, deps);
        feeds.set(runId, feed);
      }
      const own = feed;
      const leave = own.enter(onClose, isEnded);
      return {
        eventsAfter: own.after,
        waitForMore: own.more,
        leave() {
          leave();
          if (own.empty() && feeds.get(runId) === own) feeds.delete(runId);
        },
      };
    },
  };
}

type RunEventBuffer = ReturnType<typeof createRunEventBuffer>;

/** The recent events of one run in this process: a window that moves with its readers. */
function createRunEventBuffer(runId: string, { database, storage, batch, log }: Omit<BrokerDeps, 'heartbeatMs' | 'openStreams'>) {
  const readers = new Set<() => void>();
  const archived = openArchivedEvents(runId, database, storage);
  let hasEnded = false;
  let nextArchiveCheck = performance.now() + archiveCheckMs;
  let window: EncodedEvent[] = [];
  let reading: Promise<void> | undefined;
  let mayHaveMore = true;
  let from = 0;
  let woken = newWakeUp();
  const first = () => window[0]?.seq ?? Number.POSITIVE_INFINITY;
  const end = () => window.at(-1)?.seq ?? -1;

  async function read(after: number): Promise<EncodedEvent[]> {
    const rows = await database.rows(selectEvents, { runId, after, limit: batch });
    return (isMissing(rows[0]?.seq, after) ? ((await archived.after(after, batch)) ?? rows) : rows).map(encode);
  }
  /**
   * Whether events after `after` may be in the archive, because sequence numbers have no gaps. The table is read first: events are deleted from it when
   * they are in the archive. An open run is archived only if a reader stays for days without reading.
   */
  function isMissing(found: number | undefined, after: number): boolean {
    if (found !== undefined) return found > after + 1;
    if (hasEnded) return true;
    if (performance.now() < nextArchiveCheck) return false;
    nextArchiveCheck = performance.now() + archiveCheckMs;
    return true;
  }
  function readMore(after: number): Promise<void> {
    mayHaveMore = false;
    from = after;
    return read(after)
      .then((events) => {
        window = [...window, ...events].slice(-maxBufferedEvents);
        if (events.length === batch) mayHaveMore = true;
      })
      .catch((error) => {
        mayHaveMore = true;
        throw error;
      })
      .finally(() => {
        reading = undefined;
      });
  }
  /**
   * Runs one read at a time, shared by concurrent callers. Without a new notification there is nothing to read. A read that began before a notification, or
   * before a reader came, may have missed events, so that another one follows.
   */
  async function extend(seq: number): Promise<void> {
    while (reading && end() <= seq) await reading;
    if (!mayHaveMore || end() > seq) return;
    reading = readMore(window.length === 0 ? seq : end());
    await reading;
  }
  function wake() {
    const { resolve } = woken;
    woken = newWakeUp();
    resolve();
  }
  return {
    enter(onClose: () => void, isEnded: boolean) {
      readers.add(onClose);
      hasEnded ||= isEnded;
      // There may be events whose notification is still in transit.
      mayHaveMore = true;
      return () => void readers.delete(onClose);
    },
    empty: () => readers.size === 0,
    async after(seq: number): Promise<EncodedEvent[]> {
      // Outside the window: read separately and leave the window unchanged.
      if (window.length > 0 && (seq < first() - 1 || seq > end())) return read(seq);
      if (window.length === 0 || end() === seq) {
        await extend(seq);
        // A shared read may have started after `seq`, or have ended before it.
        if (window.length === 0) return from <= seq ? [] : read(seq);
        if (seq < first() - 1 || seq > end()) return read(seq);
      }
      return window.slice(seq + 1 - first());
    },
    more: () => woken.promise,
    wake() {
      mayHaveMore = true;
      wake();
    },
    take(events: readonly StoredRunEvent[]) {
      if (!reading && window.length > 0 && events[0]?.seq === end() + 1)
        window = [...window, ...events.map(encode)].slice(-maxBufferedEvents);
      else mayHaveMore = true;
      wake();
    },
    close() {
      for (const onClose of readers) onClose();
      log.debug({ run_id: runId }, 'the streams of a run were closed');
    },
  };
}

const newWakeUp = () => Promise.withResolvers<void>();

const terminal = new Set(['run.completed', 'run.failed', 'run.cancelled']);

function encode({ run_id, seq, event_id, type, data, created_at }: StoredEvent): EncodedEvent {
  const event = {
    event_id,
    run_id,
    seq,
    type,
    data,
    created_at,
    ts: created_at,
    ...(typeof data.tool_name === 'string' && type.startsWith('tool.') && { tool_name: data.tool_name }),
    ...errorClassOf(data),
  };
  return { seq, type, last: terminal.has(type), bytes: encodeEvent(event) };
}

function errorClassOf(data: Record<string, unknown>) {
  const inner = (data.error as { error_class?: unknown } | undefined)?.error_class ?? data.error_class;
  return typeof inner === 'string' ? { error_class: inner } : {};
}
