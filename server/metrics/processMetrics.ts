import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import type { Database } from '../database/sql.ts';
import type { ProcessLabel } from '../platform/telemetry/log.ts';
import { clockMetrics } from './clock.ts';
import type { MetricGroup } from './metricGroup.ts';
import { modelMetrics } from './models.ts';
import { notificationMetrics } from './notifications.ts';
import { poolMetrics } from './pools.ts';
import { replicaMetrics } from './replica.ts';
import { requestMetrics, streamMetrics } from './requests.ts';
import { unhandledErrorMetrics } from './unhandledErrors.ts';
import { workMetrics } from './work.ts';

/** The metrics of a process, as prom-client aggregates them. */
export type ProcessMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The metrics that each of several API processes counts. The primary process reads the queue. */
const groupsOfApiProcess: readonly MetricGroup[] = [
  requestMetrics,
  streamMetrics,
  modelMetrics,
  workMetrics,
  clockMetrics,
  poolMetrics,
  replicaMetrics,
  notificationMetrics,
  unhandledErrorMetrics,
];

/** Counts in an API process whose metrics the primary process serves. */
export function startProcessMetrics(database: Database, number: number): { registry: Registry; read(): Promise<ProcessMetrics> } {
  const registry = labelledRegistry(number);
  for (const group of groupsOfApiProcess) group({ registers: [registry], database });
  return { registry, read: () => registry.getMetricsAsJSON() };
}

/** A registry whose metrics carry the process. Without one of several, they carry nothing. */
export function labelledRegistry(process?: ProcessLabel): Registry {
  const registry = new Registry();
  if (process !== undefined) registry.setDefaultLabels({ process: String(process) });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * The metrics of several processes as text. Their labels differ, so nothing is added up: a sum would fall when a process is replaced, which a counter
 * must not.
 */
export async function mergedMetrics(processes: readonly ProcessMetrics[]): Promise<string> {
  const each = processes.map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' as const })));
  return await AggregatorRegistry.aggregate(each).metrics();
}
