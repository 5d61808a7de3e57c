import type { ServerOptions } from 'node:http';
import { followDatabaseClock } from '../database/connection/clock.ts';
import { openDatabase } from '../database/database.ts';
import { createUnfinishedRequests } from '../http/body/unfinishedRequests.ts';
import { createConcurrencyLimiter } from '../platform/concurrency.ts';
import type { Config } from '../platform/config/config.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import type { Readiness } from '../platform/readiness.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { createCacheInvalidation, invalidationChannel } from '../pubsub/cacheInvalidation.ts';
import { openNotificationChannel } from '../pubsub/openChannel.ts';
import { accessChannel } from '../pubsub/runNotifier.ts';
import { type AccessLog, openAccessLog } from './accessLog.ts';
import { gatewayChannel, rateShareOf, registerGateway } from './activeGateways.ts';
import { type GeoIp, openGeoIp } from './caller/geoIp.ts';
import { createIdentityResolver } from './caller/identity.ts';
import { ipFilter } from './caller/ipFilter.ts';
import type { RequestDependencies } from './handleRequest.ts';
import { type LiveConfig, watchConfig } from './liveConfig.ts';
import { watchMaintenanceFile } from './maintenance.ts';
import { createAccountLimits } from './rateLimits/accountLimits.ts';
import { type Bucket, createLocalBuckets } from './rateLimits/buckets.ts';
import { openRedisBuckets } from './rateLimits/redisBuckets.ts';
import { createRequestedAccountReader } from './rateLimits/requestedAccount.ts';
import { openUpstreamFile } from './upstream/upstreamList.ts';
import { createUpstreamPool, type UpstreamPool } from './upstream/upstreamPool.ts';

/**
 * Without a database, a gateway writes no access log and leaves API keys, IP rules and stored settings to the API. Without the JWT secret,
 * access tokens count as anonymous.
 */
export type GatewayOptions = {
  config: Config;
  log: Log;
  env?: NodeJS.ProcessEnv;
  jwtSecrets?: Keyring | undefined;
  databaseUrl?: string | undefined;
  /** Whether to read the clock of the database, because nothing else in this process does. */
  followsClock?: boolean;
  /** Readiness of this process. Without it, `/readyz` depends on the API only. */
  readiness?: Readiness | undefined;
  /** Time limits of the HTTP server, in milliseconds. Defaults to those of `serverOptions`. */
  limits?: Pick<ServerOptions, 'headersTimeout' | 'connectionsCheckingInterval'>;
  /** How long a client may read nothing of a response, in milliseconds. */
  stalledMs?: number;
};

/** As long as the API waits for the reader of an event stream. */
const usualStalledMs = 90_000;

export type OpenDependencies = RequestDependencies & { liveConfig(): LiveConfig; geo: GeoIp; accessLog: AccessLog; close(): Promise<void> };

/** One connection writes the access log, the other runs queries. */
const maxConnections = 2;

/** Throws if a configured file cannot be read. */
export async function openDependencies({
  config,
  log,
  env = process.env,
  jwtSecrets,
  databaseUrl,
  followsClock = false,
  stalledMs = usualStalledMs,
}: GatewayOptions): Promise<OpenDependencies> {
  const geo = await openGeoIp(config.geoipDbPath, log);
  const upstreamFile = config.gatewayUpstreamsFile === undefined ? undefined : await openUpstreamFile(config.gatewayUpstreamsFile);
  const maintenanceFile = await watchMaintenanceFile(config.gatewayMaintenanceFile, log);
  const source = databaseUrl === undefined ? undefined : openSource(databaseUrl, config, log);
  const clock = source && followsClock ? followDatabaseClock(source.database, log) : undefined;
  // Register all listeners before the channel connects, which happens while the stored settings are read.
  const identify = createIdentityResolver({ jwtSecrets, sql: source?.database, channel: source?.channel });
  const isBlocked = ipFilter(source);
  const requestedAccount = createRequestedAccountReader(source);
  const accountLimits = createAccountLimits(source);
  const live = await watchConfig(env, config.gatewayCdnIpHeader, source && { ...source, log });
  const accessLog = openAccessLog(config.accessLogEnabled ? source?.database : undefined, log, {
    rate: config.accessLogSampleRate,
    slowMs: config.accessLogSlowMs,
  });
  const presence = await registerGateway(source && { ...source, log });
  const local = createLocalBuckets();
  const fallback = (buckets: readonly Bucket[]) =>
    local.take(buckets.map((bucket) => ({ ...bucket, rate: rateShareOf(bucket.rate, presence.activeCount()) })));
  const { gatewayRedisUrl: url, gatewayRedisTimeoutMs: timeoutMs } = config;
  const redis = url ? await openRedisBuckets({ url, timeoutMs, log, fallback }) : undefined;
  const poolOf = (named: readonly string[]): UpstreamPool =>
    createUpstreamPool({
      addresses: named,
      timeoutMs: config.gatewayUpstreamTimeoutMs,
      checkIntervalMs: config.gatewayUpstreamCheckIntervalMs,
      log,
    });
  const api = poolOf(upstreamFile?.initial ?? config.gatewayUpstream ?? ['http://127.0.0.1:19001']);
  const watching = upstreamFile?.watch(api.replace, (err) =>
    log.warn({ err }, 'the file of the upstreams cannot be used; the known ones stay'),
  );
  const frontend = config.gatewayFrontendUpstream && poolOf([config.gatewayFrontendUpstream]);
  return {
    identify,
    isBlocked,
    buckets: redis ?? { take: async (buckets) => fallback(buckets) },
    requestedAccount,
    accountLimits,
    maintenanceFile,
    hasBench: config.gatewayBenchz,
    limits: limitsOf(config, stalledMs),
    api,
    frontend: frontend || undefined,
    liveConfig: live.current,
    geo,
    accessLog,
    async close() {
      live.close();
      geo.close();
      redis?.close();
      maintenanceFile.close();
      watching?.close();
      api.close();
      if (frontend) frontend.close();
      await accessLog.close();
      await presence.unregister();
      await clock?.stop();
      await source?.channel.close();
      await source?.database.close();
    },
  };
}

const limitsOf = (config: Config, stalledMs: number) => ({
  stalledMs,
  openStreams: createConcurrencyLimiter(config.gatewayMaxStreamsPerAddress),
  unfinished: createUnfinishedRequests({ perAddress: config.maxUnfinishedRequestsPerAddress, total: config.maxUnfinishedRequests }),
});

function openSource(url: string, { pubsubUrl, databaseDirectUrl: directUrl = url }: Config, log: Log) {
  const database = openDatabase(url, { max: maxConnections, log, applicationName: 'arkloop gateway' });
  const topics = [invalidationChannel, accessChannel, gatewayChannel];
  const channel = openNotificationChannel({ pubsubUrl, directUrl, database, topics, log });
  const changes = createCacheInvalidation(channel, (err) => log.warn({ err }, 'a notification was not sent'));
  return { database, channel, changes };
}
