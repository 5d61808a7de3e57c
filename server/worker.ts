import { z } from 'zod';
import { readStaticRouting } from './agent/routing.ts';
import { createToolSources } from './agent/tools/sources.ts';
import type { ProcessDeps } from './api.ts';
import { openChannel } from './db/channel.ts';
import { keepAccessLogPartitions } from './jobs/accessLogPartitions.ts';
import { removeAttachments } from './jobs/attachments.ts';
import { createBell, runChannel } from './jobs/bell.ts';
import { changeChannel, createChanges } from './jobs/changes.ts';
import { emptyClosedAccounts } from './jobs/closedAccounts.ts';
import { errandTasks, startErrands } from './jobs/errands.ts';
import { type ExecuteDeps, executeRun } from './jobs/executeRun.ts';
import { keepEventPartitions, removeExpiredThreads, sweep } from './jobs/housekeeping.ts';
import { jobSpan } from './jobs/jobSpan.ts';
import { executeRunTask, queue } from './jobs/queue.ts';
import { reapRuns, recoverRuns } from './jobs/reaper.ts';
import { type JobRunner, startRunner, untilDatabaseAnswers } from './jobs/runner.ts';
import { createSlots, type Seat } from './jobs/slots.ts';
import { deliverWebhookTask, startDispatcher } from './jobs/webhooks/dispatcher.ts';
import { removeOldRevisions } from './jobs/workspaces.ts';
import { newId } from './kernel/ids.ts';
import { openOutbound } from './kernel/openOutbound.ts';
import { within } from './kernel/spans.ts';
import { statement } from './kernel/sql.ts';
import { grantDueWindows } from './resources/credits/monthlyGrants.ts';
import { watchSettings } from './resources/settings/settings.ts';
import { webhookChannel } from './resources/webhooks/outbox.ts';
import { openStorage } from './storage/open.ts';
import { watchStorage } from './storage/watch.ts';

/** A running worker. */
export type Worker = { shutDown(): Promise<void> };

/** How long running jobs may go on after the worker was told to stop. */
const drainMs = 25_000;
const minute = 60_000;

const ExecutePayload = z.object({ v: z.literal(1), run_id: z.guid() });

const register = statement<never>(`
  insert into workers (id, version, capabilities) values ($1, $2, $3) on conflict (id) do update set last_seen_at = now()`);
const countWaiting = statement<{ waiting: number }>(
  'select count(*) as waiting from graphile_worker.jobs where task_identifier = $1 and locked_at is null and run_at <= now() and attempts < max_attempts',
);
const unregister = statement<never>('delete from workers where id = $1');

