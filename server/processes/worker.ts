import { sql } from 'kysely';
import { z } from 'zod';
import { answerPromptRequests } from '../agent/mcp/prompts/answerRequests.ts';
import { deleteAbandoned } from '../agent/mcp/prompts/queries.ts';
import { createToolSources } from '../agent/tools/toolSources.ts';
import { clocksAgree } from '../database/connection/clock.ts';
import { statement } from '../database/statement.ts';
import { backgroundTasks, startBackgroundJobs } from '../jobs/backgroundJobs.ts';
import { emptyClosedAccounts } from '../jobs/closedAccounts.ts';
import { endAbandonedCompletions } from '../jobs/endAbandonedCompletions.ts';
import { deleteExpiredRows, removeExpiredThreads, type RunStep } from '../jobs/housekeeping.ts';
import { type JobRunner, startJobRunner, waitForDatabase } from '../jobs/jobRunner.ts';
import { inJobSpan } from '../jobs/jobSpan.ts';
import { announceExpiringKeys } from '../jobs/notices/announceExpiringKeys.ts';
import { announceLowCredits } from '../jobs/notices/announceLowCredits.ts';
import { createPartitions, removeOldAccessLog, removeOldAuditLog, removeOldEvents } from '../jobs/partitions/maintainPartitions.ts';
import { accountFlag, executeRunTask, giveNextTurn, queue, queuedJobs, rootRunFlag } from '../jobs/queue.ts';
import { removeAttachments } from '../jobs/removeAttachments.ts';
import { removeOldRevisions } from '../jobs/sweepWorkspaces.ts';
import { createTurnQueue } from '../platform/concurrency.ts';
import { newId } from '../platform/crypto/ids.ts';
import { createOutboundFromConfig } from '../platform/outbound/outboundFromConfig.ts';
import { createPeriodicTasks } from '../platform/periodicTasks.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { createCacheInvalidation, invalidationChannel } from '../pubsub/cacheInvalidation.ts';
import { openNotificationChannel } from '../pubsub/openChannel.ts';
import { promptRequestChannel } from '../pubsub/promptRequests.ts';
import { createRunNotifier, parseRunNotification, runChannel } from '../pubsub/runNotifier.ts';
import { grantDueWindows } from '../resources/credits/monthlyGrants.ts';
import { enableSettingsCache, readSettings } from '../resources/settings/settings.ts';
import { webhookChannel } from '../resources/webhooks/outbox.ts';
import { deliverWebhookTask, startDispatcher } from '../resources/webhooks/sending/dispatcher.ts';
import { countEndedRuns, giveBackOldEvents } from '../runs/archive/eventBytes.ts';
import { removeArchives } from '../runs/archive/removeArchives.ts';
import { startArchiving } from '../runs/archive/startArchiving.ts';
import type { ExecuteDeps } from '../runs/execute/executeDeps.ts';
import { executeRun } from '../runs/execute/executeRun.ts';
import { readStaticRouting } from '../runs/execute/resolveRoute.ts';
import { type ConcurrencySlot, createJobLimiter } from '../runs/lease/jobLimiter.ts';
import type { RunJob } from '../runs/lease/lease.ts';
import { createLocalStarter } from '../runs/lease/localStarter.ts';
import { reapRuns, recoverRuns } from '../runs/lease/reaper.ts';
import { openStorage } from '../storage/open.ts';
import { monitorStorage } from '../storage/storageHealth.ts';
import type { ProcessDeps } from './api.ts';

export type Worker = { shutDown(): Promise<void> };

const noop = () => {};

/** How long running jobs may continue at shutdown, in milliseconds. */
const drainMs = 25_000;
/** How long a run of this process waits for a slot before all workers may take it, in milliseconds. */
const maxLocalWaitMs = 1_500;
const minute = 60_000;

const ExecutePayload = z.object({ v: z.literal(1), account_id: z.guid().optional(), run_id: z.guid(), left: z.int().optional() });

