import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type Runner, type RunnerOptions, run, type WorkerEventMap, type WorkerEvents } from 'graphile-worker';
import { facts } from '../kernel/facts.ts';
import type { Log } from '../kernel/log.ts';
import { type Database, statement } from '../kernel/sql.ts';

/** What takes jobs from the queue. */
export type JobRunner = { stop(): Promise<void> };

const pauseMs = 500;

/** Take jobs until stopped. The queue's own runner gives up when it cannot tell the database how a job ended; then another one is started. */
export async function startRunner(options: RunnerOptions, log: Log): Promise<JobRunner> {
  // In batches, because a single report that fails is a rejection nobody can handle.
  const events: WorkerEvents = new EventEmitter();
  events.on('job:complete', tellEnd);
  const preset = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
  const start = () => run({ ...options, preset, events, noHandleSignals: true, crontab: '', logger: quietLogger(log) });
  const complain = (error: unknown) => void log.warn({ err: error }, 'the queue was given up and is opened again');
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
      // One that was being started meanwhile.
      await runner?.stop().catch(() => undefined);
    },
  };
}

function tellEnd({ job, error }: WorkerEventMap['job:complete']) {
  const { task_identifier: task, attempts, max_attempts: most } = job;
  facts.jobEnded.tell({ task, outcome: !error ? 'done' : attempts < most ? 'retried' : 'given_up' });
}

const ask = statement<unknown>('select 1 as alive');

/** Wait until the database answers, so that the end of a job can be told to it. */
export async function untilDatabaseAnswers(database: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answered = await database.row(ask).catch(() => undefined);
    if (answered) return;
    await sleep(pauseMs / 2, undefined, { signal }).catch(() => undefined);
  }
}

/** The queue's own log says little that ours does not. */
const quietLogger = (log: Log) =>
  new Logger(() => (level, message) => {
    if (level === 'error') log.error(message);
    else if (level === 'warning') log.warn(message);
    else log.debug(message);
  });