/** Start taking jobs. */
export async function startWorker({ config, keys, database, databaseUrl, log, env }: ProcessDeps): Promise<Worker> {
  // A mistake in it ends the process now, not the first run that needs it.
  readStaticRouting(config);
  const id = newId();
  const stop = new AbortController();
  const complain = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const bell = createBell(database, complain('a notification was not sent'));
  const held = new Map<string, () => void>();
  const outbound = openOutbound(config);
  const storage = openStorage(config, log);
  watchStorage(storage, log);
  const channel = openChannel(config.databaseDirectUrl ?? databaseUrl, [runChannel, changeChannel, webhookChannel], log);
  const changes = createChanges(database, channel, complain('a notification was not sent'));
  watchSettings({ config, keys, database, env }, changes);
  const tools = createToolSources({ config, keys, database, outbound, storage, changes, log });
  const deps: ExecuteDeps = { config, keys, database, outbound, storage, tools, bell, queue, log, held, stopping: stop.signal };
  const runs = new Set<Promise<void>>();

  await keepEventPartitions({ database, months: config.runEventsRetentionMonths, log });
  await keepAccessLogPartitions({ database, days: config.accessLogRetentionDays, log });
  const slots = createSlots(config);
  const takesRuns = config.workerQueueJobTypes?.includes(executeRunTask) ?? true;
  const options = {
    connectionString: config.databaseDirectUrl ?? databaseUrl,
    concurrency: config.workerMaxConcurrency,
    maxPoolSize: config.workerMaxConcurrency + 1,
    // Jobs carry their type as a flag: a worker without a free slot leaves them to others.
    forbiddenFlags: () => (slots.full() || !takesRuns ? [executeRunTask] : null),
    pollInterval: config.workerPollSeconds * 1_000,
    gracefulShutdownAbortTimeout: drainMs,
    taskList: {
      [executeRunTask]: async (payload: unknown, { job }: { job: { id: string } }) => {
        const known = ExecutePayload.safeParse(payload);
        // A payload of another version is not ours to understand; trying again would not help.
        if (!known.success) return void log.error({ job_id: job.id }, 'a job has a payload this worker does not know');
        const execute = (seat: Seat) => {
          const run = within(jobSpan(payload), () => executeRun(deps, known.data.run_id, String(job.id), seat));
          const seen: Promise<void> = run.catch(() => {}).finally(() => runs.delete(seen));
          runs.add(seen);
          return run;
        };
        try {
          await slots.during(execute);
        } finally {
          await untilDatabaseAnswers(database, stop.signal);
        }
      },
    },
  };
  const runner = await startRunner(options, log);

  const errands = await startErrands({ config, keys, database, databaseUrl, log });
  channel.on(runChannel, (ids) => {
    for (const runId of ids.split(',')) held.get(runId)?.();
  });
  const takesWebhooks = config.workerQueueJobTypes?.includes(deliverWebhookTask) ?? true;
  const webhooks = takesWebhooks ? startDispatcher({ config, keys, database, outbound, log }) : undefined;
  channel.on(webhookChannel, () => webhooks?.wake());
  const reaping = { config, database, queue, bell, log };
  const capabilities = config.workerCapabilities ?? config.workerQueueJobTypes ?? [executeRunTask, ...errandTasks, deliverWebhookTask];
  const heartbeat = () => database.run(register, [id, config.workerVersion, capabilities]);
  const adapt = async () => slots.adapt((await database.row(countWaiting, [executeRunTask]))!.waiting);
  await heartbeat();
  const chores = [
    every(config.workerHeartbeatSeconds * 1_000, heartbeat, complain('the heartbeat of the worker was not written')),
    every(Math.max(500, config.workerPollSeconds * 4_000), () => recoverRuns(reaping), complain('abandoned runs were not looked for')),
    every(config.workerScaleIntervalSecs * 1_000, adapt, complain('the number of slots was not considered')),
    every(minute, () => reapRuns(reaping), complain('stuck runs were not looked for')),
    every(minute, () => grantDueWindows(database), complain('monthly credits were not granted')),
    every(60 * minute, () => keepHouse(deps), complain('the hourly housekeeping failed')),
  ];
  reapRuns(reaping).catch(complain('stuck runs were not looked for'));
  return {
    async shutDown() {
      for (const chore of chores) clearInterval(chore);
      await Promise.all([drain(runner, held, stop).then(() => Promise.all(runs)), errands?.shutDown(), webhooks?.shutDown()]);
      await Promise.all([channel.close(), storage?.close(), tools.close()]);
      await database.run(unregister, [id]).catch(complain('the worker was not signed off'));
      await outbound.close();
    },
  };
}

/** New jobs are refused; those that run get a while, then give their runs back. */
async function drain(runner: JobRunner, held: Map<string, () => void>, stop: AbortController) {
  const late = setTimeout(() => stop.abort(), held.size > 0 ? graceMs : 0);
  await runner.stop();
  clearTimeout(late);
  // A title may still be asked for.
  stop.abort();
}
const graceMs = 5_000;

async function keepHouse({ database, storage, bell, config, log }: ExecuteDeps) {
  for (const runId of await removeExpiredThreads(database)) bell.ring(runId);
  await keepEventPartitions({ database, months: config.runEventsRetentionMonths, log });
  await keepAccessLogPartitions({ database, days: config.accessLogRetentionDays, log });
  await sweep(database, config.auditRetentionDays);
  await emptyClosedAccounts(database);
  await removeAttachments({ database, storage });
  await removeOldRevisions({ database, storage, log });
}

const every = (ms: number, chore: () => Promise<unknown>, onError: (error: unknown) => void) => {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    chore()
      .catch(onError)
      .finally(() => {
        busy = false;
      });
  }, ms);
};