const register = statement<{ id: string; version: string; capabilities: readonly string[] }>()((db, $) =>
  db
    .insertInto('workers')
    .values({ id: $.id, version: $.version, capabilities: sql`${$.capabilities}::text[]` })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ last_seen_at: sql`now()` })),
);
const countWaiting = statement<{ task: string }>()((db, $) =>
  db
    .selectFrom(queuedJobs.as('j'))
    .select(({ fn }) => fn.countAll<number>().as('waiting'))
    .where('j.task_identifier', '=', $.task)
    .where('j.locked_at', 'is', null)
    .where('j.run_at', '<=', sql<string>`now()`)
    .whereRef('j.attempts', '<', 'j.max_attempts'),
);
const unregister = statement<{ id: string }>()((db, $) => db.deleteFrom('workers').where('id', '=', $.id));

export async function startWorker({ config, keys, database, databaseUrl, log, env, localRuns }: ProcessDeps): Promise<Worker> {
  // Parsed now, so that an error ends the process at startup, not the first run that uses it.
  readStaticRouting(config);
  const id = newId();
  const stop = new AbortController();
  const complain = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const channel = openNotificationChannel({
    pubsubUrl: config.pubsubUrl,
    directUrl: config.databaseDirectUrl ?? databaseUrl,
    database,
    topics: [runChannel, invalidationChannel, webhookChannel, promptRequestChannel],
    log,
  });
  const runNotifier = createRunNotifier(channel, complain('a notification was not sent'), localRuns);
  const activeRuns = new Map<string, () => void>();
  const outbound = createOutboundFromConfig(config);
  const storage = openStorage(config, log);
  const storageMonitor = monitorStorage(storage, log);
  const cacheInvalidation = createCacheInvalidation(channel, complain('a notification was not sent'));
  enableSettingsCache({ config, keys, database, env }, cacheInvalidation);
  const tools = createToolSources({ config, keys, database, outbound, storage, changes: cacheInvalidation, log });
  const deps: ExecuteDeps = {
    config,
    keys,
    database,
    outbound,
    storage,
    tools,
    runNotifier,
    queue,
    log,
    activeRuns,
    attempts: new Map(),
    suspects: createTurnQueue({ most: 1, maxWaiting: Number.POSITIVE_INFINITY }),
    stopping: stop.signal,
  };
  const runs = new Set<Promise<void>>();

  const slots = createJobLimiter(config);
  const execute = (job: RunJob, runId: string, payload: unknown, slot: ConcurrencySlot) => {
    const span = { task: executeRunTask, id: job.id, attributes: { 'arkloop.run.id': runId } };
    const run = inJobSpan(span, payload, () => executeRun(deps, runId, job, slot));
    const seen: Promise<void> = run.then(noop, noop).finally(() => runs.delete(seen));
    runs.add(seen);
    return run;
  };
  let jobRunner: JobRunner | undefined;
  const starter =
    localRuns &&
    createLocalStarter({
      slots,
      waitMs: maxLocalWaitMs,
      lookAtQueue: () => jobRunner?.look(),
      async execute({ id: runId, payload }, slot) {
        await execute({ id: newId(), isLocal: true }, runId, payload, slot);
        metricsEvents.jobEnded.emit({ task: executeRunTask, outcome: 'done' });
      },
      enqueue: async (run) => queue.enqueueRun(database, run, (await readSettings(database))['queue.max_attempts']),
      onError: complain('a run was not started without the queue'),
    });
  const takesRuns = config.workerQueueJobTypes?.includes(executeRunTask) ?? true;
  const takesNone = (looks: number) => !takesRuns || !slots.hasSlot() || (looks > 0 && slots.isFull(looks));
  const options = {
    connectionString: config.databaseDirectUrl ?? databaseUrl,
    // With the spare slot.
    concurrency: config.workerMaxConcurrency + 1,
    maxPoolSize: config.workerMaxConcurrency + 2,
    // Jobs carry their type and account as flags. A worker without a free slot leaves runs to other workers.
    isFull: takesNone,
    isSpareOnly: () => slots.isFull(),
    // A run that has ended is not executed again.
    isRepeatable: true,
    onLook: starter?.looked ?? noop,
    forbiddenFlags(looks: number) {
      if (takesNone(looks)) return [executeRunTask];
      const flags = [...(slots.isFull() ? slots.busyAccounts().map(accountFlag) : []), ...(slots.hasManyWaiting() ? [rootRunFlag] : [])];
      return flags.length > 0 ? flags : null;
    },
    pollInterval: config.workerPollSeconds * 1_000,
    gracefulShutdownAbortTimeout: drainMs,
    taskList: {
      [executeRunTask]: async (payload: unknown, { job }: { job: { id: string } }) => {
        const known = ExecutePayload.safeParse(payload);
        // The payload has an unknown version. A retry would not help.
        if (!known.success) return void log.error({ job_id: job.id }, 'a job has a payload this worker does not know');
        const { account_id: accountId, run_id } = known.data;
        // Not waited for. If it fails, the next run of the account waits until no account has a turn, or its next turn.
        if (accountId) giveNextTurn(database, { accountId, runId: run_id }).catch(complain('the next run of an account got no turn'));
        let isEnded = false;
        try {
          await slots.run(accountId, async (slot) => {
            const { run_id: runId, left = 0 } = known.data;
            isEnded = await execute({ id: String(job.id), isLocal: false, left }, runId, payload, slot);
          });
        } finally {
          starter?.startNext(true);
          // Otherwise the database has just stored the end of the run.
          if (!isEnded) await waitForDatabase(database, stop.signal);
        }
      },
    },
  };
  const capabilities = config.workerCapabilities ?? config.workerQueueJobTypes ?? [executeRunTask, ...backgroundTasks, deliverWebhookTask];
  const heartbeat = () => database.run(register, { id, version: config.workerVersion, capabilities });
  const disconnect = async () => {
    await runNotifier.close();
    storageMonitor.stop();
    await Promise.all([channel.close(), storage?.close(), tools.close()]);
    await outbound.close();
  };
  /** Takes jobs last. After a failed start the caller closes the database, which they would still use. */
  async function takeJobs() {
    await createPartitions({ database, log });
    await heartbeat();
    const errands = await startBackgroundJobs({ config, keys, database, databaseUrl, log, storage, runNotifier });
    try {
      jobRunner = await startJobRunner(options, log);
      return { errands, runner: jobRunner };
    } catch (error) {
      await errands?.shutDown();
      throw error;
    }
  }
  const { errands, runner } = await takeJobs().catch(async (error: unknown) => {
    await disconnect();
    throw error;
  });

  if (localRuns && takesRuns) localRuns.starter = starter;
  const archiving = startArchiving(deps);
  channel.on(runChannel, (payload) => {
    const { runIds, isForReaders } = parseRunNotification(payload);
    if (!isForReaders) for (const runId of runIds) activeRuns.get(runId)?.();
  });
  const takesWebhooks = config.workerQueueJobTypes?.includes(deliverWebhookTask) ?? true;
  const webhooks = takesWebhooks ? startDispatcher({ config, keys, database, outbound, log }) : undefined;
  // Programs run where runs do.
  const prompts = takesRuns ? answerPromptRequests({ database, keys, channel, log, ask: tools.prompts }) : undefined;
  channel.on(webhookChannel, () => webhooks?.wake());
  const reaping = { config, database, queue, runNotifier, log };
  const adapt = async () => slots.adjustLimit((await database.row(countWaiting, { task: executeRunTask }))!.waiting);
  const reap = () => reapRuns(reaping);
  const periodic = createPeriodicTasks(log);
  periodic.every(config.workerHeartbeatSeconds * 1_000, heartbeat, 'the heartbeat of the worker was not written');
  periodic.every(Math.max(500, config.workerPollSeconds * 4_000), () => recoverRuns(reaping), 'looking for abandoned runs failed');
  periodic.every(config.workerScaleIntervalSecs * 1_000, adapt, 'adjusting the number of slots failed');
  periodic.every(minute, reap, 'looking for stuck runs failed');
  periodic.every(minute, () => countEndedRuns(database), 'the events of ended runs were not counted');
  periodic.every(minute / 4, () => endAbandonedCompletions(reaping), 'looking for abandoned chat completions failed');
  periodic.every(minute, () => grantDueWindows(database), 'monthly credits were not granted');
  periodic.every(minute / 6, () => announceLowCredits({ config, keys, database, log }), 'low credits were not announced');
  periodic.every(10 * minute, () => announceExpiringKeys(database), 'keys that expire soon were not announced');
  periodic.every(minute, () => database.run(deleteAbandoned), 'abandoned requests for prompts were not deleted');
  periodic.every(60 * minute, (stopping) => runHousekeeping(deps, stopping), 'the hourly housekeeping failed');
  periodic.once(reap, 'looking for stuck runs failed');
  return {
    async shutDown() {
      if (localRuns) localRuns.starter = undefined;
      await Promise.all([
        periodic.stop(),
        drain([runner, ...(starter ? [starter] : [])], activeRuns, stop).then(() => Promise.all(runs)),
        errands?.shutDown(),
        webhooks?.shutDown(),
        prompts?.shutDown(),
        archiving.shutDown(),
      ]);
      await database.run(unregister, { id }).catch(complain('removing the worker from the list of workers failed'));
      await disconnect();
    },
  };
}

