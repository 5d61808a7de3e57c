import type { TaskList } from 'graphile-worker';
import type { Config } from '../kernel/config.ts';
import type { Keys } from '../kernel/keys.ts';
import type { Log } from '../kernel/log.ts';
import { within } from '../kernel/spans.ts';
import type { Database } from '../kernel/sql.ts';
import { sendMailTask } from '../mail/mail.ts';
import { openMailer } from '../mail/mailer.ts';
import { sendBroadcastTask } from '../resources/broadcasts/queue.ts';
import { changeCreditsTask } from '../resources/credits/operations.ts';
import { mailWay } from '../resources/email/way.ts';
import { changeCredits, tendCreditOperations } from './changeCredits.ts';
import { jobSpan } from './jobSpan.ts';
import { startRunner } from './runner.ts';
import { sendBroadcast, tendBroadcasts } from './sendBroadcast.ts';
import { sendMail, tendMail } from './sendMail.ts';

type ErrandDeps = { config: Config; keys: Keys; database: Database; databaseUrl: string; log: Log };

/** The part of a worker that does what is small beside a run: mail, broadcasts, and operations on all accounts. */
export type Errands = { shutDown(): Promise<void> };

/** The jobs that are errands. */
export const errandTasks = [sendMailTask, sendBroadcastTask, changeCreditsTask];

/** Errands at once, in slots of their own: runs that take minutes do not hold them back. Broadcasts and operations on all accounts never take more than one each. */
const slots = 4;
const minute = 60_000;

/** Start with the errands that this worker takes; undefined when there are none. */
export async function startErrands(deps: ErrandDeps): Promise<Errands | undefined> {
  const { config, databaseUrl, log } = deps;
  const stopping = new AbortController();
  const { taskList, chores } = tasksOf(deps, stopping.signal);
  if (chores.length === 0) return undefined;
  if (sendMailTask in taskList) await tellMailWay(deps);
  const options = {
    connectionString: config.databaseDirectUrl ?? databaseUrl,
    concurrency: slots,
    maxPoolSize: slots + 1,
    pollInterval: config.workerPollSeconds * 1_000,
    taskList,
  };
  const runner = await startRunner(options, log);
  const timers = chores.map(([ms, chore]) => {
    const tend = () => {
      chore().catch((error) => log.warn({ err: error }, 'lost errands were not looked for'));
    };
    tend();
    return setInterval(tend, ms);
  });
  return {
    async shutDown() {
      for (const timer of timers) clearInterval(timer);
      stopping.abort();
      await runner.stop();
    },
  };
}

/** Say what becomes of mail while no server is set. */
async function tellMailWay({ config, database, log }: ErrandDeps) {
  const { to } = await mailWay(config, database);
  if (to === 'nowhere') log.warn('mail is off: email.from (ARKLOOP_EMAIL_FROM) and email.smtp_host (ARKLOOP_SMTP_HOST) are not both set');
  if (to === 'files') log.info('mail is written to files: email.from and email.smtp_host are not both set');
}

type Chore = [ms: number, chore: () => Promise<unknown>];

/** What is done for each job, and what is done from time to time for the jobs of killed workers. */
function tasksOf({ config, keys, database, log }: ErrandDeps, stopping: AbortSignal) {
  const takes = (task: string) => config.workerQueueJobTypes?.includes(task) ?? true;
  const taskList: TaskList = {};
  const chores: Chore[] = [];
  if (takes(sendMailTask)) {
    const mailer = openMailer(() => mailWay(config, database), config, log);
    taskList[sendMailTask] = (payload, { job }) =>
      within(jobSpan(payload), () => sendMail(mailer, keys, payload, log.child({ job_id: job.id })));
    chores.push([minute, () => tendMail(database)]);
  }
  /** A job that goes on where a killed worker has left it, and what looks for such jobs. */
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
      const done = within(jobSpan(payload), () => work({ database, stopping, log: log.child({ job_id: job.id }) }, payload));
      return done.finally(() => active.delete(job.id));
    };
    chores.push([Math.max(500, lease * 250), () => tend(database, lease, active, log)]);
  };
  addBatched(sendBroadcastTask, sendBroadcast, tendBroadcasts);
  addBatched(changeCreditsTask, changeCredits, tendCreditOperations);
  return { taskList, chores };
}
