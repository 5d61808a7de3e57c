import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run, type RunnerOptions, type Worker, type WorkerEventMap, type WorkerEvents } from 'graphile-worker';
import { sql } from 'kysely';
import pg from 'pg';
import { backendPidOf } from '../database/connection/sessionSettings.ts';
import { silenceLimits } from '../database/database.ts';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

export type JobRunner = {
  /** Looks for a job now, unless none could be taken. `onLook` gets the result. */
  look(): void;
  stop(): Promise<void>;
};

// The library prints what ends its workers to standard error, beside the log (graphile-worker 0.18.0, `main.js`).
console.trace = () => undefined;

const pauseMs = 500;
/** How long a job or the listener waits for a connection, in milliseconds. */
const maxConnectMs = 5_000;
/** How long storing the results of the last jobs may take, in milliseconds. */
const maxStoreMs = 2_000;
/** How often each idle slot of the library polls by itself, in milliseconds. See `lookWithOneSlot`. */
const slotPollMs = 60_000;

/** How long a look for a job of the spare slot is put off, in milliseconds: it may read all jobs of the accounts that cannot take it. */
const spareGatherMs = 50;

/** How a runner looks for jobs. */
type Looking = {
  /** Milliseconds between looks without a notification. */
  pollInterval: number;
  /** Whether no job could be taken now, if each of the `looks` that are underway takes one. A slot looks again when it has ended its job. */
  isFull?: (looks: number) => boolean;
  /** Whether only the spare slot could take a job, of some accounts. */
  isSpareOnly?: () => boolean;
  /** How long notifications are gathered before a look, in milliseconds. */
  gatherMs?: number;
  /** Called after each look for jobs of all kinds with whether it found one. */
  onLook?: (isFound: boolean) => void;
};

type JobRunnerOptions = Omit<RunnerOptions, 'connectionString' | 'pgPool' | 'maxPoolSize' | 'pollInterval' | 'forbiddenFlags'> &
  Looking & {
    /** The flags of jobs that are not taken now, besides by the `looks` that are underway. */
    forbiddenFlags?: (looks: number) => string[] | null;
    connectionString: string;
    maxPoolSize: number;
    /** Whether nothing is lost if a crash of PostgreSQL undoes the start or end of a job: then they do not wait for the disk. */
    isRepeatable?: boolean;
  };

/**
 * Takes jobs until stopped. The queue library's runner shuts down if it cannot store how a job ended; then another one is started at once. It does
 * not wait for the end of the old one, because after two such failures that never comes: the library counts its open batches wrongly.
 */
export async function startJobRunner(options: JobRunnerOptions, log: Log): Promise<JobRunner> {
  for (const task of Object.keys(options.taskList ?? {})) metricsEvents.jobTaskServed.emit(task);
  const stopping = new AbortController();
  const open = new Set<OpenRunner>();

  async function start(): Promise<OpenRunner> {
    const runner = await openRunner(options, log);
    open.add(runner);
    runner.ended.finally(() => open.delete(runner)).catch(() => undefined);
    return runner;
  }

  let current: OpenRunner | undefined = await start();
  async function watch() {
    while (!stopping.signal.aborted) {
      await current?.closing;
      if (current && !stopping.signal.aborted) log.warn('the job runner stopped and is started again');
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      current = await start().catch((error: unknown) => void log.warn({ err: error }, 'the job runner could not be started'));
    }
  }

  const watching = watch();
  return {
    look: () => current?.look(),
    async stop() {
      stopping.abort();
      await Promise.all([...open].map((runner) => runner.stop()));
      await watching;
      // A runner may have been started in the meantime.
      await Promise.all([...open].map((runner) => runner.stop()));
    },
  };
}

