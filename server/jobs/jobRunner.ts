import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, run, type Runner, type RunnerOptions, type WorkerEventMap, type WorkerEvents } from 'graphile-worker';
import { sql } from 'kysely';
import pg from 'pg';
import { silenceLimits } from '../database/database.ts';
import type { Database } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

export type JobRunner = { stop(): Promise<void> };

const pauseMs = 500;
/** How long a job or the listener waits for a connection, in milliseconds. */
const maxConnectMs = 5_000;

type JobRunnerOptions = Omit<RunnerOptions, 'connectionString' | 'pgPool' | 'maxPoolSize'> & {
  connectionString: string;
  maxPoolSize: number;
};

/** Takes jobs until stopped. The queue library's runner exits if it cannot store how a job ended; then a new one is started. */
export async function startJobRunner({ connectionString, maxPoolSize, ...options }: JobRunnerOptions, log: Log): Promise<JobRunner> {
  // Batched, because a failed completion of a single job is an unhandled rejection in the library.
  const events: WorkerEvents = new EventEmitter();
  events.on('job:complete', emitJobEnded);
  const preset = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
  async function start(): Promise<Runner> {
    const pgPool = openPool(connectionString, maxPoolSize, log);
    const end = () => void pgPool.end().catch(() => undefined);
    try {
      const runner = await run({ ...options, pgPool, preset, events, noHandleSignals: true, crontab: '', logger: quietLogger(log) });
      runner.promise.then(end, end);
      return runner;
    } catch (error) {
      end();
      throw error;
    }
  }
  const complain = (error: unknown) => void log.warn({ err: error }, 'the job runner stopped and is started again');
  const stopping = new AbortController();
  let runner: Runner | undefined = await start();

  async function watch() {
    while (!stopping.signal.aborted) {
      await runner?.promise.catch(complain);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted)
        runner = await start()
          .catch(complain)
          .then((next) => next ?? undefined);
    }
  }

  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await runner?.stop().catch(() => undefined);
      await watching;
      // A runner may have been started in the meantime.
      await runner?.stop().catch(() => undefined);
    },
  };
}

/** The library's own pool has no time limits: the connections of a database that is gone would block it. */
function openPool(connectionString: string, max: number, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: maxConnectMs,
    application_name: 'arkloop jobs',
    ...silenceLimits,
  });
  pool.on('error', (err) => log.warn({ err }, 'a database connection of the job runner was lost'));
  pool.on('connect', (client) => client.on('error', (err) => log.debug({ err }, 'a database connection of the job runner broke')));
  return pool;
}

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
