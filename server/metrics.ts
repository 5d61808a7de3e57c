import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Role } from './kernel/config.ts';
import type { Log } from './kernel/log.ts';
import type { Database } from './kernel/sql.ts';
import { backlogMetrics } from './metrics/backlog.ts';
import type { Concern } from './metrics/concern.ts';
import { defectMetrics } from './metrics/defects.ts';
import { gatewayMetrics } from './metrics/gateway.ts';
import { modelMetrics } from './metrics/models.ts';
import { poolMetrics } from './metrics/pools.ts';
import { requestMetrics, streamMetrics } from './metrics/requests.ts';
import { workMetrics } from './metrics/work.ts';

const ofApi = [requestMetrics, streamMetrics, modelMetrics, workMetrics, backlogMetrics, poolMetrics, defectMetrics];
const ofWorker = [modelMetrics, workMetrics, backlogMetrics, poolMetrics, defectMetrics];
const ofGateway = [gatewayMetrics, streamMetrics, poolMetrics, defectMetrics];

/** What each role counts. */
export const concerns: Record<Exclude<Role, 'migrate'>, readonly Concern[]> = {
  api: ofApi,
  worker: ofWorker,
  gateway: ofGateway,
  all: [...new Set([...ofApi, ...ofWorker, ...ofGateway])],
};

export type MetricsDeps = { role: keyof typeof concerns; database: Database | undefined; log: Log };

/** Serve `/metrics` in the text format of Prometheus, on an address of its own: it is for operators, not for callers of the API. */
export async function openMetrics({ host, port }: { host: string; port: number }, { role, database, log }: MetricsDeps) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ends = concerns[role].flatMap((concern) => concern({ registers: [registry], database }));
  const answer = async (res: ServerResponse) => res.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
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
      for (const end of ends) end();
      server.close();
      server.closeAllConnections();
    },
  };
}