type OpenRunner = {
  look(): void;
  /** Resolves when the runner takes no more jobs. */
  closing: Promise<void>;
  /** Resolves when its jobs have ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
};

async function openRunner(
  {
    connectionString,
    maxPoolSize,
    pollInterval,
    isFull = () => false,
    isSpareOnly = () => false,
    gatherMs = 0,
    onLook = () => undefined,
    isRepeatable = false,
    forbiddenFlags = () => null,
    ...options
  }: JobRunnerOptions,
  log: Log,
): Promise<OpenRunner> {
  const events: WorkerEvents = new EventEmitter();
  const [closing, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  events.on('job:complete', emitJobEnded);
  events.on('pool:gracefulShutdown', () => closing.resolve());
  const looking = new Set<Worker>();
  const flags = () => forbiddenFlags(looking.size);
  const look = lookWithOneSlot(events, looking, {
    pollInterval,
    isFull,
    isSpareOnly,
    gatherMs,
    onLook,
    isRestricted: () => flags() !== null,
  });
  const plugins = [startSlotsInTurn(events, async () => flags())];
  // The results of the last jobs may still have to be stored.
  const endSoon = () => void setTimeout(ended.resolve, maxStoreMs).unref();
  events.on('pool:gracefulShutdown:complete', endSoon);
  events.on('pool:gracefulShutdown:error', endSoon);
  // Batched, because a failed completion of a single job is an unhandled rejection in the library.
  const preset = { plugins, worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
  const pgPool = openPool(connectionString, maxPoolSize, isRepeatable, log);
  const endPool = () => void pgPool.end().catch(() => undefined);
  try {
    const runner = await run({
      ...options,
      forbiddenFlags: flags,
      pgPool,
      preset,
      events,
      pollInterval: slotPollMs,
      noHandleSignals: true,
      crontab: '',
      logger: quietLogger(log),
    });
    runner.promise
      .catch((error: unknown) => log.warn({ err: error }, 'a job runner failed'))
      .finally(() => {
        closing.resolve();
        ended.resolve();
      });
    ended.promise.then(endPool, endPool);
    const shutDown = () => void runner.stop().catch(() => undefined);
    stopUnlessFirstQuerySucceeds(events, shutDown);
    return {
      look,
      closing: closing.promise,
      ended: ended.promise,
      async stop() {
        shutDown();
        await ended.promise;
      },
    };
  } catch (error) {
    endPool();
    throw error;
  }
}

/**
 * In the library every idle slot polls: with 20 slots that was four fifths of the processor time of an idle server. Here one idle slot looks for
 * a job at each interval, and if it finds one, the next slot looks at once. In the library a slot also looks at each notification of a new job, of any
 * kind. Here none looks while no job could be taken, and with `gatherMs` one slot looks for all jobs of that time. Keeps in `looking` who looks.
 * Returns a function that looks at once.
 */
function lookWithOneSlot(
  events: WorkerEvents,
  looking: Set<Worker>,
  { pollInterval, isFull, isSpareOnly, gatherMs, onLook, isRestricted }: Required<Looking> & { isRestricted(): boolean },
): () => void {
  let look = () => {};
  // Slots that look for some kinds of jobs only.
  const restricted = new Set<Worker>();
  events.once('pool:create', ({ workerPool }) => {
    const nudge = workerPool.nudge.bind(workerPool);
    let asking = false;
    let asked: Worker | undefined;
    let isOpen = true;
    let gathering: NodeJS.Timeout | undefined;
    /** Whether nobody looked because of looks that were underway. */
    let isMissed = false;
    const isRefused = () => {
      if (!isFull(looking.size)) return false;
      isMissed ||= looking.size > 0;
      return true;
    };
    const ask = () => {
      gathering = undefined;
      if (!isOpen || isRefused()) return;
      asking = true;
      nudge(1);
      asking = false;
    };
    const askForSpare = () => {
      gathering = undefined;
      // A slot that has become free meanwhile looks by itself. Both would take a job.
      if (isSpareOnly()) ask();
    };
    const askSpareLater = () => void (gathering ??= setTimeout(askForSpare, spareGatherMs));
    workerPool.nudge = (count) => {
      if (isRefused()) return;
      if (isSpareOnly()) askSpareLater();
      else if (gatherMs === 0) nudge(count);
      else gathering ??= setTimeout(ask, gatherMs);
    };
    const endLook = (worker: Worker, isNextDue = false) => {
      looking.delete(worker);
      if (!isNextDue && !isMissed) return;
      isMissed = false;
      if (isSpareOnly()) askSpareLater();
      else ask();
    };
    look = ask;
    const timer = setInterval(ask, pollInterval);
    // Emitted before `nudge` returns, and right after the slot has asked for the forbidden flags.
    events.on('worker:getJob:start', ({ worker }) => {
      if (asking) asked = worker;
      if (isRestricted()) restricted.add(worker);
      else restricted.delete(worker);
      looking.add(worker);
    });
    events.on('worker:getJob:empty', ({ worker }) => {
      if (!restricted.has(worker)) onLook(false);
      endLook(worker);
    });
    events.on('worker:getJob:error', ({ worker }) => endLook(worker));
    events.on('job:start', ({ worker }) => {
      onLook(true);
      // Right after this the job takes its slot.
      queueMicrotask(() => endLook(worker, worker === asked));
    });
    events.once('pool:gracefulShutdown', () => {
      isOpen = false;
      clearInterval(timer);
      clearTimeout(gathering);
    });
  });
  return () => look();
}

/**
 * In the library all slots look for a job at the start, each on a connection of its own. Here each waits until the one before it has looked, so that
 * those which find nothing use the same connection.
 */
function startSlotsInTurn(events: WorkerEvents, forbiddenFlags: () => Promise<string[] | null>): GraphileConfig.Plugin {
  let previous = Promise.resolve();
  const ends = new WeakMap<Worker, () => void>();
  const endTurn = ({ worker }: { worker: Worker }) => ends.get(worker)?.();
  events.on('worker:getJob:empty', endTurn).on('worker:getJob:error', endTurn).on('job:start', endTurn);
  return {
    name: 'StartSlotsInTurn',
    version: '1.0.0',
    worker: {
      hooks: {
        async startWorker(_, event) {
          const earlier = previous;
          const turn = Promise.withResolvers<void>();
          ends.set(event.worker, turn.resolve);
          previous = turn.promise;
          await earlier;
          // They may have changed while it waited.
          event.flagsToSkip = await forbiddenFlags();
        },
      },
    },
  };
}

/**
 * Before its first job the library reads the ids of its tasks, and keeps the result even if that is an error: such a runner would never take a
 * job (graphile-worker 0.18.0, `taskIdentifiers.js`).
 */
function stopUnlessFirstQuerySucceeds(events: WorkerEvents, shutDown: () => void) {
  const settle = () => events.off('worker:getJob:error', shutDown);
  events.once('worker:getJob:error', shutDown);
  events.once('worker:getJob:empty', settle).once('job:start', settle);
}

/** The library's own pool has no time limits: the connections of a database that is gone would block it. */
function openPool(connectionString: string, max: number, isRepeatable: boolean, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: maxConnectMs,
    application_name: 'arkloop jobs',
    ...silenceLimits,
    // pg-pool awaits the promise, although its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    ...(isRepeatable && { onConnect: commitWithoutWaiting }),
  });
  pool.on('error', (err) => log.warn({ err }, 'a database connection of the job runner was lost'));
  pool.on('connect', (client) => client.on('error', (err) => log.debug({ err }, 'a database connection of the job runner broke')));
  return pool;
}

/** A pooler assigns a session to other clients too, so the setting is made only on a direct connection. */
const commitWithoutWaiting = (client: pg.ClientBase) =>
  client.query(`select case when pg_backend_pid() = ${backendPidOf(client)} then set_config('synchronous_commit', 'off', false) end`);

function emitJobEnded({ job, error }: WorkerEventMap['job:complete']) {
  const { task_identifier: task, attempts, max_attempts: most } = job;
  metricsEvents.jobEnded.emit({ task, outcome: !error ? 'done' : attempts < most ? 'retried' : 'given_up' });
}

const ask = statement()((db) => db.selectNoFrom(sql.lit(1).as('alive')));

/** Waits until the database answers, so that the result of a job can be stored. */
export async function waitForDatabase(database: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answered = await database.row(ask).catch(() => undefined);
    if (answered) return;
    await sleep(pauseMs / 2, undefined, { signal }).catch(() => undefined);
  }
}

const quietLogger = (log: Log) =>
  new Logger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
