import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Database } from '../database/sql.ts';
import type { Role, Rotation } from '../platform/config/config.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { backlogMetrics } from './backlog.ts';
import { clockMetrics } from './clock.ts';
import { gatewayMetrics } from './gateway.ts';
import type { MetricGroup } from './metricGroup.ts';
import { modelMetrics } from './models.ts';
import { notificationMetrics } from './notifications.ts';
import { poolMetrics } from './pools.ts';
import { labelledRegistry, mergedMetrics, type ProcessMetrics } from './processMetrics.ts';
import { replicaMetrics } from './replica.ts';
import { requestMetrics, streamMetrics } from './requests.ts';
import { unhandledErrorMetrics } from './unhandledErrors.ts';
import { workMetrics } from './work.ts';

const ofApi = [
  requestMetrics,
  streamMetrics,
  modelMetrics,
  workMetrics,
  backlogMetrics,
  clockMetrics,
  poolMetrics,
  replicaMetrics,
  unhandledErrorMetrics,
];
const ofWorker = [modelMetrics, workMetrics, backlogMetrics, clockMetrics, poolMetrics, notificationMetrics, unhandledErrorMetrics];
const ofGateway = [gatewayMetrics, streamMetrics, clockMetrics, poolMetrics, notificationMetrics, unhandledErrorMetrics];

/** The metrics of each role. */
export const metricGroups: Record<Exclude<Role, 'migrate' | Rotation>, readonly MetricGroup[]> = {
  api: ofApi,
  worker: ofWorker,
  gateway: ofGateway,
  all: [...new Set([...ofApi, ...ofWorker, ...ofGateway])],
};

/** The metrics of a process beside API processes of its own, which count their requests themselves. */
const besideApiProcesses: Partial<typeof metricGroups> = {
  api: [backlogMetrics, clockMetrics, poolMetrics, unhandledErrorMetrics],
  all: [...new Set([...ofWorker, ...ofGateway])],
};

export type MetricsDeps = {
  role: keyof typeof metricGroups;
  database: Database | undefined;
  log: Log;
  /** Reads the metrics of the API processes, if there are several. They are served with those of this process. */
  readApiProcesses?: (() => Promise<ProcessMetrics[]>) | undefined;
};

/** Counts from now on. */
export function openMetrics({ role, database, readApiProcesses }: Omit<MetricsDeps, 'log'>) {
  const registry = labelledRegistry(readApiProcesses && 'main');
  const groups = (readApiProcesses && besideApiProcesses[role]) ?? metricGroups[role];
  const ends = groups.flatMap((concern) => concern({ registers: [registry], database }));
  const end = () => {
    for (const each of ends) each();
  };
  return { registry, end };
}

/** Serves `/metrics` in the Prometheus text format, on a separate address: it is for operators, not for API clients. */
export async function startMetricsServer(
  { host, port }: { host: string; port: number },
  deps: MetricsDeps,
  { registry, end } = openMetrics(deps),
) {
  const { log, readApiProcesses } = deps;
  const read = async () => {
    if (!readApiProcesses) return await registry.metrics();
    const [own, others] = await Promise.all([registry.getMetricsAsJSON(), readApiProcesses()]);
    return await mergedMetrics([own, ...others]);
  };
  const answer = async (res: ServerResponse) => res.writeHead(200, { 'content-type': registry.contentType }).end(await read());
  const server = createServer((req, res) => {
    if (req.url !== '/metrics') return void res.writeHead(404).end();
    answer(res).catch((err) => {
      log.error({ err }, 'the metrics cannot be told');
      res.destroy();
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { address, port: actual, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}/metrics`,
    async shutDown() {
      end();
      server.close();
      server.closeAllConnections();
    },
  };
}
