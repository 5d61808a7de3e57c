import { encodeEvent } from '../../http/sse.ts';
import { type ConcurrencyLimiter, createConcurrencyLimiter } from '../../kernel/concurrency.ts';
import type { Log } from '../../kernel/log.ts';
import { type Database, statement } from '../../kernel/sql.ts';

/** An event, encoded once for all who read it. */
export type Encoded = { seq: number; last: boolean; bytes: Buffer };
type EventRow = { run_id: string; seq: number; event_id: string; type: string; data: Record<string, unknown>; created_at: string };

const selectEvents = statement<EventRow>(
  'select run_id, seq, event_id, type, data, created_at from run_events where run_id = $1 and seq > $2 order by seq limit $3',
);

/** One reader of a run's events. Waiting ends on a wake-up, on the signal, and after a while of its own. */
export type Reader = {
  /** The events after `seq`, as many as one read gives; empty when there are none yet. */
  after(seq: number): Promise<Encoded[]>;
  /** Resolves when there may be more. */
  more(): Promise<void>;
  leave(): void;
};

/** Hands the events of runs to their readers: one read of the database for all readers of a run. */
export type Hub = {
  readonly heartbeatMs: number;
  /** The streams that are open in this process, by user. */
  readonly openStreams: ConcurrencyLimiter;
  join(runId: string, onClose: () => void): Reader;
  /** There may be new events of a run. */
  wake(runId: string): void;
  /** Notifications may have been lost. */
  lookAgain(): void;
  /** Every stream of this process ends. */
  close(): void;
  readonly size: number;
};

/** How long a lost notification can delay an event. */
const safetyPollMs = 1_500;
/** Events kept encoded for a run, for readers that are a little behind. */
const kept = 1_000;

export function createHub({
  database,
  heartbeatMs,
  batch,
  maxStreamsPerUser,
  log,
}: {
  database: Database;
  heartbeatMs: number;
  batch: number;
  maxStreamsPerUser: number;
  log: Log;
}): Hub {
  const feeds = new Map<string, Feed>();
  const poll = setInterval(() => lookAgain(), safetyPollMs);
  const lookAgain = () => {
    for (const feed of feeds.values()) feed.wake();
  };
  return {
    heartbeatMs,
    openStreams: createConcurrencyLimiter(maxStreamsPerUser),
    get size() {
      return feeds.size;
    },
    wake: (runId) => feeds.get(runId)?.wake(),
    lookAgain,
    close() {
      clearInterval(poll);
      for (const feed of feeds.values()) feed.close();
    },
    join(runId, onClose) {
      let feed = feeds.get(runId);
      if (!feed) {
        feed = createFeed(runId, database, batch, log);
        feeds.set(runId, feed);
      }
      const own = feed;
      const leave = own.enter(onClose);
      return {
        after: own.after,
        more: own.more,
        leave() {
          leave();
          if (own.empty() && feeds.get(runId) === own) feeds.delete(runId);
        },
      };
    },
  };
}

type Feed = ReturnType<typeof createFeed>;

/** The events of one run as this process has them: a window on the log that moves as the readers do. */
function createFeed(runId: string, database: Database, batch: number, log: Log) {
  const readers = new Set<() => void>();
  let window: Encoded[] = [];
  let reading: Promise<void> | undefined;
  let mayHaveMore = true;
  let from = 0;
  let woken = newWakeUp();
  const first = () => window[0]?.seq ?? Number.POSITIVE_INFINITY;
  const end = () => window.at(-1)?.seq ?? -1;

  async function read(after: number): Promise<Encoded[]> {
    const rows = await database.rows(selectEvents, [runId, after, batch]);
    return rows.map(encode);
  }
  /** One read at a time; whoever asks meanwhile shares it, and without a new wake-up there is nothing to read. */
  function extend(after: number): Promise<void> | undefined {
    if (reading || !mayHaveMore) return reading;
    mayHaveMore = false;
    from = after;
    reading = read(after)
      .then((events) => {
        window = [...window, ...events].slice(-kept);
        if (events.length === batch) mayHaveMore = true;
      })
      .catch((error) => {
        mayHaveMore = true;
        throw error;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }
  return {
    enter(onClose: () => void) {
      readers.add(onClose);
      // Whoever comes knows of events whose notification may still be on its way.
      mayHaveMore = true;
      return () => void readers.delete(onClose);
    },
    empty: () => readers.size === 0,
    async after(seq: number): Promise<Encoded[]> {
      // Behind the window, or ahead of it: a read of one's own that disturbs nobody.
      if (window.length > 0 && (seq < first() - 1 || seq > end())) return read(seq);
      if (window.length === 0 || end() === seq) {
        await extend(window.length === 0 ? seq : end());
        // The read that was shared may have begun further on.
        if (window.length === 0) return from <= seq ? [] : read(seq);
        if (seq < first() - 1) return read(seq);
      }
      return window.slice(seq + 1 - first());
    },
    more: () => woken.promise,
    wake() {
      mayHaveMore = true;
      const { resolve } = woken;
      woken = newWakeUp();
      resolve();
    },
    close() {
      for (const onClose of readers) onClose();
      log.debug({ run_id: runId }, 'the streams of a run were closed');
    },
  };
}

const newWakeUp = () => Promise.withResolvers<void>();

const terminal = new Set(['run.completed', 'run.failed', 'run.cancelled']);

/** The wire form of a stored event. */
function encode({ run_id, seq, event_id, type, data, created_at }: EventRow): Encoded {
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
  return { seq, last: terminal.has(type), bytes: encodeEvent(event) };
}

function errorClassOf(data: Record<string, unknown>) {
  const inner = (data.error as { error_class?: unknown } | undefined)?.error_class ?? data.error_class;
  return typeof inner === 'string' ? { error_class: inner } : {};
}
