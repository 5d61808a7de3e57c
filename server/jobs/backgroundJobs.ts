import type { TaskList } from 'graphile-worker';
import type { Database } from '../database/sql.ts';
import { sendMailTask } from '../mail/mail.ts';
import { openMailer } from '../mail/mailer.ts';
import type { Config } from '../platform/config/config.ts';
import type { Keys } from '../platform/crypto/keys.ts';
import { UnknownKeyError } from '../platform/crypto/seal.ts';
import { createPeriodicTasks } from '../platform/periodicTasks.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { sendBroadcastTask } from '../resources/broadcasts/queue.ts';
import { changeCreditsTask } from '../resources/credits/operations.ts';
import { mailTransport, openedMailTransport } from '../resources/email/transport.ts';
import { eraseTask } from '../resources/erasures/queue.ts';
import { runScheduleTask } from '../resources/schedules/queue.ts';
import { changeCredits, recoverCreditOperations } from './changeCredits.ts';
import { eraseAccount, type EraseDeps, recoverErasures } from './erasure/eraseAccount.ts';
import { startJobRunner } from './jobRunner.ts';
import { inJobSpan } from './jobSpan.ts';
import { queue } from './queue.ts';
import { recoverSchedules, runSchedule } from './runSchedules.ts';
import { recoverBroadcasts, sendBroadcast } from './sendBroadcast.ts';
import { leaveMail, recoverMailJobs, sendMail } from './sendMail.ts';

type BackgroundJobDeps = { config: Config; keys: Keys; database: Database; databaseUrl: string; log: Log } & Pick<
  EraseDeps,
  'storage' | 'runNotifier'
>;

/** Runs the small background jobs of a worker: mail, broadcasts, operations on all accounts, schedules, and erasures. */
export type BackgroundJobs = { shutDown(): Promise<void> };

export const backgroundTasks = [sendMailTask, sendBroadcastTask, changeCreditsTask, runScheduleTask, eraseTask];

/**
 * Concurrent background jobs, separate from the slots of runs: long runs do not delay them. Broadcasts and operations
 * on all accounts take at most one each.
 */
const maxConcurrentJobs = 4;
/** Many schedules may be due at once. While this many of their jobs go, no further one is taken, so that mail is not delayed. */
const maxConcurrentSchedules = 2;
const minute = 60_000;

/** Undefined if this worker takes none of these jobs. */
export async function startBackgroundJobs(deps: BackgroundJobDeps): Promise<BackgroundJobs | undefined> {
  const { config, databaseUrl, log } = deps;
  const stopping = new AbortController();
  const { taskList, periodicTasks, forbiddenFlags } = tasksOf(deps, stopping.signal);
  if (periodicTasks.length === 0) return undefined;
  if (sendMailTask in taskList) await logMailTransport(deps);
  const options = {
    connectionString: config.databaseDirectUrl ?? databaseUrl,
    concurrency: maxConcurrentJobs,
    maxPoolSize: maxConcurrentJobs + 1,
    gatherMs: 20,
    pollInterval: config.workerPollSeconds * 1_000,
    taskList,
    forbiddenFlags,
  };
  const runner = await startJobRunner(options, log);
  const periodic = createPeriodicTasks(log);
  for (const [ms, task] of periodicTasks) periodic.every(ms, task, recoveryFailure);
  // One after another, so that they need one connection of the pool.
  const recoverAll = async () => {
    for (const [, task] of periodicTasks) if (!stopping.signal.aborted) await task().catch((err) => log.warn({ err }, recoveryFailure));
  };
  periodic.once(recoverAll, recoveryFailure);
  return {
    async shutDown() {
      stopping.abort();
      await Promise.all([periodic.stop(), runner.stop()]);
    },
  };
}

const recoveryFailure = 'looking for lost background jobs failed';

/** Logs where mail goes if no mail server is configured. */
async function logMailTransport({ config, database, log }: BackgroundJobDeps) {
  const { to } = await mailTransport(config, database);
  if (to === 'nowhere') log.warn('mail is off: email.from (ARKLOOP_EMAIL_FROM) and email.smtp_host (ARKLOOP_SMTP_HOST) are not both set');
  if (to === 'files') log.info('mail is written to files: email.from and email.smtp_host are not both set');
}

type PeriodicTask = [ms: number, task: () => Promise<unknown>];

/** The task list, and the periodic tasks that recover jobs of killed workers. */
function tasksOf({ config, keys, database, log, storage, runNotifier }: BackgroundJobDeps, stopping: AbortSignal) {
  const takes = (task: string) => config.workerQueueJobTypes?.includes(task) ?? true;
  const taskList: TaskList = {};
  const periodicTasks: PeriodicTask[] = [];
  if (takes(sendMailTask)) {
    const mailer = openMailer(() => openedMailTransport(config, database), config, log);
    taskList[sendMailTask] = (payload, helpers) => {
      const { id } = helpers.job;
      return inJobSpan({ task: sendMailTask, id }, payload, async () => {
        try {
          await sendMail(mailer, keys, payload, log.child({ job_id: id }));
        } catch (error) {
          if (!(error instanceof UnknownKeyError)) throw error;
          await leaveMail(helpers, payload, error, log);
        }
      });
    };
    periodicTasks.push([minute, () => recoverMailJobs(database)]);
  }
  /** Adds a resumable job and the periodic task that recovers it. */
  const addBatched = (
    task: string,
    work: (deps: { database: Database; stopping: AbortSignal; log: Log }, payload: unknown) => Promise<void>,
    tend: (database: Database, leaseSeconds: number, activeJobs: ReadonlySet<string>, log: Log) => Promise<void>,
  ) => {
    if (!takes(task)) return;
    const lease = config.workerLeaseSeconds;
    const active = new Set<string>();
    taskList[task] = (payload, { job }) => {
      active.add(job.id);
      const done = inJobSpan({ task, id: job.id }, payload, () =>
        work({ database, stopping, log: log.child({ job_id: job.id }) }, payload),
      );
      return done.finally(() => active.delete(job.id));
    };
    periodicTasks.push([Math.max(500, lease * 250), () => tend(database, lease, active, log)]);
  };
  addBatched(sendBroadcastTask, sendBroadcast, recoverBroadcasts);
  addBatched(changeCreditsTask, changeCredits, recoverCreditOperations);
  const erase = (given: { log: Log }, payload: unknown) =>
    eraseAccount({ config, keys, database, storage, queue, runNotifier, stopping, log: given.log }, payload);
  addBatched(eraseTask, erase, recoverErasures);
  let schedules = 0;
  if (takes(runScheduleTask)) {
    const lease = config.workerLeaseSeconds;
    const deps = { config, database, queue, stopping, log };
    taskList[runScheduleTask] = (payload, { job }) => {
      schedules++;
      return inJobSpan({ task: runScheduleTask, id: job.id }, payload, () => runSchedule(deps, payload)).finally(() => schedules--);
    };
    periodicTasks.push([Math.max(500, lease * 250), () => recoverSchedules(database, lease, log)]);
  }
  // Jobs of schedules carry their type as a flag.
  const forbiddenFlags = () => (schedules >= maxConcurrentSchedules ? [runScheduleTask] : null);
  return { taskList, periodicTasks, forbiddenFlags };
}