/** Takes no new jobs. Running jobs get `graceMs` to finish, then release their runs. */
async function drain(runners: readonly Pick<JobRunner, 'stop'>[], held: Map<string, () => void>, stop: AbortController) {
  const late = setTimeout(() => stop.abort(), held.size > 0 ? graceMs : 0);
  await Promise.all(runners.map((runner) => runner.stop()));
  clearTimeout(late);
  // Also aborts a title that is still being generated.
  stop.abort();
}
const graceMs = 5_000;

type HousekeepingDeps = Pick<ExecuteDeps, 'database' | 'storage' | 'runNotifier' | 'config' | 'log'>;

/** A step that fails does not keep the others from running. Deletes nothing while the clocks of this process and of the database differ. */
export async function runHousekeeping({ database, storage, runNotifier, config, log }: HousekeepingDeps, stopping: AbortSignal) {
  const runStep: RunStep = async (step, run) => {
    if (stopping.aborted || !(await clocksAgree(database, log))) return;
    try {
      await run();
      metricsEvents.housekeepingStepEnded.emit({ step, outcome: 'done' });
    } catch (err) {
      log.warn({ err, step }, 'a step of the hourly housekeeping failed');
      metricsEvents.housekeepingStepEnded.emit({ step, outcome: 'failed' });
    }
  };
  await runStep('expired_threads', async () => {
    for (const runId of await removeExpiredThreads(database)) runNotifier.notify(runId);
  });
  await runStep('partitions', () => createPartitions({ database, log }));
  const { runEventsRetentionMonths: months, runEventsArchiveDays } = config;
  await runStep('old_events', () => removeOldEvents({ database, log, months, dropEmpty: runEventsArchiveDays > 0 }));
  await runStep('event_bytes', () => giveBackOldEvents(database, months));
  await runStep('old_audit_log', () => removeOldAuditLog({ database, log, days: config.auditRetentionDays }));
  await runStep('old_access_log', () => removeOldAccessLog({ database, log, days: config.accessLogRetentionDays }));
  await deleteExpiredRows(database, config, runStep);
  await runStep('closed_accounts', () => emptyClosedAccounts(database));
  await runStep('archives', () => removeArchives({ database, storage }, { months }));
  await runStep('attachments', () => removeAttachments({ database, storage }));
  await runStep('workspace_revisions', () => removeOldRevisions({ database, storage, log }));
}
