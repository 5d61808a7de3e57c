import { fastWorkerEnv, type ServerProcess, startProcess, testKeysEnv } from '../app/process.ts';
import { type Balancer, startBalancer } from './balancer.ts';

/** A process that can be replaced while the others keep running. */
type Replaceable = { name: string; replace(): Promise<void> };

/** Two gateways, two APIs and two workers on one database, each in a separate process, with load balancers. */
export type Cluster = {
  /** The address of the load balancer in front of the gateways. */
  url: string;
  gateways: string[];
  apis: string[];
  parts: Replaceable[];
};

/** Client addresses are taken from `X-Forwarded-For`, set by a proxy on this machine. */
const environment = {
  ...testKeysEnv,
  ...fastWorkerEnv,
  ARKLOOP_TRUST_X_FORWARDED_FOR: '1',
  ARKLOOP_GATEWAY_IP_MODE: 'proxy',
  ARKLOOP_GATEWAY_TRUSTED_CIDRS: '127.0.0.0/8',
  ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0',
};

/** Stopped when the test ends. Each gateway prefers the API of the same index and fails over to the other. */
export async function startCluster(databaseUrl: string, more: Record<string, string> = {}): Promise<Cluster> {
  const env = { ...environment, ARKLOOP_DATABASE_URL: databaseUrl, ...more };
  const start = (role: string, own: Record<string, string> = {}) => startProcess(role, { ...env, ...own });
  const apis = await Promise.all([start('api'), start('api')]);
  const workers = await Promise.all([start('worker'), start('worker')]);
  const [one, two] = apis.map(({ url }) => url) as [string, string];
  const behind = [await startBalancer(one, two), await startBalancer(two, one)];
  const startGateway = (at: number) => start('gateway', { ARKLOOP_GATEWAY_UPSTREAM: behind[at]!.url });
  const gateways = await Promise.all([startGateway(0), startGateway(1)]);
  const front = await startBalancer(...gateways.map(({ url }) => url));
  front.spread = true;
  const parts = [
    ...apis.map((api, at) => replaceable(`API ${at}`, api, () => start('api'), behind)),
    ...workers.map((worker, at) => replaceable(`worker ${at}`, worker, () => start('worker'), [])),
    ...gateways.map((gateway, at) => replaceable(`gateway ${at}`, gateway, () => startGateway(at), [front])),
  ];
  return { url: front.url, gateways: gateways.map(({ url }) => url), apis: [one, two], parts };
}

/** The old process exits before the new one starts, as on a host with room for one only. */
function replaceable(name: string, first: ServerProcess, start: () => Promise<ServerProcess>, balancers: Balancer[]): Replaceable {
  let current = first;
  return {
    name,
    async replace() {
      const old = current;
      old.kill('SIGTERM');
      const { code } = await old.exited;
      if (code !== 0) throw new Error(`${name} ended with ${code}: ${old.output()}`);
      current = await start();
      for (const { targets } of balancers) targets.splice(targets.indexOf(old.url), 1, current.url);
    },
  };
}
