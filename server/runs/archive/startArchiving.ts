import type { Database } from '../../database/sql.ts';
import type { Config } from '../../platform/config/config.ts';
import { createPeriodicTasks } from '../../platform/periodicTasks.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { Storage } from '../../storage/storage.ts';
import { archiveRuns } from './archiveRuns.ts';

type ArchivingDeps = { database: Database; storage: Storage | undefined; config: Config; log: Log };

const intervalMs = 10 * 60_000;

/** Archives runs now and every ten minutes, if `ARKLOOP_RUN_EVENTS_ARCHIVE_DAYS` is not 0. */
export function startArchiving({ database, storage, config, log }: ArchivingDeps): { shutDown(): Promise<void> } {
  const { runEventsArchiveDays: days } = config;
  if (days === 0) return { shutDown: async () => {} };
  if (!storage) {
    log.warn('ARKLOOP_RUN_EVENTS_ARCHIVE_DAYS is set, but no object store is configured: no events are archived');
    return { shutDown: async () => {} };
  }
  const archive = async (stopping: AbortSignal) => {
    const runs = await archiveRuns({ database, storage, log }, { days, stopping });
    if (runs > 0) log.info({ runs }, 'events of runs were archived');
  };
  const periodic = createPeriodicTasks(log);
  periodic.once(archive, failure);
  periodic.every(intervalMs, archive, failure);
  return { shutDown: periodic.stop };
}

const failure = 'archiving events of runs was interrupted';
